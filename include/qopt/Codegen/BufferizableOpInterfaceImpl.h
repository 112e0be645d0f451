//===- BufferizableOpInterfaceImpl.h - bufferization of kernel-level ops --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_CODEGEN_BUFFERIZABLEOPINTERFACEIMPL_H
#define QOPT_CODEGEN_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
namespace qopt {

/// Attaches bufferization to the operations of the qopt dialect.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace qopt
} // namespace mlir

#endif // QOPT_CODEGEN_BUFFERIZABLEOPINTERFACEIMPL_H
