//===- Dot.h - exact products of codes on vectors of x86 --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// By vpdpbusd where the CPU has VNNI, else by vpmaddubsw, or vpmaddwd for rows
// that could saturate it. Tiles: AMX.h.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_DOT_H
#define QOPT_LIB_CODEGEN_X86_DOT_H

#include "../Kernels/Products.h"

namespace mlir::qopt::x86 {

using namespace kernels;

/// What a block fetches beside its work.
struct Fetch {
  /// Weights come from beyond L2: those of later steps are fetched into L1.
  bool streamed = false;
  /// The number of a block of rows within its task: that part of the columns
  /// that the next task reads is fetched into L2 on the way.
  Value part;
  /// What the block writes: line by line beside the first steps, as stores
  /// alone would all wait for memory at once.
  ArrayRef<Value> results;
};

/// The exact product of codes lhs [M, Kp], as the target stores them, and
/// packed rhs: i32 vectors. `sums` are the column sums of rhs.
/// `hasOffset`: 128 has been added to the codes of lhs.
Accumulators vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs, Value rhs,
                         Value sums, const Tile &block, bool hasOffset,
                         const Fetch &fetch = Fetch());

/// The same without VNNI, in products of 16 bits: exact for all codes, -128
/// included. `widened` [rows, Kp] holds the rows of the block alone, rhs is
/// widened as it is loaded.
Accumulators wideProduct(KernelBuilder &b, const Isa &isa, Value widened,
                         Value rhs, const Tile &block);
/// Fills `widened` with rows of lhs.
void widenRows(KernelBuilder &b, Value lhs, Value row, int64_t rows,
               Value widened);

/// The same in products of bytes, of rows that `splitRows` has prepared.
/// `start` [rows, columns] holds what sums begin with, those of `block` at
/// column `offset`.
Accumulators byteProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
                         Value start, Value offset, const Tile &block,
                         const Fetch &fetch);
/// Splits the rows of lhs in front of the product.
void splitRows(KernelBuilder &b, Operands &views, KernelTable &kernels);
/// Whether rows can be multiplied in bytes.
Value areNear(KernelBuilder &b, const Operands &in, Value row, int64_t rows);
/// Fills `start` for the rows and columns of `range`.
void startBytes(KernelBuilder &b, const Isa &isa, const Operands &in,
                const Tile &range, Value start);

/// The same of a product that has no other row, whose weights take the signs of
/// its codes. `block` is all columns of a task.
Accumulators signProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
                         const Tile &block, const Fetch &fetch);
/// Whether there is no other row.
Value isAlone(KernelBuilder &b, const Operands &in);

/// The sum over all groups of their exact products times their column scales:
/// f32 vectors. Without VNNI rows are read from `widened` if there is one.
Accumulators groupedProduct(KernelBuilder &b, const Isa &isa,
                            const Operands &in, Value widened,
                            const Tile &block, bool hasOffset);
/// Fetches a quarter of the lines of one block of K that the next task reads
/// where this one reads `block`, each of the first four blocks of rows another
/// one: more at once would delay the loads of this task.
void fetchNext(KernelBuilder &b, const Isa &isa, Value rhs, const Tile &block,
               Value kBlock, Value part);
/// Fetches a row of what a block writes, beside block `kBlock` of K.
void fetchResults(KernelBuilder &b, ArrayRef<Value> results, const Tile &block,
                  Value kBlock);
/// Fetches the lines that a block reads some blocks of K after this quad.
void fetchAhead(KernelBuilder &b, Value rhs, const Tile &block, Value kBlock,
                Value quad);
/// `sum` plus the products of four unsigned by four signed bytes per lane.
Value dotBytes(KernelBuilder &b, const Isa &isa, Value sum, Value lhs,
               Value rhs);

/// The even and odd lanes of two vectors of 8 sums added: pairs that belong to
/// one column.
Value addPairs(KernelBuilder &b, Value first, Value second);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_DOT_H
