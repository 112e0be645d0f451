//===- AttentionGenerator.h - the kernel of an attention --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is a range of the queries that share a head of keys. It walks through
// the keys in blocks that the cache holds. For a few rows at a time: scores of
// the block, their exponentials relative to the largest score so far, and the
// sums of values weighted by them; sums of earlier blocks are scaled when a
// larger score comes up. Scores live in a few KiB on the stack.
//
// Which rows meet which keys follows from the shape alone, so that the number
// of threads changes no result.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_ATTENTIONGENERATOR_H
#define QOPT_LIB_CODEGEN_KERNELS_ATTENTIONGENERATOR_H

#include "Attention.h"

namespace mlir::qopt::kernels {

class AttentionGenerator {
public:
  AttentionGenerator(KernelBuilder &b, const Isa &isa, AttentionOp op,
                     ValueRange captures);

  Value numTasks();
  /// Operations, roughly.
  Value workPerTask();
  /// The tasks [begin, end).
  void generate(Value begin, Value end);

private:
  /// Whether tasks of a tile's rows or more are made of bf16 tiles.
  bool hasTiles() const { return parts > 0; }
  /// Rows [row, row + count) of the task; their scores are at [slot, + count).
  struct Rows {
    Value row;
    int64_t count;
    Value slot;
  };
  using MaskRows = ArrayRef<SmallVector<Value>>;
  /// Keys [from, from + count).
  struct Keys {
    Value from, count;
  };

  Value extent(Value operand, unsigned dim) { return b.dim(operand, dim); }
  Value rowsPerTask();
  void allocate();
  void emitTasks(Value begin, Value end);
  void emitTask(Value task);
  /// Queries of the task to the stack, nothing seen yet; returns how many keys
  /// the row that sees most sees.
  Value beginRows(Value first, Value count);
  /// The rows of a task, [first, first + count): `body` gets the number of the
  /// row in the task, its head and its token.
  using RowBody = function_ref<SmallVector<Value>(Value i, Value head,
                                                  Value token, ValueRange)>;
  SmallVector<Value> eachRow(Value first, Value count, ValueRange carried,
                             RowBody body);
  void copyQuery(Value i, Value head, Value token);
  void emitBlock(Rows rows, Keys keys);
  void finishRows(Value first, Value count);

  /// panel[t / lanes][d][t % lanes] = key(from + t, d).
  void packKeys(Keys keys);
  void multiplyByKeys(Rows rows, Keys keys);
  /// Scores to exponentials; `factors` are what earlier sums are multiplied by.
  void exponentials(Rows rows, Keys keys);
  /// `ahead` is told of the keys of each step.
  void addValues(Rows rows, Keys keys,
                 function_ref<void(Value position, int64_t keys)> ahead = {});

  /// The same for up to kFewRows rows, and `seen` keys read in place.
  void emitFewRows(Value count, Value seen);
  void multiplyByKeysInPlace(Value count, Keys keys);
  /// Asks for a row of K or V (1, 2).
  void prefetchToken(unsigned operand, Value token);

  /// The same on tiles.
  void packTiles(Keys keys);
  void multiplyKeyTiles(Rows rows, Keys keys);
  void addValueTiles(Rows rows, Keys keys);
  /// What came before, relative to a new maximum.
  void scaleSums(Value row, Value factor);
  /// The pairs of parts that a product is the sum of.
  void eachProduct(function_ref<void(int64_t left, int64_t right)> body);
  /// Two vectors as `parts` of bf16, whose sum they are: the roundings, then
  /// what is left of both.
  SmallVector<Value> toHalves(Value low, Value high);

  /// The same in bytes.
  void allocateBytes();
  void copyQueryCodes(Value i);
  void packBytes(Keys keys);
  void packValueBytes(Keys keys);
  void multiplyByKeyBytes(Rows rows, Keys keys);
  void addValueBytes(Rows rows, Keys keys);
  /// An exponential as an integer less 128, after adding it to `total`.
  Value toCode(Value exponential, Value &total);
  void storeCodes(Value slot, Value column, ArrayRef<Value> four);

  /// The final scores of rows at keys [from + column, + lanes).
  SmallVector<Value> maskedScores(Rows rows, Keys keys, Value column,
                                  ArrayRef<Value> limits, MaskRows maskRows);
  /// Batch, head and query in the mask of each of the rows, or of all at once.
  SmallVector<SmallVector<Value>> maskRows(Rows rows);
  Value maskVector(ArrayRef<Value> row, Value key);
  /// Keys up to the last that the mask shows to one of the rows, in whole
  /// groups of shownKeys(). All of them where a row has seen none: then those
  /// that are hidden are all that it has.
  Value countShown(Rows rows, Keys keys);
  Value shownLanes(Value mask);
  /// Whether one of a group of keys is.
  Value isShown(MaskRows places, Value from);
  /// Whether all rows have seen a key, or see the first of a block.
  Value haveSeen(Rows rows, MaskRows places, Value from);

  /// Indices into Q, K, V (0 to 2) or the result (3).
  SmallVector<Value> at(unsigned operand, Value head, Value token,
                        Value column);
  /// Vectors that cover `size` elements, the last of `count` lanes.
  void eachVector(int64_t size,
                  function_ref<void(Value column, int64_t count)> body);
  /// Blocks of the sizes that there is code for.
  void eachBlock(Value count, function_ref<void(Rows)> body);
  /// Exponentials of a row that are made together.
  int64_t stepOfKeys() const {
    return isa.lanes * (inBytes ? 4 : tiled ? 2 : 1);
  }
  /// Keys that are hidden together.
  int64_t shownKeys() const { return std::max(stepOfKeys(), 2 * isa.lanes); }
  /// Vectors beside each other in a block of so many rows.
  int64_t vectorsOf(int64_t rows);
  Value slotOf(Rows rows, int64_t i) { return b.add(rows.slot, i); }
  VectorType vectorType(Type element);
  Value broadcastAt(Value memref, ValueRange at);
  Value div(Value a, Value b);
  Value rem(Value a, Value b);

  KernelBuilder &b;
  const Isa &isa;
  AttentionOp op;
  Value query, key, value, mask, lengths, past, out;
  /// Head sizes, rows of a task at most, keys of a block.
  int64_t size, valueSize, taskRows, blockKeys;
  Value queries, keyCount, groups, perGroup;
  /// Numbers of bf16 whose sum stands for a factor; 0: factors are f32.
  int64_t parts = 0;
  /// Whether the code being written works on tiles.
  bool tiled = false;
  /// Whether blocks of rows are multiplied in bytes, by vpdpbusd; whether the
  /// code being written does.
  bool hasBytes = false, inBytes = false;
  /// Of the task at hand.
  Value batch, group, length;
  /// On the stack.
  Value ownQueries, halfQueries, keyTiles, valueTiles, sums, maxima, totals,
      limits, heads, tokens, panel, scores, factors, queryCodes, queryScales,
      keyCodes, keyStarts, keyScales, valueCodes, valueScales, weightCodes;
};

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_ATTENTIONGENERATOR_H
