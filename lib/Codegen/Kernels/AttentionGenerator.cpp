//===- AttentionGenerator.cpp - tasks of an attention ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Rows of a task: the packed keys serve all of them. Queries and sums take 64
/// KiB each of the stack at most.
constexpr int64_t kMaxRows = 192, kRowFloats = 16384;
/// Floats of a block of packed keys: with the values of the block it stays in
/// L2, and a stripe of it in L1.
constexpr int64_t kPanelFloats = 8192, kLeastKeys = 128, kMostKeys = 256;
/// Rows on the stack that are a power of two apart would meet in few sets of
/// L1.
constexpr int64_t kPad = 16;
/// Rows that are too few for a copy of the keys; their scores have a place
/// each.
constexpr int64_t kFewRows = 8;
/// Rows of a tile, and of the blocks that are made of tiles.
constexpr int64_t kTileRows = 16, kTileBlock = 32;

AttentionGenerator::AttentionGenerator(KernelBuilder &b, const Isa &isa,
                                       AttentionOp op, ValueRange captures)
    : b(b), isa(isa), op(op) {
  if (auto note = op->getAttrOfType<StringAttr>(kAttentionProductsAttrName)) {
    // Tiles of bf16 are as fast as vectors of bytes, and more exact.
    parts = !isa.amx ? 0 : note.getValue() == "bf16x2" ? 2 : 1;
    hasBytes = isa.vnni && !isa.amx && note.getValue() == "int8";
  }
  auto take = [&](Value operand) {
    if (!operand)
      return Value();
    Value own = captures.front();
    captures = captures.drop_front();
    return own;
  };
  query = take(op.getQuery());
  key = take(op.getKey());
  value = take(op.getValue());
  mask = take(op.getMask());
  lengths = take(op.getLengths());
  past = take(op.getPast());
  out = take(op.getInit());
  size = cast<MemRefType>(query.getType()).getDimSize(3);
  valueSize = cast<MemRefType>(value.getType()).getDimSize(3);
  taskRows = std::min(kMaxRows, kRowFloats / std::max(size, valueSize));
  int64_t step = hasTiles() ? kTileRows : isa.floatRows;
  taskRows = std::max(taskRows / step, int64_t(1)) * step;
  blockKeys = std::clamp(kPanelFloats / size / kLeastKeys * kLeastKeys,
                         kLeastKeys, kMostKeys);
  queries = extent(query, op.getTokensDim(0));
  keyCount = extent(key, op.getTokensDim(1));
  groups = extent(key, op.getHeadsDim(1));
  perGroup = div(extent(query, op.getHeadsDim(0)), groups);
}

Value AttentionGenerator::div(Value a, Value c) {
  return arith::DivUIOp::create(b, a, c);
}
Value AttentionGenerator::rem(Value a, Value c) {
  return arith::RemUIOp::create(b, a, c);
}
VectorType AttentionGenerator::vectorType(Type element) {
  return VectorType::get({isa.lanes}, element);
}
Value AttentionGenerator::broadcastAt(Value memref, ValueRange at) {
  return b.broadcast(memref::LoadOp::create(b, memref, at), isa.lanes);
}

SmallVector<Value> AttentionGenerator::at(unsigned operand, Value head,
                                          Value token, Value column) {
  if (op.getTokensFirst()[operand])
    std::swap(head, token);
  return {batch, head, token, column};
}

Value AttentionGenerator::rowsPerTask() {
  Value rows = b.mul(perGroup, queries);
  Value parts =
      arith::MaxUIOp::create(b, b.ceilDiv(rows, b.index(taskRows)), b.index(1));
  int64_t step = hasTiles() ? kTileRows : isa.floatRows;
  Value blocks = b.ceilDiv(b.ceilDiv(rows, parts), b.index(step));
  return b.mul(arith::MaxUIOp::create(b, blocks, b.index(1)), step);
}

Value AttentionGenerator::numTasks() {
  Value parts = b.ceilDiv(b.mul(perGroup, queries), rowsPerTask());
  return b.mul(b.mul(extent(query, 0), groups), parts);
}

