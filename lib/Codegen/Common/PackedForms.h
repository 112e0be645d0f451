//===- PackedForms.h - panels of weights as the kernels read them -*- C++ -*-=//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_PACKEDFORMS_H
#define QOPT_LIB_CODEGEN_COMMON_PACKEDFORMS_H

#include "qopt/Dialect/QOpt/IR/TailLayout.h"

namespace mlir::qopt::packed {

/// Columns of a panel.
constexpr int64_t kPanel = 32;

struct Matrix {
  const char *data;
  int64_t rows, columns;
};

/// Panel [Kp/64, 2, 16, 64] of codes: byte of (k, n) is k%depth within n%16
/// within (k%64)/depth. `sums` gets the sums of the 32 columns over each group
/// of rows, one group every `stride` numbers.
void packCodes(const Matrix &from, int64_t panel, char *to, int64_t depth,
               int64_t groupRows, int32_t *sums, int64_t stride);

/// Rows of `width` columns, `size` bytes each, from column `first` on; columns
/// beyond the matrix are zero.
void packRows(const Matrix &from, int64_t size, int64_t first, int64_t width,
              char *to);

/// Panel [K/32, 2, 16, 32] of bf16: (k, n) is k%2 within n%16 within (k%32)/2.
void packPairs(const Matrix &from, int64_t panel, uint16_t *to);

/// Panel [tiles, 2, 16, 32] of bf16: slot s of column n is s%2 within n%16
/// within (s%32)/2 within tile s/32.
void packTail(const Matrix &from, int64_t panel, const TailLayout &layout,
              uint16_t *to);

} // namespace mlir::qopt::packed

#endif // QOPT_LIB_CODEGEN_COMMON_PACKEDFORMS_H
