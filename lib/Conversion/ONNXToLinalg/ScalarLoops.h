//===- ScalarLoops.h - loops inside the body of an operation --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on images sum a few samples per result. Their positions come from
// data or from divisions, so that no affine map describes them: a loop inside
// the body of a linalg.generic does.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_SCALARLOOPS_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_SCALARLOOPS_H

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::qopt {

/// Carries `start` through all points of the box [0, sizes); `step` gets the
/// point and the carried values.
inline SmallVector<Value>
foldBox(ImplicitLocOpBuilder &b, ArrayRef<Value> sizes, ValueRange start,
        function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)> step,
        ArrayRef<Value> point = {}) {
  if (point.size() == sizes.size())
    return step(point, start);
  Value zero = arith::ConstantIndexOp::create(b, 0),
        one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, sizes[point.size()], one, start);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> inner(point);
  inner.push_back(loop.getInductionVar());
  scf::YieldOp::create(
      b, foldBox(b, sizes, loop.getRegionIterArgs(), step, inner));
  return SmallVector<Value>(loop.getResults());
}

/// Short forms of scalar code on indices and floats.
struct Scalars {
  ImplicitLocOpBuilder &b;

  Value index(int64_t n) { return arith::ConstantIndexOp::create(b, n); }
  Value number(Type type, double n) { return constantNumber(b, type, n); }
  Value loop(int64_t i) { return linalg::IndexOp::create(b, i); }

  Value addi(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value subi(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value muli(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value clampi(Value x, Value low, Value high) {
    return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, x, high), low);
  }
  Value addf(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value subf(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mulf(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value divf(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value maxf(Value x, Value y) { return arith::MaximumFOp::create(b, x, y); }
  Value minf(Value x, Value y) { return arith::MinimumFOp::create(b, x, y); }
  Value floor(Value x) { return math::FloorOp::create(b, x); }
  Value ceil(Value x) { return math::CeilOp::create(b, x); }
  Value all(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value any(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value pick(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value is(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value is(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  /// Whether 0 <= x < size.
  Value within(Value x, Value size) {
    return all(is(arith::CmpIPredicate::sge, x, index(0)),
               is(arith::CmpIPredicate::slt, x, size));
  }
  Value toFloat(Value x, Type type) {
    return arith::SIToFPOp::create(
        b, type, arith::IndexCastOp::create(b, b.getI64Type(), x));
  }
  /// Of a whole number that fits.
  Value toIndex(Value x) {
    return arith::IndexCastOp::create(
        b, b.getIndexType(), arith::FPToSIOp::create(b, b.getI64Type(), x));
  }
  Value read(Value tensor, ValueRange at) {
    return tensor::ExtractOp::create(b, tensor, at);
  }
};

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_SCALARLOOPS_H
