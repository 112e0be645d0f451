//===- Dot.h - exact products of codes on AArch64 ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packed weights hold eight codes of a column side by side, so 16 bytes are two
// columns: an operand of smmla as they are. sdot wants four codes of four
// columns, which one uzp of two such vectors gives.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_AARCH64_DOT_H
#define QOPT_LIB_CODEGEN_AARCH64_DOT_H

#include "../Kernels/Products.h"

namespace mlir::qopt::aarch64 {

using kernels::Accumulators;
using kernels::Isa;
using kernels::KernelBuilder;
using kernels::Operands;
using kernels::Tile;

/// Codes of a column side by side.
constexpr int64_t kDepth = 8;

VectorType i8x16(KernelBuilder &b);
VectorType i32x4(KernelBuilder &b);

/// Eight codes each of the two columns from `column` on, which is even: those
/// of group `group` of the K block `kBlock`.
Value loadPair(KernelBuilder &b, Value rhs, Value kBlock, Value group,
               Value column);

/// Codes 4 * part to 4 * part + 3 of four columns, from two vectors of
/// loadPair.
Value quadsOf(KernelBuilder &b, Value first, Value second, int64_t part);

/// 32-bit lane `lane` of 16 codes in all lanes; sdot takes it from where it is.
Value repeatQuad(KernelBuilder &b, Value codes, int64_t lane);

/// `sum` plus, in each lane, the product of four codes by four codes.
Value addDot(KernelBuilder &b, const Isa &isa, Value sum, Value first,
             Value second);

/// Pairs of neighbours of both vectors, added.
Value addPairwise(KernelBuilder &b, Value first, Value second);

/// `sum` (4 x i32) plus 16 products of codes, four to a lane, by instructions
/// of the first AArch64. No sum of two such products would fit 16 bits, so each
/// is widened before it is added.
Value addLong(KernelBuilder &b, Value sum, Value first, Value second);

/// The exact product with scales per group; f32 vectors.
Accumulators addGroups(KernelBuilder &b, const Isa &isa, const Operands &in,
                       const Tile &block);

} // namespace mlir::qopt::aarch64

#endif // QOPT_LIB_CODEGEN_AARCH64_DOT_H
