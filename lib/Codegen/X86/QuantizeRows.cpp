//===- QuantizeRows.cpp - kernels of qopt.quantize_rows -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two passes over a row that is in the L1 cache by the second. The first takes
// the maximum of the magnitudes as integers: their order is that of the floats,
// and a NaN is above all of them, where a float maximum would drop it. The
// second multiplies by 127 / absmax (one true division), clamps, rounds to even
// and converts. No value out of range ever reaches the conversion.
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

namespace {

class QuantizeGenerator {
public:
  QuantizeGenerator(KernelBuilder &b, const Isa &isa, Value input, Value mask,
                    Value codes, Value scales)
      : b(b), isa(isa), input(input), mask(mask), codes(codes), scales(scales),
        floats(VectorType::get({isa.lanes}, b.getF32Type())),
        words(VectorType::get({isa.lanes}, b.getI32Type())),
        k(cast<MemRefType>(input.getType()).getDimSize(1)),
        padded(cast<MemRefType>(codes.getType()).getDimSize(1)) {}

  void quantizeRow(Value row) {
    Value magnitude = absMax(row);
    Value infinity =
        arith::ConstantOp::create(b, b.getI32IntegerAttr(0x7f800000));
    // 127 * FLT_MIN: below it 127 / absmax is no longer exact enough.
    Value smallest = arith::ConstantOp::create(b, b.getI32IntegerAttr(tiny()));
    Value finite = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                         magnitude, infinity);
    Value zero = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, magnitude,
                                       smallest);
    Value absmax = arith::BitcastOp::create(b, b.getF32Type(), magnitude);
    Value scale = arith::DivFOp::create(b, absmax, b.f32(127.0f));
    Value factor = arith::DivFOp::create(b, b.f32(127.0f), absmax);
    scale = arith::SelectOp::create(b, zero, b.f32(1.0f), scale);
    factor = arith::SelectOp::create(b, zero, b.f32(0.0f), factor);
    Value nan = b.f32(std::numeric_limits<float>::quiet_NaN());
    scale = arith::SelectOp::create(b, finite, scale, nan);
    memref::StoreOp::create(b, scale, scales, ValueRange{row});

    Value factors = b.broadcast(factor, isa.lanes);
    eachVector([&](Value base, int64_t offset, int64_t count) {
      Value column = b.add(base, offset);
      Value scaled =
          arith::MulFOp::create(b, loadMasked(row, column, count), factors);
      storeCodes(toCodes(scaled), row, column);
    });
    // Every lane of the last vector was written; what is left is whole vectors.
    Value fill = b.splat(VectorType::get({isa.lanes}, b.getI8Type()),
                         int8_t(isa.codeOffset()));
    for (int64_t column = llvm::alignTo(k, isa.lanes); column < padded;
         column += isa.lanes)
      storeCodes(fill, row, b.index(column));
  }

