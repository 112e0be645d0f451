//===- InitAll.h - registration of all dialects and passes ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_INITALL_H
#define QOPT_INITALL_H

namespace mlir {
class DialectRegistry;
namespace qopt {

/// Registers qopt's dialects and the upstream ones that its passes create, with
/// the external models (bufferization, conversion to LLVM) that they need.
void registerAllDialects(DialectRegistry &registry);

/// Registers every pass and preset of qopt for use in pipeline texts.
void registerAllPasses();

} // namespace qopt
} // namespace mlir

#endif // QOPT_INITALL_H