Value AttentionGenerator::workPerTask() {
  Value rows = b.min(rowsPerTask(), b.mul(perGroup, queries));
  // An exponential is worth about as much as 32 operations.
  return b.mul(b.mul(rows, keyCount), 2 * (size + valueSize) + 32);
}

void AttentionGenerator::allocate() {
  auto stack = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element),
                                    b.getI64IntegerAttr(64));
  };
  Type f32 = b.getF32Type(), index = b.getIndexType();
  auto padded = [&](int64_t count) {
    return int64_t(llvm::alignTo(count, isa.lanes));
  };
  ownQueries = stack({taskRows, padded(size) + kPad}, f32);
  sums = stack({taskRows, padded(valueSize) + kPad}, f32);
  maxima = stack({taskRows}, f32);
  totals = stack({taskRows, isa.lanes}, f32);
  if (past)
    limits = stack({taskRows}, index);
  if (mask) {
    heads = stack({taskRows}, index);
    tokens = stack({taskRows}, index);
  }
  panel = stack({blockKeys / isa.lanes, padded(size), isa.lanes}, f32);
  int64_t blockRows = hasTiles() ? kTileBlock : isa.floatRows;
  scores = stack({blockRows, blockKeys + kPad}, f32);
  factors = stack({blockRows}, f32);
  if (hasBytes)
    allocateBytes();
  if (!hasTiles())
    return;
  int64_t depth = llvm::divideCeil(size, 2 * kTileRows),
          columns = llvm::divideCeil(valueSize, kTileRows);
  halfQueries =
      stack({taskRows, (parts * depth + 1) * 2 * kTileRows}, b.getBF16Type());
  keyTiles =
      stack({blockKeys / kTileRows, parts * depth, kTileRows, kTileRows}, f32);
  valueTiles = stack(
      {blockKeys / kTileRows / 2, parts * columns, kTileRows, kTileRows}, f32);
}

void AttentionGenerator::eachVector(int64_t size,
                                    function_ref<void(Value, int64_t)> body) {
  int64_t whole = size / isa.lanes * isa.lanes;
  if (whole)
    b.loop(b.index(0), b.index(whole), isa.lanes,
           [&](Value column) { body(column, isa.lanes); });
  if (size != whole)
    body(b.index(whole), size - whole);
}

void AttentionGenerator::eachBlock(Value count, function_ref<void(Rows)> body) {
  Value begin = b.index(0);
  SmallVector<int64_t> sizes{isa.floatRows, isa.floatRows / 3, 1};
  if (tiled)
    sizes = {kTileBlock, kTileRows};
  for (int64_t size : sizes) {
    Value left = b.sub(count, begin);
    Value end = b.sub(count, rem(left, b.index(size)));
    b.loop(begin, end, size, [&](Value row) { body({row, size, b.index(0)}); });
    begin = end;
  }
}

int64_t AttentionGenerator::vectorsOf(int64_t rows) {
  return isa.floatVectors * (rows == isa.floatRows ? 1 : rows > 1 ? 2 : 4);
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

void AttentionGenerator::generate(Value begin, Value end) {
  allocate();
  if (!hasTiles())
    return emitTasks(begin, end);
  Value few =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                            b.mul(perGroup, queries), b.index(kTileRows));
  b.ifElse(
      few, [&] { emitTasks(begin, end); },
      [&] {
        tiled = true;
        emitTasks(begin, end);
        tiled = false;
      });
}

void AttentionGenerator::emitTasks(Value begin, Value end) {
  b.loop(begin, end, 1, [&](Value task) { emitTask(task); });
}

