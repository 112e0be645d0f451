//===- Elementwise.cpp - elementwise operators ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linalg.generic per operator, or scalar code where the operands are known
// as scalars (shape arithmetic).
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Broadcast.h"

using namespace mlir;
using namespace mlir::qopt;

/// Elements of an operand in the order of the result's elements.
static SmallVector<Value> broadcastElements(ArrayRef<Value> elements,
                                            ArrayRef<int64_t> from,
                                            ArrayRef<int64_t> to) {
  SmallVector<Value> result;
  int64_t count = 1;
  for (int64_t size : to)
    count *= size;
  for (int64_t n = 0; n < count; ++n) {
    int64_t rest = n, position = 0, stride = 1;
    for (int64_t i = to.size() - 1, j = from.size() - 1; i >= 0; --i, --j) {
      int64_t coordinate = rest % to[i];
      rest /= to[i];
      if (j < 0)
        continue;
      if (from[j] != 1)
        position += coordinate * stride;
      stride *= from[j];
    }
    result.push_back(elements[position]);
  }
  return result;
}

/// Scalar code per element, if all operands are known as scalars.
static bool lowerAsScalars(Operation *op, Lowering &l, ScalarBuilder &s,
                           ScalarFn scalar) {
  Value result = op->getResult(0);
  if (!l.isSmallInt(result))
    return false;
  SmallVector<SmallVector<Value>> operands;
  ArrayRef<int64_t> shape = l.typeOf(result).getShape();
  for (Value operand : op->getOperands()) {
    operands.emplace_back();
    if (!l.present(operand))
      continue;
    auto elements = l.knownElements(operand);
    if (!elements)
      return false;
    operands.back() =
        broadcastElements(*elements, l.typeOf(operand).getShape(), shape);
  }
  SmallVector<Value> elements;
  for (int64_t n = 0, e = l.typeOf(result).getNumElements(); n < e; ++n) {
    SmallVector<Value> arguments;
    for (ArrayRef<Value> operand : operands)
      arguments.push_back(operand.empty() ? Value() : operand[n]);
    Value element = scalar(s, arguments);
    if (!element)
      return false;
    elements.push_back(element);
  }
  l.setElements(result, elements);
  return true;
}

LogicalResult qopt::lowerElementwise(Operation *op, Lowering &l,
                                     ScalarFn scalar, Half half) {
  Value result = op->getResult(0);
  Type type = l.elementOf(op->getOperand(0));
  if (half == Half::Extend)
    type = computeType(type);
  ScalarBuilder scalars{l.b, op, type};
  if (lowerAsScalars(op, l, scalars, scalar))
    return success();

  Type element = l.typeOf(result).getElementType();
  bool taken = true;
  auto value = elementwise(
      l, result, element, op->getOperands(),
      [&](ImplicitLocOpBuilder &b, ValueRange arguments) -> Value {
        ScalarBuilder s{b, op, type};
        SmallVector<Value> extended;
        for (Value argument : arguments)
          extended.push_back(argument && half == Half::Extend &&
                                     isa<FloatType>(argument.getType())
                                 ? extendHalf(b, argument)
                                 : argument);
        Value computed = scalar(s, extended);
        if (!computed) {
          taken = false;
          return constantNumber(b, element, 0);
        }
        return isa<FloatType>(element) && computed.getType() != element
                   ? convertFloat(b, computed, element)
                   : computed;
      });
  if (failed(value))
    return failure();
  if (!taken)
    return l.fail("the operator is not implemented for element type " +
                  toText(l.elementOf(op->getOperand(0))));
  l.set(result, *value);
  return success();
}
