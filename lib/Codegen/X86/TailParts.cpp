//===- TailParts.cpp - outliers in two parts, in the order of tiles -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows:   [M][tiles][32], elements of 16 bits, as TailLayout has them.
// Panels: [N/32][tiles][2][16][16], pairs of 16 bits: 16 columns of two
//         consecutive slots. Zeros stand for what there is not.
// A list that is found in each call is in groups of 32 alone.
//===----------------------------------------------------------------------===//

#include "TailAMX.h"
#include "Vectors.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// 16 elements, those from `count` on as zeros. A count may be beyond 16, and
/// is taken for 0 when the element is not `there`.
static Value loadSome(KernelBuilder &b, Value memref, ValueRange indices,
                      Value count, Value there) {
  count =
      arith::SelectOp::create(b, there, b.min(count, b.index(16)), b.index(0));
  Value mask = vector::CreateMaskOp::create(
      b, VectorType::get({16}, b.getI1Type()), ValueRange{count});
  auto type = VectorType::get(
      {16}, cast<MemRefType>(memref.getType()).getElementType());
  Value value = vector::MaskedLoadOp::create(b, type, memref, indices, mask,
                                             b.splat(type, 0));
  auto floats = VectorType::get({16}, b.getF32Type());
  return type == floats ? value
                        : Value(arith::ExtFOp::create(b, floats, value));
}

/// The high and low part of floats, each in the upper 16 bits. A NaN is not
/// rounded: it could become zero.
static std::pair<Value, Value> split(KernelBuilder &b, Value value) {
  auto floats = cast<VectorType>(value.getType());
  auto words = VectorType::get({16}, b.getI32Type());
  auto bitsOf = [&](Value x) { return arith::BitcastOp::create(b, words, x); };
  auto rounded = [&](Value x) {
    Value up = b.add(bitsOf(x), b.splat(words, 0x8000));
    Value nan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    Value bits = arith::SelectOp::create(b, nan, bitsOf(x), up);
    return Value(
        arith::AndIOp::create(b, bits, b.splat(words, int32_t(0xffff0000))));
  };
  Value high = rounded(value);
  Value rest = arith::SubFOp::create(b, value,
                                     arith::BitcastOp::create(b, floats, high));
  return {high, rounded(rest)};
}

static Value upperHalf(KernelBuilder &b, Value words) {
  return arith::ShRUIOp::create(b, words,
                                b.splat(cast<VectorType>(words.getType()), 16));
}

/// The outliers of a row behind its groups, three times side by side, to what
/// begins at `at`. Vectors are longer than what they hold: the next one's place
/// is where that ends.
static void splitRest(KernelBuilder &b, Value lhs, const TailTiles &shape,
                      Value from, Value rows, Value row, Value at) {
  auto halves = VectorType::get({16}, b.getI16Type());
  Value first = b.mul(shape.groups, kTailDepth);
  SmallVector<Value> high, low;
  for (int64_t i = 0; i < shape.rest; i += 16) {
    int64_t count = std::min<int64_t>(16, shape.rest - i);
    auto [upper, lower] =
        split(b, b.load(lhs, {from, b.add(first, i)}, 16, count));
    high.push_back(arith::TruncIOp::create(b, halves, upperHalf(b, upper)));
    low.push_back(arith::TruncIOp::create(b, halves, upperHalf(b, lower)));
  }
  int64_t end = shape.restTiles * kTailDepth, filled = 0;
  auto store = [&](Value values, int64_t offset) {
    b.store(values, rows, {row, b.add(at, offset)},
            std::min<int64_t>(16, end - offset));
    filled = offset + 16;
  };
  for (int64_t part = 0; part < 3; ++part)
    for (auto [i, values] : llvm::enumerate(part == 1 ? low : high))
      store(values, part * shape.rest + 16 * i);
  while (filled < end)
    store(b.splat(halves, 0), filled);
}

