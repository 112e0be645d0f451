//===- EraseDead.h - ops without uses ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ERASEDEAD_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ERASEDEAD_H

#include "mlir/IR/Block.h"

namespace mlir::onnx {

// Erases the ops of a block, and of the graphs inside its ops, that nothing
// reads; from the end, so that chains go at once.
void eraseDead(Block &block);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ERASEDEAD_H
