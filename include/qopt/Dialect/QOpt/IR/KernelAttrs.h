//===- KernelAttrs.h - attributes of kernel operations --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_KERNELATTRS_H
#define QOPT_DIALECT_QOPT_IR_KERNELATTRS_H

#include "llvm/ADT/StringRef.h"

namespace mlir::qopt {

/// On a qopt.matmul: its codes are signed, whatever form the target gives those
/// of qopt.quantize_rows.
inline constexpr llvm::StringLiteral kSignedCodesAttrName("qopt.signed_codes");

/// On a qopt.quantize_rows: the elements of its mask are 0 and 1, so that it
/// only selects.
inline constexpr llvm::StringLiteral kUnitMaskAttrName("qopt.unit_mask");

/// On a qopt.parallel_call that is a matrix product, for the profile: its
/// operations as array<i64: factor, capture, dim, capture, dim, ...>, the
/// factor times these dims of captured buffers.
inline constexpr llvm::StringLiteral kOperationsAttrName("qopt.operations");
/// Beside it: the type of what is multiplied.
inline constexpr llvm::StringLiteral kOperandTypeAttrName("qopt.operand_type");
/// And the bytes of its weights.
inline constexpr llvm::StringLiteral kWeightBytesAttrName("qopt.weight_bytes");

/// On an attention: the type that its products are computed in where the target
/// has a fast way ("bf16"); float without it.
inline constexpr llvm::StringLiteral
    kAttentionProductsAttrName("qopt.attention_products");

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_KERNELATTRS_H
