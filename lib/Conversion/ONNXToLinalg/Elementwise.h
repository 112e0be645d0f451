//===- Elementwise.h - scalar code of elementwise operators ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An elementwise operator is a function on scalars; broadcasting, half types
// and small integer tensors are the same for all and live in Elementwise.cpp.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_ELEMENTWISE_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_ELEMENTWISE_H

#include "Lowering.h"
#include "SmallTypes.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::qopt {

/// What scalar code is written with.
struct ScalarBuilder {
  ImplicitLocOpBuilder &b;
  Operation *op;
  /// Type of the first argument, with the signedness of the graph; f32 for half
  /// types, since arithmetic on them is done in f32.
  Type type;

  bool isFloat() const { return isa<FloatType>(type); }
  bool isUnsigned() const {
    return type.isUnsignedInteger() || type.isInteger(1);
  }
  /// A constant of the type of a scalar.
  Value like(Value scalar, double number) {
    return constantNumber(b, scalar.getType(), number);
  }
  template <typename OpTy, typename... Args> Value make(Args &&...args) {
    return OpTy::create(b, std::forward<Args>(args)...);
  }
  template <typename FloatOp, typename IntOp> Value make2(ValueRange args) {
    if (isFloat())
      return FloatOp::create(b, args[0], args[1]);
    return IntOp::create(b, args[0], args[1]);
  }
  Value compare(arith::CmpFPredicate predicate, Value a, Value c) {
    return arith::CmpFOp::create(b, predicate, a, c);
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value c) {
    return arith::CmpIOp::create(b, predicate, a, c);
  }
  Value select(Value condition, Value a, Value c) {
    return arith::SelectOp::create(b, condition, a, c);
  }
  float attribute(StringRef name) {
    return op->getAttrOfType<FloatAttr>(name).getValue().convertToFloat();
  }
};

/// Scalar code of an operator. Absent operands are null. A null result says
/// that the operator does not take this element type.
using ScalarFn = Value (*)(ScalarBuilder &s, ValueRange arguments);

/// Whether half types reach the scalar code as f32.
enum class Half { Extend, Keep };

LogicalResult lowerElementwise(Operation *op, Lowering &l, ScalarFn scalar,
                               Half half);

template <typename OpTy>
void addElementwise(Registry &registry, ScalarFn scalar,
                    Half half = Half::Extend) {
  registry.addGeneric<OpTy>([scalar, half](Operation *op, Lowering &l) {
    return lowerElementwise(op, l, scalar, half);
  });
}

/// What Cast says about the conversion to 8-bit floats.
struct CastRule {
  bool saturate = true;
  ScaleRounding rounding = ScaleRounding::Up;
};

/// Conversion between element types by the rules of ONNX Cast; both types are
/// those of the graph, with signedness, and may be storage types.
Value castScalar(ImplicitLocOpBuilder &b, Value scalar, Type from, Type to,
                 const CastRule &rule = {});

/// ONNX Max and Min on floats: NaN if one argument is NaN.
Value maximum(ScalarBuilder &s, ValueRange arguments);
Value minimum(ScalarBuilder &s, ValueRange arguments);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_ELEMENTWISE_H