private:
  static int32_t tiny() {
    float value = 127.0f * std::numeric_limits<float>::min();
    int32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
  }

  /// The vectors of a row, the last one with less than all lanes.
  void eachVector(function_ref<void(Value, int64_t, int64_t)> body) {
    int64_t whole = k / isa.lanes * isa.lanes;
    constexpr int64_t unroll = 4;
    int64_t step = unroll * isa.lanes, end = whole / step * step;
    b.loop(b.index(0), b.index(end), step, [&](Value column) {
      for (int64_t i = 0; i < unroll; ++i)
        body(column, i * isa.lanes, isa.lanes);
    });
    for (int64_t column = end; column < k; column += isa.lanes)
      body(b.index(column), 0, std::min(isa.lanes, k - column));
  }

  /// input * mask; a column whose factor is 0 counts as 0 even if it holds Inf.
  Value loadMasked(Value row, Value column, int64_t count) {
    Value value = b.load(input, {row, column}, isa.lanes, count);
    if (!mask)
      return value;
    Value factor = b.load(mask, {column}, isa.lanes, count);
    Value zero = b.splat(floats, 0);
    Value off =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, factor, zero);
    return arith::SelectOp::create(b, off, zero,
                                   arith::MulFOp::create(b, value, factor));
  }

  /// The bits of the largest magnitude of a row.
  Value absMax(Value row) {
    constexpr int64_t unroll = 4;
    int64_t whole = k / isa.lanes * isa.lanes;
    int64_t step = unroll * isa.lanes, end = whole / step * step;
    Value magnitudeBits = b.splat(words, 0x7fffffff);
    auto update = [&](Value &maximum, Value column, int64_t count) {
      Value bits =
          arith::BitcastOp::create(b, words, loadMasked(row, column, count));
      bits = arith::AndIOp::create(b, bits, magnitudeBits);
      maximum = arith::MaxSIOp::create(b, maximum, bits);
    };
    SmallVector<Value> maxima(unroll, b.splat(words, 0));
    maxima =
        b.loop(b.index(0), b.index(end), step, maxima,
               [&](Value column, ValueRange carried) {
                 SmallVector<Value> next(carried);
                 for (int64_t i = 0; i < unroll; ++i)
                   update(next[i], b.add(column, i * isa.lanes), isa.lanes);
                 return next;
               });
    for (int64_t i = 0, column = end; column < k; column += isa.lanes, ++i)
      update(maxima[i % unroll], b.index(column),
             std::min(isa.lanes, k - column));
    for (int64_t i = 1; i < unroll; ++i)
      maxima[0] = arith::MaxSIOp::create(b, maxima[0], maxima[i]);
    return vector::ReductionOp::create(b, vector::CombiningKind::MAXSI,
                                       maxima[0]);
  }

  /// clamp, round to even, convert. The comparisons are those of minps and
  /// maxps: a NaN becomes a bound.
  Value toCodes(Value scaled) {
    Value high = b.splat(floats, 127), low = b.splat(floats, -127);
    Value below =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, scaled, high);
    scaled = arith::SelectOp::create(b, below, scaled, high);
    Value above =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, scaled, low);
    scaled = arith::SelectOp::create(b, above, scaled, low);
    Value rounded = math::RoundEvenOp::create(b, scaled);
    Value code = arith::FPToSIOp::create(b, words, rounded);
    if (isa.codeOffset())
      code = b.add(code, b.splat(words, isa.codeOffset()));
    return arith::TruncIOp::create(
        b, VectorType::get({isa.lanes}, b.getI8Type()), code);
  }

  void storeCodes(Value vector, Value row, Value column) {
    b.store(vector, codes, {row, column}, isa.lanes);
  }

  KernelBuilder &b;
  const Isa &isa;
  Value input, mask, codes, scales;
  VectorType floats, words;
  int64_t k, padded;
};

} // namespace

LogicalResult x86::lowerQuantizeRows(QuantizeRowsOp op, const Isa &isa,
                                     KernelTable &kernels) {
  KernelBuilder b(op.getLoc(), op);
  SmallVector<Value> captures{viewAsMatrix(b, op.getInput()),
                              viewAsMatrix(b, op.getCodesInit()),
                              viewAsVector(b, op.getScalesInit())};
  if (op.getMask())
    captures.push_back(viewAsVector(b, op.getMask()));
  if (llvm::is_contained(captures, Value()))
    return op.emitOpError("works on contiguous buffers only");
  int64_t k = cast<MemRefType>(captures[0].getType()).getDimSize(1);
  func::FuncOp kernel = kernels.get(
      op.getLoc(), "quantize_rows_" + std::to_string(k), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        QuantizeGenerator generator(inner, isa, arguments[0],
                                    arguments.size() > 3 ? arguments[3]
                                                         : Value(),
                                    arguments[1], arguments[2]);
        inner.loop(begin, end, 1,
                   [&](Value row) { generator.quantizeRow(row); });
      });
  // A task is a row; about two elements are done in a nanosecond of one thread.
  ParallelCallOp::create(b, kernel.getSymName(), b.dim(captures[0], 0),
                         b.index(std::max<int64_t>(1, (32 << 10) / k)),
                         captures);
  op.erase();
  return success();
}
