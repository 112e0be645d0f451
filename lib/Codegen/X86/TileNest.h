//===- TileNest.h - the loops of a product on AMX tiles ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 32 x 32 sums is 2 x 2 tiles: four loads feed four products. Tiles
// reach the vector epilogue through memory, as there is no other way, and the
// epilogue of a block is spread over the k steps of the next one: vectors have
// nothing else to do there. Any number of rows from a tile's on is covered by
// whole tiles that overlap: the rows of the overlap are computed twice, and
// finished once, since an epilogue may read what it overwrites.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_TILENEST_H
#define QOPT_LIB_CODEGEN_X86_TILENEST_H

#include "TailAMX.h"

namespace mlir::qopt::x86 {

using namespace kernels;

class TileNest {
public:
  explicit TileNest(const TiledProduct &product);

  /// Tasks [begin, end): parts of the rows x panels of columns, panels fastest.
  void emitTasks(Value begin, Value end);

private:
  /// Rows that go through the epilogue at once, and how often a block does.
  static constexpr int64_t kFinishRows = 4, kChunks = kTileBlock / kFinishRows;
  static constexpr int64_t kLineBytes = 64;

  /// A block whose sums wait for their epilogue.
  struct Pending {
    /// First row and their number, column, the first row's place among the
    /// sums, and where the sums of earlier parts are, and how many.
    Value row, rows, column, offset, slot, earlier;

    static constexpr int64_t size = 6;
    SmallVector<Value *> parts() {
      return {&row, &rows, &column, &offset, &slot, &earlier};
    }
  };

  /// The rows of a block by two tiles, or by one if they fit.
  struct Rows {
    Value first, end, two;
    /// Where the tiles begin; with two tiles that is `first`.
    Value base, second;
  };
  Rows rowsOf(Value first, Value end);

  /// Rows [row, rowEnd) by panels [begin, end), in the order of the plan.
  void emitPanels(Value row, Value rowEnd, Value begin, Value end);
  /// `nextPanel` is where the weights begin that `number` blocks before this
  /// one have asked for.
  void emitBlock(Value first, Value end, Value panel, Value part, Value slot,
                 Value nextPanel, Value number);
  /// Every group goes through scratch into f32 sums.
  void emitGroupedBlock(Value first, Value end, Value panel);

  /// How many parts the epilogue is cut into, so that each part of K has as
  /// many steps.
  int64_t chunksOf() const;
  /// Sums of 16 rows from each of `rows` on over k steps [begin, end), to rows
  /// of 32 at `target`, the first of which is `base`.
  void multiply(ArrayRef<Value> rows, Value base, Value panel, Value begin,
                Value end, Value target, bool interleaved, Value ahead);
  /// The outliers of a block, with its last part of K.
  void multiplyTail(ArrayRef<Value> rows, Value base, Value panel,
                    Value lastPart);
  /// Asks for `linesAhead` cache lines of weights from byte `from` on.
  void prefetch(Value from);

  /// Epilogue of `count` rows from number `r` of the block on.
  void finishRows(const Pending &block, Value r, int64_t count,
                  int64_t columns);
  /// Rows [r, r + count) of the waiting block, as far as it has them.
  void finishChunk(const Pending &block, Value r, int64_t count);
  /// The epilogue of the waiting block, if there is one.
  void flush();

  Accumulators loadSums(Value from, Value row, const Tile &block);
  void storeSums(ArrayRef<Value> sums, Value row, const Tile &block);
  /// Rows of 32 sums.
  Value allocate(int64_t rows, Type element);
  Value isEqual(Value value, int64_t number);
  /// Kept on the stack until LLVM finds registers for it.
  Pending getPending();
  void setPending(Pending pending);
  Pending noBlock();

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const TilePlan &plan;
  Value m, rowsPerTask;
  FinishBlock finish;
  bool bf16;
  TileOps tiles;
  Value scratch, groupSums, partial, tail, state;
  /// Where tiles of the rows are: their distance in K, and of the rows of one.
  struct {
    Value pointer, rowBytes, stepBytes, stride;
  } lhs;
  Value copied, rhsPointer, scratchPointer, partialPointer, tailPointer;
  /// Of the rows at hand: parts of K, and steps of one.
  Value parts, partSteps;
  /// Cache lines of the next panel to ask for in a chunk of steps.
  Value linesAhead;
};

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_TILENEST_H