void AttentionGenerator::emitTask(Value task) {
  Value rows = b.mul(perGroup, queries), perTask = rowsPerTask();
  Value parts = b.ceilDiv(rows, perTask);
  Value first = b.mul(rem(task, parts), perTask);
  Value rest = div(task, parts);
  group = rem(rest, groups);
  batch = div(rest, groups);
  Value count = b.min(perTask, b.sub(rows, first));
  length = keyCount;
  if (lengths) {
    Value given = memref::LoadOp::create(b, lengths, batch);
    given = arith::IndexCastOp::create(b, b.getIndexType(), given);
    given = arith::MaxSIOp::create(b, given, b.index(0));
    length = arith::MinSIOp::create(b, given, keyCount);
  }
  // Whole tiles: rows that are left over are computed and not stored.
  Value computed =
      tiled ? b.mul(b.ceilDiv(count, b.index(kTileRows)), kTileRows) : count;
  Value seen = beginRows(first, computed);
  auto pack = [&] {
    b.loop(b.index(0), seen, blockKeys, [&](Value from) {
      Keys keys{from, b.min(b.sub(seen, from), b.index(blockKeys))};
      if (tiled)
        packTiles(keys);
      else if (inBytes)
        packBytes(keys);
      else
        packKeys(keys);
      eachBlock(computed, [&](Rows rows) { emitBlock(rows, keys); });
    });
  };
  if (tiled) {
    pack();
  } else {
    Value few =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, count,
                              b.index(std::min(kFewRows, isa.floatRows)));
    b.ifElse(
        few, [&] { emitFewRows(count, seen); },
        [&] {
          if (!hasBytes)
            return pack();
          // Exponentials are made for so many keys at a time.
          Value many = arith::CmpIOp::create(b, arith::CmpIPredicate::uge,
                                             keyCount, b.index(4 * isa.lanes));
          auto bytes = [&] {
            inBytes = true;
            b.loop(b.index(0), count, 1, [&](Value i) { copyQueryCodes(i); });
            pack();
            inBytes = false;
          };
          b.ifElse(many, bytes, pack);
        });
  }
  finishRows(first, count);
}

SmallVector<Value> AttentionGenerator::eachRow(Value first, Value count,
                                               ValueRange carried,
                                               RowBody body) {
  // Heads and tokens are counted: a division takes as long as a row.
  Value head = b.add(b.mul(group, perGroup), div(first, queries));
  SmallVector<Value> state{head, rem(first, queries)};
  llvm::append_range(state, carried);
  Value last = b.sub(b.mul(perGroup, queries), b.index(1));
  state = b.loop(b.index(0), count, 1, state, [&](Value i, ValueRange now) {
    Value head = now[0], token = now[1];
    SmallVector<Value> next{head, b.add(token, 1)};
    Value wraps =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next[1], queries);
    next[0] = arith::SelectOp::create(b, wraps, b.add(head, 1), head);
    next[1] = arith::SelectOp::create(b, wraps, b.index(0), next[1]);
    // Rows that fill up a tile repeat the last one.
    if (tiled) {
      Value more = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                         b.add(first, i), last);
      next[0] = arith::SelectOp::create(b, more, next[0], head);
      next[1] = arith::SelectOp::create(b, more, next[1], token);
    }
    llvm::append_range(next, body(i, head, token, now.drop_front(2)));
    return next;
  });
  return SmallVector<Value>(ArrayRef(state).drop_front(2));
}

Value AttentionGenerator::beginRows(Value first, Value count) {
  Value zero = b.splat(vectorType(b.getF32Type()), 0);
  Value least = b.f32(-std::numeric_limits<float>::infinity());
  Value pastLength;
  if (past) {
    pastLength = memref::LoadOp::create(b, past, b.index(0));
    pastLength = arith::IndexCastOp::create(b, b.getIndexType(), pastLength);
  }
  Value none = b.index(0);
  auto begin = [&](Value i, Value head, Value token, ValueRange carried) {
    copyQuery(i, head, token);
    eachVector(valueSize, [&](Value column, int64_t) {
      b.store(zero, sums, {i, column}, isa.lanes);
    });
    b.store(zero, totals, {i, none}, isa.lanes);
    memref::StoreOp::create(b, least, maxima, i);
    if (mask) {
      memref::StoreOp::create(b, head, heads, i);
      memref::StoreOp::create(b, token, tokens, i);
    }
    Value seen = length;
    if (past) {
      Value last = b.add(b.add(pastLength, token), 1);
      seen = arith::MinSIOp::create(b, last, length);
      seen = arith::MaxSIOp::create(b, seen, none);
      memref::StoreOp::create(b, seen, limits, i);
    }
    Value more = arith::MaxUIOp::create(b, carried[0], seen);
    return SmallVector<Value>{more};
  };
  return eachRow(first, count, none, begin)[0];
}

