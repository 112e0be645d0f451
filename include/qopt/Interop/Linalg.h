//===- Linalg.h - qopt's passes on other compilers' linalg ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linalg.matmul, linalg.batch_matmul and linalg.contract on tensors as
// contractions that qopt-plan and qopt-quantize know: the rows of the first
// operand times a constant matrix [K, N] or [N, K], by their indexing maps.
// qopt registers none of this for itself.
//===----------------------------------------------------------------------===//

#ifndef QOPT_INTEROP_LINALG_H
#define QOPT_INTEROP_LINALG_H

namespace mlir {
class DialectRegistry;
namespace qopt {

void registerLinalgContractions(DialectRegistry &registry);

} // namespace qopt
} // namespace mlir

#endif // QOPT_INTEROP_LINALG_H
