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

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_KERNELATTRS_H
