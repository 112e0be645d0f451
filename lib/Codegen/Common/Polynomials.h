//===- Polynomials.h - exp and erf in f32 -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_POLYNOMIALS_H
#define QOPT_LIB_CODEGEN_COMMON_POLYNOMIALS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::qopt {

/// Expand math.erf and math.exp on f32 and vectors of it; preferred to
/// upstream's patterns.
void populateErfPolynomialPattern(RewritePatternSet &patterns);
void populateExpPolynomialPattern(RewritePatternSet &patterns);

/// A number in all elements of a type of f32.
inline Value constantOfType(ImplicitLocOpBuilder &b, Type type, float value) {
  TypedAttr attribute = b.getF32FloatAttr(value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attribute = DenseElementsAttr::get(shaped, value);
  return arith::ConstantOp::create(b, attribute);
}

} // namespace mlir::qopt

#endif // QOPT_LIB_CODEGEN_COMMON_POLYNOMIALS_H
