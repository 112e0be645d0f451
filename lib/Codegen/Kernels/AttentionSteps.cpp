//===- AttentionSteps.cpp - products of a block of keys ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

//===----------------------------------------------------------------------===//
// Queries x keys
//===----------------------------------------------------------------------===//

void AttentionGenerator::packKeys(Keys keys) {
  Value last = b.sub(b.add(keys.from, keys.count), b.index(1));
  b.loop(b.index(0), keys.count, isa.lanes, [&](Value column) {
    Value stripe = div(column, b.index(isa.lanes));
    eachVector(size, [&](Value depth, int64_t count) {
      SmallVector<Value> rows;
      for (int64_t i = 0; i < isa.lanes; ++i) {
        // Keys beyond the last repeat it; no row sees them.
        Value token = b.min(b.add(b.add(keys.from, column), i), last);
        rows.push_back(
            b.load(key, at(1, group, token, depth), isa.lanes, count));
      }
      transposeInRegisters(b, rows);
      for (int64_t i = 0; i < count; ++i)
        b.store(rows[i], panel, {stripe, b.add(depth, i), b.index(0)},
                isa.lanes);
    });
  });
  // Products go on to whole steps of stripes. What happens to lie there might
  // be denormal, and products of that a hundred times slower.
  int64_t step = vectorsOf(/*rows=*/1);
  Value used = b.ceilDiv(keys.count, b.index(isa.lanes));
  Value end = b.min(b.mul(b.ceilDiv(used, b.index(step)), step),
                    b.index(blockKeys / isa.lanes));
  Value zero = b.splat(vectorType(b.getF32Type()), 0);
  b.loop(used, end, 1, [&](Value stripe) {
    b.loop(b.index(0), b.index(size), 1, [&](Value depth) {
      b.store(zero, panel, {stripe, depth, b.index(0)}, isa.lanes);
    });
  });
}

void AttentionGenerator::multiplyByKeys(Rows rows, Keys keys) {
  int64_t vectors = vectorsOf(rows.count);
  SmallVector<Value> zeros(rows.count * vectors,
                           b.splat(vectorType(b.getF32Type()), 0));
  b.loop(b.index(0), keys.count, vectors * isa.lanes, [&](Value column) {
    Value stripe = div(column, b.index(isa.lanes));
    SmallVector<Value> products = b.unrolled(
        size, /*unroll=*/8, zeros,
        [&](Value base, int64_t offset, ValueRange current) {
          SmallVector<Value> next(current), rhs;
          Value depth = b.add(base, offset);
          for (int64_t v = 0; v < vectors; ++v)
            rhs.push_back(b.load(panel, {b.add(stripe, v), depth, b.index(0)},
                                 isa.lanes, isa.lanes));
          for (int64_t i = 0; i < rows.count; ++i) {
            Value factor = broadcastAt(ownQueries, {b.add(rows.row, i), depth});
            for (int64_t v = 0; v < vectors; ++v) {
              Value &sum = next[i * vectors + v];
              sum = vector::FMAOp::create(b, factor, rhs[v], sum);
            }
          }
          return next;
        });
    for (int64_t i = 0; i < rows.count; ++i)
      for (int64_t v = 0; v < vectors; ++v)
        b.store(products[i * vectors + v], scores,
                {slotOf(rows, i), b.add(column, v * isa.lanes)}, isa.lanes);
  });
}

//===----------------------------------------------------------------------===//
// Probabilities x values
//===----------------------------------------------------------------------===//

void AttentionGenerator::addValues(Rows rows, Keys keys,
                                   function_ref<void(Value, int64_t)> ahead) {
  int64_t vectors = vectorsOf(rows.count), width = vectors * isa.lanes;
  auto stripe = [&](Value column, int64_t columns) {
    int64_t used = llvm::divideCeil(columns, isa.lanes);
    auto lanesOf = [&](int64_t v) {
      return std::min(isa.lanes, columns - v * isa.lanes);
    };
    SmallVector<Value> carried;
    for (int64_t i = 0; i < rows.count; ++i) {
      Value factor = broadcastAt(factors, slotOf(rows, i));
      for (int64_t v = 0; v < used; ++v)
        carried.push_back(arith::MulFOp::create(
            b,
            b.load(sums, {b.add(rows.row, i), b.add(column, v * isa.lanes)},
                   isa.lanes, isa.lanes),
            factor));
    }
    auto step = [&](Value position, ValueRange current) {
      SmallVector<Value> next(current), rhs;
      for (int64_t v = 0; v < used; ++v)
        rhs.push_back(b.load(value,
                             at(2, group, b.add(keys.from, position),
                                b.add(column, v * isa.lanes)),
                             isa.lanes, lanesOf(v)));
      for (int64_t i = 0; i < rows.count; ++i) {
        Value factor = broadcastAt(scores, {slotOf(rows, i), position});
        for (int64_t v = 0; v < used; ++v) {
          Value &sum = next[i * used + v];
          sum = vector::FMAOp::create(b, factor, rhs[v], sum);
        }
      }
      return next;
    };
    Value whole = b.sub(keys.count, rem(keys.count, b.index(4)));
    carried = b.loop(b.index(0), whole, 4, carried,
                     [&](Value position, ValueRange current) {
                       SmallVector<Value> next(current);
                       if (ahead)
                         ahead(position, 4);
                       for (int64_t i = 0; i < 4; ++i)
                         next = step(b.add(position, i), next);
                       return next;
                     });
    carried = b.loop(whole, keys.count, 1, carried, step);
    for (int64_t i = 0; i < rows.count; ++i)
      for (int64_t v = 0; v < used; ++v)
        b.store(carried[i * used + v], sums,
                {b.add(rows.row, i), b.add(column, v * isa.lanes)}, isa.lanes);
  };
  int64_t whole = valueSize / width * width;
  if (whole)
    b.loop(b.index(0), b.index(whole), width,
           [&](Value column) { stripe(column, width); });
  if (valueSize != whole)
    stripe(b.index(whole), valueSize - whole);
}
