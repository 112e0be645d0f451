//===- ErfPolynomial.h - math.erf as one polynomial -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_ERFPOLYNOMIAL_H
#define QOPT_LIB_CODEGEN_COMMON_ERFPOLYNOMIAL_H

namespace mlir {
class RewritePatternSet;
namespace qopt {

/// Expands math.erf on f32 and vectors of f32; preferred to upstream's pattern.
void populateErfPolynomialPattern(RewritePatternSet &patterns);

} // namespace qopt
} // namespace mlir

#endif // QOPT_LIB_CODEGEN_COMMON_ERFPOLYNOMIAL_H