void AttentionGenerator::copyQuery(Value i, Value head, Value token) {
  if (!tiled) {
    eachVector(size, [&](Value column, int64_t lanes) {
      b.store(b.load(query, at(0, head, token, column), isa.lanes, lanes),
              ownQueries, {i, column}, isa.lanes);
    });
    return;
  }
  auto half = [&](int64_t from) -> Value {
    if (from >= size)
      return b.splat(vectorType(b.getF32Type()), 0);
    return b.load(query, at(0, head, token, b.index(from)), isa.lanes,
                  std::min(kTileRows, size - from));
  };
  int64_t width = llvm::alignTo(size, 2 * kTileRows);
  for (int64_t from = 0; from < size; from += 2 * kTileRows)
    for (auto [part, halves] :
         llvm::enumerate(toHalves(half(from), half(from + kTileRows))))
      b.store(halves, halfQueries, {i, b.index(part * width + from)},
              2 * kTileRows);
}

void AttentionGenerator::emitBlock(Rows rows, Keys keys) {
  auto emit = [&] {
    if (tiled) {
      multiplyKeyTiles(rows, keys);
      // So many that their maxima stay in registers.
      constexpr int64_t together = 8;
      b.loop(b.index(0), b.index(rows.count), together, [&](Value i) {
        exponentials({b.add(rows.row, i), together, i}, keys);
      });
      return addValueTiles(rows, keys);
    }
    if (inBytes) {
      multiplyByKeyBytes(rows, keys);
      exponentials(rows, keys);
      return addValueBytes(rows, keys);
    }
    multiplyByKeys(rows, keys);
    exponentials(rows, keys);
    addValues(rows, keys);
  };
  if (!past && !mask)
    return emit();
  // Keys behind those that any of the rows sees are left out.
  if (past) {
    Value most = b.index(0);
    for (int64_t i = 0; i < rows.count; ++i)
      most = arith::MaxUIOp::create(
          b, most,
          memref::LoadOp::create(b, limits, ValueRange{b.add(rows.row, i)}));
    most = b.sub(arith::MaxUIOp::create(b, most, keys.from), keys.from);
    keys.count = b.min(keys.count, most);
  }
  keys.count = countShown(rows, keys);
  Value any = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, keys.count,
                                    b.index(0));
  b.ifElse(any, emit, [] {});
}

void AttentionGenerator::finishRows(Value first, Value count) {
  auto finish = [&](Value i, Value head, Value token, ValueRange) {
    Value total = vector::ReductionOp::create(
        b, vector::CombiningKind::ADD,
        b.load(totals, {i, b.index(0)}, isa.lanes, isa.lanes),
        arith::FastMathFlags::reassoc);
    Value factor = arith::DivFOp::create(b, b.f32(1), total);
    factor = b.broadcast(factor, isa.lanes);
    Value zero = b.splat(vectorType(b.getF32Type()), 0);
    Value seen =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, total, b.f32(0));
    eachVector(valueSize, [&](Value column, int64_t lanes) {
      Value sum = b.load(sums, {i, column}, isa.lanes, isa.lanes);
      Value result = arith::MulFOp::create(b, sum, factor);
      if (op.getZeroMaskedRows())
        result = arith::SelectOp::create(b, seen, result, zero);
      b.store(result, out, at(3, head, token, column), lanes);
    });
    return SmallVector<Value>();
  };
  eachRow(first, count, {}, finish);
}
