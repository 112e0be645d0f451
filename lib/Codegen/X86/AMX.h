//===- AMX.h - integer products on tiles ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call inside of a loop over tiles would spill all of them, so the whole nest
// of a product is one function: tasks, blocks of 32 x 32, k steps, epilogue.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_AMX_H
#define QOPT_LIB_CODEGEN_X86_AMX_H

#include "../Kernels/Matmul.h"

namespace mlir::qopt::x86 {

using namespace kernels;

/// Rows and columns of a block of sums.
constexpr int64_t kTileBlock = 32;
/// Codes of a row that one step of the tiles takes.
constexpr int64_t kTileDepth = 64;
/// Bytes of a tile, and of the two tiles that are a k step of a panel.
constexpr int64_t kTileBytes = 1024, kTileStepBytes = 2 * kTileBytes;
/// Rows of a tile.
constexpr int64_t kTileRows = 16;

/// How a product is blocked for the caches: a block of 32 rows stays in L1
/// where K allows it, while panels of weights pass over it out of L2 by loads
/// that do not displace it. Every sum is over the whole of K.
struct TilePlan {
  /// `steps` of K; `rowBytes` lie between rows of lhs.
  TilePlan(int64_t steps, int64_t rowBytes, int64_t n);

  int64_t n, panels, steps;
  /// Rows of a task at most: multiples of a block.
  int64_t maxRows;
  /// Whether a block's rows stay in L1 while panels pass.
  bool resident;
  /// Panels that one block of rows passes before the next one does; where rows
  /// do not stay, those that all blocks pass before what is left of the rows.
  int64_t chunkPanels;
  /// Whether weights come from beyond L2, so that they are asked for ahead. A
  /// single block of rows asks for those of a few steps later, and only if no
  /// part of them stays in L2: otherwise the processor is as fast by itself.
  bool prefetch, prefetchesForFew;
  /// Whether rows are copied before: those that are a multiple of 2048 bytes
  /// apart meet in too few sets of the caches.
  bool copiesRows;
  /// While the steps of a block run, the epilogue of the one before goes
  /// through `finishRows` of its rows after each `finishSteps` of them.
  int64_t finishRows, finishSteps;

  int64_t finishTimes() const {
    return (kTileBlock + finishRows - 1) / finishRows;
  }
  int64_t fullPanels() const { return n / kTileBlock; }
};

/// From this many rows on those that meet in the caches are first copied in the
/// order of the tiles.
constexpr int64_t kCopiedRows = 64;

/// Copies groups [begin, end) of 16 rows to `tiles` [.., K], each group as one
/// tile after the other.
void emitTileCopy(KernelBuilder &b, Value rows, Value tiles, Value begin,
                  Value end);

/// The tile instructions, each in one place, and the addresses they want.
/// Tiles are 16 rows of 64 bytes.
class TileOps {
public:
  explicit TileOps(KernelBuilder &b);

  Value zero();
  /// `streamed`: the tile is not to displace others in L1.
  Value load(Value pointer, Value stride, bool streamed);
  void store(Value tile, Value pointer, Value stride);
  /// sums + lhs * rhs, of signed bytes.
  Value dot(Value sums, Value lhs, Value rhs);
  /// The same of pairs of bfloat16, in f32.
  Value dotHalf(Value sums, Value lhs, Value rhs);
  /// Two tiles of sums for each of `rows`, to rows of 32 sums at `target`, the
  /// first of which is row `base`.
  void storeBlock(ArrayRef<Value> sums, ArrayRef<Value> rows, Value base,
                  Value target);

  /// The first element, and the distance of rows: elements are bytes, or the
  /// layout is trivial.
  Value pointerTo(Value memref, Value *rowStride = nullptr);
  Value advance(Value pointer, Value bytes);
  Value i64(int64_t value);
  Value toI64(Value index);

private:
  Value call(StringRef intrinsic, ValueRange operands);

  KernelBuilder &b;
  Type tileType;
  Value rows, width;
};

/// What is done with the sums of a block: i32, or f32 sums over groups. The
/// sums over outliers are added, if there are any; otherwise that is to do yet.
using FinishBlock =
    function_ref<void(const Tile &, Accumulators, ArrayRef<Value> outliers)>;

/// A part of the product of signed codes and packed rhs.
struct TiledProduct {
  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const TilePlan &plan;
  /// Rows, and rows of a task.
  Value m, rowsPerTask;
  FinishBlock finish;
};

/// Tasks [begin, end) of a product: parts of the rows x panels of columns,
/// panels fastest. Groups are multiples of kTileDepth.
void emitTiledTasks(const TiledProduct &product, Value begin, Value end);

/// What a product of few rows keeps on the stack; nothing where it goes by
/// vectors.
struct FewRowsMemory {
  Value rows, sums;
};
FewRowsMemory allocateFewRows(const TiledProduct &product);

/// Panels [begin, end) for all rows, no more than kTileRows of them.
void emitFewRows(const TiledProduct &product, const FewRowsMemory &memory,
                 Value begin, Value end);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_AMX_H
