//===- TailAMX.cpp - outlier columns on half-precision tiles --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows:   [M][J/32][high, low][32], elements of 16 bits.
// Panels: [N/32][J/32][high, low][2][16][16], pairs of 16 bits: 16 columns of
//         two consecutive outliers. Zeros stand for what J lacks to 32.
//===----------------------------------------------------------------------===//

#include "TailAMX.h"
#include "Vectors.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Elements of a row, and pairs of a panel, for a step of outliers.
constexpr int64_t kRowStep = 2 * kTailDepth, kPanelStep = 4 * 256;

static Value stepsOf(KernelBuilder &b, Value columns) {
  return b.ceilDiv(columns, b.index(kTailDepth));
}

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

/// Rows [begin, end) of `lhs` [M, J]; those beyond M repeat the last one.
static void splitRows(KernelBuilder &b, Value lhs, Value rows, Value begin,
                      Value end) {
  Value columns = b.dim(lhs, 1), last = b.sub(b.dim(lhs, 0), b.index(1));
  auto halves = VectorType::get({16}, b.getI16Type());
  b.loop(begin, end, 1, [&](Value row) {
    Value from = b.min(row, last);
    b.loop(b.index(0), stepsOf(b, columns), 1, [&](Value step) {
      for (int64_t i : {0, 16}) {
        Value j = b.add(b.mul(step, kTailDepth), i);
        Value there =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, j, columns);
        auto [high, low] =
            split(b, loadSome(b, lhs, {from, j}, b.sub(columns, j), there));
        Value at = b.add(b.mul(step, kRowStep), i);
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

/// Panels [begin, end) of `count` rows of weights [J or K, N].
static void splitPanels(KernelBuilder &b, Value rhs, Value columns, Value count,
                        Value panels, Value begin, Value end) {
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
    Value at = b.add(b.mul(step, kPanelStep - 256), b.mul(pair, 16));
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
  Value pairs = b.mul(stepsOf(b, count), 16), whole = b.index(0);
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

void x86::splitTail(KernelBuilder &b, Operands &views, KernelTable &kernels) {
  Value m = b.dim(views.tailLhs, 0), count = b.dim(views.tailLhs, 1);
  Value many = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, m,
                                     b.index(kTileRows));
  auto orNone = [&](Value value) {
    return arith::SelectOp::create(b, many, value, b.index(0));
  };
  auto allocate = [&](Value rows, int64_t step, Type element) {
    return memref::AllocOp::create(
        b,
        MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element),
        ValueRange{rows, b.mul(stepsOf(b, count), step)});
  };
  auto call = [&](StringRef name, Value tasks, int64_t grain,
                  ArrayRef<Value> captures, KernelTable::Generator generate) {
    func::FuncOp kernel = kernels.get(
        b.getLoc(), name, "", ValueRange(captures).getTypes(), generate);
    ParallelCallOp::create(b, kernel.getSymName(), tasks, b.index(grain),
                           captures);
  };

  // Whole tiles, as copied rows are.
  Value rows = orNone(b.mul(b.ceilDiv(m, b.index(kTileRows)), kTileRows));
  views.tailRows = allocate(rows, kRowStep, b.getI16Type());
  call("split_rows", rows, 512, {views.tailLhs, views.tailRows},
       [](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
         splitRows(inner, arguments[0], arguments[1], begin, end);
       });

  int64_t n = cast<MemRefType>(views.inits.front().getType()).getDimSize(1);
  Value panels = orNone(b.index(llvm::divideCeil(n, kTileBlock)));
  views.tailPanels = allocate(panels, kPanelStep, b.getI32Type());
  // The outliers' number is that of the rows; a list of columns is longer.
  SmallVector<Value> captures{views.tailRhs, views.tailLhs, views.tailPanels};
  if (views.columns)
    captures.push_back(views.columns);
  call("split_panels", panels, 32, captures,
       [](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
         splitPanels(inner, arguments[0],
                     arguments.size() > 3 ? arguments[3] : Value(),
                     inner.dim(arguments[1], 1), arguments[2], begin, end);
       });
}

void x86::emitTailTiles(KernelBuilder &b, TileOps &tiles, const Operands &in,
                        ArrayRef<Value> rows, Value base, Value panel,
                        Value target) {
  constexpr int64_t rowBytes = 2 * kRowStep, panelBytes = 4 * kPanelStep;
  Value steps = stepsOf(b, b.dim(in.tailLhs, 1));
  Value lhsStride = b.mul(steps, rowBytes);
  Value rhs = tiles.advance(tiles.pointerTo(in.tailPanels),
                            b.mul(panel, b.mul(steps, panelBytes)));
  Value lhs = tiles.pointerTo(in.tailRows);
  SmallVector<Value> starts, sums;
  for (Value row : rows)
    starts.push_back(tiles.advance(lhs, b.mul(row, lhsStride)));
  for (size_t i = 0; i < 2 * rows.size(); ++i)
    sums.push_back(tiles.zero());
  Value stride = tiles.i64(64), strideOfLhs = tiles.toI64(lhsStride);
  sums =
      b.loop(b.index(0), steps, 1, sums, [&](Value step, ValueRange carried) {
        b.disableUnrolling();
        SmallVector<Value> next(carried);
        auto multiply = [&](Value start, int64_t i, bool low,
                            ArrayRef<Value> rhsTiles) {
          Value at = b.add(b.mul(step, rowBytes), low ? rowBytes / 2 : 0);
          Value tile = tiles.load(tiles.advance(start, at), strideOfLhs,
                                  /*streamed=*/false);
          for (int64_t half : {0, 1})
            next[2 * i + half] =
                tiles.dotHalf(next[2 * i + half], tile, rhsTiles[half]);
        };
        for (bool low : {false, true}) {
          SmallVector<Value> rhsTiles;
          for (int64_t half : {0, 1}) {
            Value at = b.add(b.mul(step, panelBytes),
                             (low ? panelBytes / 2 : 0) + half * kTileBytes);
            rhsTiles.push_back(
                tiles.load(tiles.advance(rhs, at), stride, /*streamed=*/true));
          }
          // In turn, so that no product waits for the sums of the one before.
          for (auto [i, start] : llvm::enumerate(starts))
            multiply(start, i, /*low=*/false, rhsTiles);
          if (!low)
            for (auto [i, start] : llvm::enumerate(starts))
              multiply(start, i, /*low=*/true, rhsTiles);
        }
        return next;
      });
  tiles.storeBlock(sums, rows, base, target);
}
