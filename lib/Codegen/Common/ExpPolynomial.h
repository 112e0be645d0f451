//===- ExpPolynomial.h - math.exp in f32 ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_EXPPOLYNOMIAL_H
#define QOPT_LIB_CODEGEN_COMMON_EXPPOLYNOMIAL_H

namespace mlir {
class RewritePatternSet;
namespace qopt {

/// Expands math.exp on f32 and vectors of it; preferred over upstream's
/// pattern.
void populateExpPolynomialPattern(RewritePatternSet &patterns);

} // namespace qopt
} // namespace mlir

#endif // QOPT_LIB_CODEGEN_COMMON_EXPPOLYNOMIAL_H
