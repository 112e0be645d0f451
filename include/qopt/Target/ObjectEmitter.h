//===- ObjectEmitter.h - LLVM dialect to LLVM IR, assembly and objects ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_OBJECTEMITTER_H
#define QOPT_TARGET_OBJECTEMITTER_H

#include "mlir/Support/LLVM.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace mlir {
class ModuleOp;
namespace qopt {

enum class FileKind { LLVM, Assembly, Object };

/// Translates a module of the LLVM dialect. With `largeWeights` code reaches
/// the weights by 64-bit distances. The caller keeps `context` for as long as
/// the result.
FailureOr<std::unique_ptr<llvm::Module>>
translateVariant(ModuleOp module, const TargetISA &isa, bool largeWeights,
                 llvm::LLVMContext &context);

/// Optimizes `module` and writes it as `kind`. On failure `error` says why.
/// May run on any thread.
LogicalResult emitFile(llvm::Module &module, const TargetISA &isa,
                       FileKind kind, llvm::SmallVectorImpl<char> &result,
                       std::string &error);

} // namespace qopt
} // namespace mlir

#endif // QOPT_TARGET_OBJECTEMITTER_H
