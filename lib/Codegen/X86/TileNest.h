//===- TileNest.h - the loops of a product on AMX tiles ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 32 x 32 sums is 2 x 2 tiles: four loads feed four products. Tiles
// reach the vector epilogue through memory, as there is no other way, and the
// epilogue of a block is spread over the k steps of the next one: vectors have
// nothing else to do there. The first of these steps stores the sums, each just
// before it takes their tile: stored in one go, they would wait for the last
// products, and the tiles for them. Any number of rows from a tile's on is
// covered by whole tiles that overlap: the rows of the overlap are computed
// twice, and finished once, since an epilogue may read what it overwrites.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_TILENEST_H
#define QOPT_LIB_CODEGEN_X86_TILENEST_H

#include "TailAMX.h"

namespace mlir::qopt::x86 {

using namespace kernels;

class TileNest : TiledProduct {
public:
  explicit TileNest(const TiledProduct &product);

  /// Tasks [begin, end): parts of the rows x panels of columns, panels fastest.
  void emitTasks(Value begin, Value end);

private:
  /// Rows that go through the epilogue at once.
  static constexpr int64_t kFinishRows = 4;
  static constexpr int64_t kLineBytes = 64;
  /// Steps from asking L1 for weights to using them.
  static constexpr int64_t kStepsAhead = 4;
  /// Lines of a step's weights.
  static constexpr int64_t kStepLines = kTileStepBytes / kLineBytes;

  /// A block whose sums are in the scratch buffer.
  struct Block {
    /// First row and their number, column, the first row's place among the
    /// sums.
    Value row, rows, column, offset;
  };

  /// The rows of a block by two tiles, or by one if they fit.
  struct Rows {
    Value first, end, two;
    /// Where the tiles begin; with two tiles that is `first`.
    Value base, second;
  };
  Rows rowsOf(Value first, Value end);

  /// A block of a run: its rows, and the first byte of the weights that it asks
  /// for.
  struct Item {
    Value first, end, panel, ahead;
  };

  /// Rows [row, rowEnd) by panels [begin, end), in the order of the plan.
  void emitPanels(Value row, Value rowEnd, Value begin, Value end);
  /// Panels of 32 columns, by blocks of two tiles of rows and what is left.
  void emitFullPanels(Value row, Value rowEnd, Value begin, Value end);
  /// `count` blocks of two tiles of rows by 32 columns, one after the other.
  void emitRun(Value count, function_ref<Item(Value)> itemAt);
  /// A block whose epilogue follows at once.
  void emitApart(Value first, Value end, Value panel, int64_t columns);
  /// Every group goes through scratch into f32 sums.
  void emitGroupedBlock(Value first, Value end, Value panel);

  /// Where the operands of a block begin, and the weights that it asks for.
  struct Streams {
    SmallVector<Value> lhs;
    Value rhs, ahead;
  };
  Streams streamsOf(ArrayRef<Value> rows, Value panel, Value ahead = {});
  /// The sums after one more step. With `stores` each goes there first, and
  /// begins anew.
  SmallVector<Value> step(const Streams &from, Value position, ValueRange sums,
                          ArrayRef<Value> stores = {});
  SmallVector<Value> steps(const Streams &from, Value begin, Value end,
                           ValueRange sums);
  /// Where the tiles of a block go; the second one begins at row `second`.
  SmallVector<Value> placesOf(Value buffer, Value second);
  SmallVector<Value> zeros(size_t count);
  /// Sums of 16 rows from each of `rows` on over k steps [begin, end), to rows
  /// of 32 in the scratch buffer, the first of which is `base`.
  void multiply(ArrayRef<Value> rows, Value base, Value panel, Value begin,
                Value end);
  void multiply(const Rows &rows, Value panel, Value begin, Value end);
  /// Asks for `count` cache lines at a step, so many `lines` in one go.
  void prefetch(const Streams &from, Value position, Value count, int64_t lines,
                int32_t locality);

  /// Epilogue of `count` rows from number `r` of the block on.
  void finishRows(const Block &block, Value r, int64_t count, int64_t columns);
  /// Rows [r, r + count) of a block, as far as it has them.
  void finishChunk(const Block &block, Value r, int64_t count);

  Accumulators loadSums(Value from, Value row, const Tile &block);
  void storeSums(ArrayRef<Value> sums, Value row, const Tile &block);
  /// Rows of 32 sums.
  Value allocate(int64_t rows, Type element);

  bool bf16;
  TileOps tiles;
  Value scratch, groupSums, tail;
  /// Where tiles of the rows are: their distance in K, and of the rows of one.
  struct {
    Value pointer, rowBytes, stepBytes, stride;
  } lhs;
  Value copied, rhsPointer, scratchPointer, tailPointer;
  /// Cache lines of weights that a block asks for in a step, into one of both.
  Value linesAhead, linesIntoL2, linesIntoL1;
};

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_TILENEST_H
