//===- KernelAttrs.h - attributes of kernel operations --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_KERNELATTRS_H
#define QOPT_DIALECT_QOPT_IR_KERNELATTRS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include <cstdint>

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

/// On an attention: what its factors are where the target has a fast way:
/// "bf16", "bf16x2", the sum of two, or "int8"; float without it.
inline constexpr llvm::StringLiteral
    kAttentionProductsAttrName("qopt.attention_products");

/// Bytes of a row of K codes that qopt.quantize_rows writes: whole blocks of
/// 64, but no multiple of 2048. A product reads a dozen rows side by side, and
/// at such a distance all of them would compete for one set of the L1 cache.
inline int64_t codeRowWidth(int64_t k) {
  int64_t width = llvm::alignTo(k, 64);
  return width % 2048 == 0 ? width + 64 : width;
}

/// Whether rows of `width` codes are read as K of them: those of other sources
/// are only padded to whole blocks.
inline bool isCodeRowWidth(int64_t width, int64_t k) {
  return width == int64_t(llvm::alignTo(k, 64)) || width == codeRowWidth(k);
}

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_KERNELATTRS_H
