//===- Attention.h - the parts of the attention family --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H

#include "Lowering.h"

namespace mlir::qopt {

/// Part of registerAttention.
void registerLinearAttention(Registry &registry);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H
