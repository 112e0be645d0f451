//===- Products.h - what the loops over K have in common --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CODEGEN_X86_PRODUCTS_H
#define QOPT_LIB_CODEGEN_X86_PRODUCTS_H

#include "Matmul.h"

namespace mlir::qopt::x86 {

/// How many sets of accumulators take turns, so that a block of few rows does
/// not wait for the latency of its products. All of them stay within
/// `registers`.
int64_t accumulatorSets(int64_t accumulators, int64_t registers);

/// Quads of K in a step of the innermost loop, a power of two up to 16, for
/// `products` of each quad.
int64_t unrolledQuads(int64_t products, int64_t sets);

/// The sums of equal accumulators of all sets.
Accumulators sumSets(KernelBuilder &b, ArrayRef<Value> values, int64_t sets);

Value callIntrinsic(KernelBuilder &b, StringRef name, Type result,
                    ValueRange operands);

/// `bytes` bytes of packed rhs: quad `quad` of block `kBlock` of K, from the
/// column on that lies `offset` after the first of `block`.
Value loadPacked(KernelBuilder &b, Value rhs, const Tile &block, int64_t offset,
                 Value kBlock, Value quad, int64_t bytes);

/// `sum` plus the products of four unsigned by four signed bytes per lane.
Value dotBytes(KernelBuilder &b, const Isa &isa, Value sum, Value lhs,
               Value rhs);

/// Four codes of a row, repeated over a vector register.
Value broadcastQuad(KernelBuilder &b, const Isa &isa, Value lhs, Value row,
                    Value k);

/// The even and odd lanes of two vectors of 8 sums added: pairs that belong to
/// one column.
Value addPairs(KernelBuilder &b, Value first, Value second);

/// `lanes` elements as f32: halves and codes are widened.
Value loadFloat(KernelBuilder &b, Value memref, ValueRange indices,
                int64_t lanes, int64_t count);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_PRODUCTS_H
