//===- LiftPatterns.h - what the lifting patterns share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTPATTERNS_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTPATTERNS_H

#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace mlir::onnx {

// The number that a constant repeats in all its elements, in f64.
std::optional<double> splatNumber(Value value);

// True if the numbers are equal up to what a detour through half precision
// loses.
bool isNear(double a, double b);

// The factors of a product of Mul, Div by constants and Neg: constants
// multiplied together, the other values as a list. A lone value is its own
// product.
struct Factors {
  double constant = 1;
  SmallVector<Value, 4> values;
};
Factors factorsOf(Value value);

// The other operand of a + b (or a * b), if one of the two is the given one.
Value otherOperand(Operation *binary, Value one);

// The value that `op` adds to a constant `number`: x of x + number.
Value addedTo(Value sum, double number);

void populateLiftLayerNormPatterns(RewritePatternSet &patterns);
void populateLiftRMSNormPatterns(RewritePatternSet &patterns);
void populateLiftGeluPatterns(RewritePatternSet &patterns);
void populateLiftSwishPatterns(RewritePatternSet &patterns);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTPATTERNS_H
