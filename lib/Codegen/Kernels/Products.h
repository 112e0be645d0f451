//===- Products.h - what the loops over K have in common --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CODEGEN_KERNELS_PRODUCTS_H
#define QOPT_LIB_CODEGEN_KERNELS_PRODUCTS_H

#include "Instructions.h"
#include "Matmul.h"

namespace mlir::qopt::kernels {

/// How many sets of accumulators take turns, so that a block of few rows does
/// not wait for the latency of its products. All of them stay within
/// `registers`.
int64_t accumulatorSets(int64_t accumulators, int64_t registers);

/// Quads of K in a step of the innermost loop, a power of two up to 16, for
/// `products` of each quad.
int64_t unrolledQuads(int64_t products, int64_t sets);

/// The sums of equal accumulators of all sets.
Accumulators sumSets(KernelBuilder &b, ArrayRef<Value> values, int64_t sets);

/// `bytes` bytes of packed rhs: quad `quad` of block `kBlock` of K, from the
/// column on that lies `offset` after the first of `block`.
Value loadPacked(KernelBuilder &b, Value rhs, const Tile &block, int64_t offset,
                 Value kBlock, Value quad, int64_t bytes);

/// Four codes of a row, repeated over a vector register.
Value broadcastQuad(KernelBuilder &b, const Isa &isa, Value lhs, Value row,
                    Value k);

/// f32 sums of a block over all groups of K: `sums` gives the exact ones of
/// `count` codes, those of group `group`, which begin at `group` * `size`.
using GroupSums =
    function_ref<Accumulators(Value group, int64_t size, int64_t count)>;
Accumulators sumGroups(KernelBuilder &b, const Isa &isa, const Operands &in,
                       const Tile &block, GroupSums sums);

/// `lanes` elements as f32: halves and codes are widened.
Value loadFloat(KernelBuilder &b, Value memref, ValueRange indices,
                int64_t lanes, int64_t count);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_PRODUCTS_H