void x86::splitTailRows(KernelBuilder &b, Value lhs, bool packed, Value rows,
                        Value begin, Value end) {
  Value columns = b.dim(lhs, 1), last = b.sub(b.dim(lhs, 0), b.index(1));
  auto halves = VectorType::get({16}, b.getI16Type());
  TailTiles shape(b, lhs, packed);
  b.loop(begin, end, 1, [&](Value row) {
    Value from = b.min(row, last);
    if (shape.rest)
      splitRest(b, lhs, shape, from, rows, row, b.mul(shape.groups, kRowGroup));
    b.loop(b.index(0), shape.groups, 1, [&](Value step) {
      for (int64_t i : {0, 16}) {
        Value j = b.add(b.mul(step, kTailDepth), i);
        Value there =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, j, columns);
        auto [high, low] =
            split(b, loadSome(b, lhs, {from, j}, b.sub(columns, j), there));
        Value at = b.add(b.mul(step, kRowGroup), i);
        auto store = [&](Value words, Value index) {
          b.store(arith::TruncIOp::create(b, halves, upperHalf(b, words)), rows,
                  {row, index}, 16);
        };
        store(high, at);
        store(low, b.add(at, kTailDepth));
      }
    });
  });
}

/// The same of what was a half: the rest has few bits, and nothing to round. It
/// is a NaN where the value is one, whatever becomes of the high part.
static std::pair<Value, Value> splitHalf(KernelBuilder &b, Value value) {
  auto words = VectorType::get({16}, b.getI32Type());
  Value high = roundToHalf(b, value);
  Value rest = arith::SubFOp::create(b, value, high);
  return {arith::BitcastOp::create(b, words, high),
          arith::BitcastOp::create(b, words, rest)};
}

void x86::splitTailPanels(KernelBuilder &b, Value rhs, Value columns,
                          Value count, Value panels, Value begin, Value end) {
  auto type = cast<MemRefType>(rhs.getType());
  int64_t width = type.getDimSize(1);
  auto floats = VectorType::get({16}, b.getF32Type());
  auto rowOf = [&](Value j) -> Value {
    if (!columns)
      return j;
    return arith::IndexCastOp::create(
        b, b.getIndexType(), memref::LoadOp::create(b, columns, ValueRange{j}));
  };
  // Rows 2 * pair and the next one.
  auto emitPair = [&](Value panel, Value pair,
                      function_ref<Value(Value j, Value column)> load) {
    Value step = arith::DivUIOp::create(b, pair, b.index(16));
    Value at = b.add(b.mul(step, kPanelGroup - 256), b.mul(pair, 16));
    for (int64_t half : {0, 1}) {
      Value column = b.add(b.mul(panel, kTileBlock), 16 * half);
      Value high[2], low[2];
      for (int64_t i : {0, 1}) {
        Value value = load(b.add(b.mul(pair, 2), i), column);
        std::tie(high[i], low[i]) = type.getElementType().isF16()
                                        ? splitHalf(b, value)
                                        : split(b, value);
      }
      auto store = [&](Value *parts, int64_t offset) {
        Value both = arith::OrIOp::create(b, upperHalf(b, parts[0]), parts[1]);
        b.store(both, panels, {panel, b.add(at, offset + 256 * half)}, 16);
      };
      store(high, 0);
      store(low, 512);
    }
  };
  Value pairs = b.mul(b.ceilDiv(count, b.index(kTailDepth)), 16),
        whole = b.index(0);
  if (width % kTileBlock == 0)
    whole = arith::DivUIOp::create(b, count, b.index(2));
  b.loop(begin, end, 1, [&](Value panel) {
    b.loop(b.index(0), whole, 1, [&](Value pair) {
      emitPair(panel, pair, [&](Value j, Value column) {
        Value value = b.load(rhs, {rowOf(j), column}, 16, 16);
        if (value.getType() == floats)
          return value;
        return Value(arith::ExtFOp::create(b, floats, value));
      });
    });
    // What lacks a row or columns.
    b.loop(whole, pairs, 1, [&](Value pair) {
      emitPair(panel, pair, [&](Value j, Value column) {
        Value there =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, j, count);
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                             column, b.index(width));
        Value row = rowOf(b.min(j, b.sub(count, b.index(1))));
        return loadSome(b, rhs, {row, column}, b.sub(b.index(width), column),
                        arith::AndIOp::create(b, there, inside));
      });
    });
  });
}
