//===- KernelBuilder.h - building blocks of the kernels -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A builder with the few shapes of code that all kernels are made of: counted
// loops with carried values, vectors with static tails, blocks of rows. And the
// table of kernels of a module: operations that need the same kernel share it.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_KERNELBUILDER_H
#define QOPT_LIB_CODEGEN_KERNELS_KERNELBUILDER_H

#include "Isa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::qopt::kernels {

class KernelBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value index(int64_t value);
  Value f32(float value);
  /// A vector of equal constants.
  Value splat(VectorType type, double value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b ? add(a, index(b)) : a; }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, index(b)); }
  Value min(Value a, Value b);
  Value ceilDiv(Value a, Value b);
  Value dim(Value memref, int64_t i);

  /// A vector of `count` elements at `indices`, zero above: lanes from `count`
  /// on are not read.
  Value load(Value memref, ValueRange indices, int64_t lanes, int64_t count);
  void store(Value vector, Value memref, ValueRange indices, int64_t count);
  Value broadcast(Value scalar, int64_t lanes);

  using LoopBody = function_ref<SmallVector<Value>(Value iv, ValueRange)>;
  /// scf.for with carried values; returns the final ones.
  SmallVector<Value> loop(Value begin, Value end, int64_t step,
                          ValueRange carried, LoopBody body);
  void loop(Value begin, Value end, int64_t step, function_ref<void(Value)>);
  /// Asks LLVM to leave the innermost loop under construction as it is.
  void disableUnrolling() { unrollBy(1); }
  /// Asks it to unroll that loop `count` times.
  void unrollBy(int64_t count);
  /// A loop over a static range, unrolled by `unroll`: `body` gets an index
  /// within [0, end) as base + offset. The remainder is straight code.
  SmallVector<Value> unrolled(
      int64_t end, int64_t unroll, ValueRange carried,
      function_ref<SmallVector<Value>(Value base, int64_t offset, ValueRange)>
          body);
  void ifElse(Value condition, function_ref<void()> then,
              function_ref<void()> otherwise);
  /// Covers rows [begin, end) by blocks of `rows`, and the rest by blocks of
  /// powers of two. Every size of block is code of its own, hence not one for
  /// every rest.
  void rowBlocks(Value begin, Value end, int64_t rows,
                 function_ref<void(Value row, int64_t rows)> body);
};

/// Two vectors of `lanes` as two others: blocks of `width` lanes that lie off
/// the diagonal change places. `upper` takes the first of each pair of blocks.
struct ExchangeMasks {
  ExchangeMasks(int64_t lanes, int64_t width);
  SmallVector<int64_t> upper, lower;
};

/// `rows` are the rows of a square matrix, then its columns.
void transposeInRegisters(KernelBuilder &b, SmallVectorImpl<Value> &rows);

/// Whether a buffer can be seen as rows of contiguous elements: kernels work on
/// nothing else.
bool isMatrix(MemRefType type);

/// `value` with all leading dims as one, dynamic: [M, last]. Null when its
/// layout does not allow that.
Value viewAsMatrix(KernelBuilder &b, Value value);
/// `value` with all dims as one, dynamic.
Value viewAsVector(KernelBuilder &b, Value value);

class KernelTable {
public:
  /// `weightBytes`: the packed weights of all products of the module.
  KernelTable(ModuleOp module, int64_t weightBytes)
      : symbols(module), module(module), weightBytes(weightBytes) {}

  using Generator = function_ref<void(KernelBuilder &, Value begin, Value end,
                                      ValueRange captures)>;
  /// The kernel `(begin, end, captures...)` of that name and key; its body is
  /// generated when there is none yet.
  func::FuncOp get(Location loc, StringRef name, StringRef key,
                   TypeRange captures, Generator generate);
  unsigned getNumKernels() const { return kernels.size(); }
  int64_t getWeightBytes() const { return weightBytes; }

private:
  SymbolTable symbols;
  ModuleOp module;
  int64_t weightBytes;
  llvm::StringMap<func::FuncOp> kernels;
};

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_KERNELBUILDER_H
