//===- EmulatedTiles.h - tiles without tile registers -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile is 16 rows of 64 bytes as one value, vector<256xi32>. What works on
// tiles is a function of tiles in memory, written into the module when it is
// first asked for.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_EMULATEDTILES_H
#define QOPT_LIB_CODEGEN_X86_EMULATEDTILES_H

#include "../Kernels/KernelBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlir::qopt::x86 {

using kernels::KernelBuilder;

/// The address `bytes` after `base`.
Value bytesFrom(KernelBuilder &b, Value base, Value bytes);

/// `sum` plus the sum over the four bytes of each word of lhs * rhs; bytes of
/// rhs are signed.
Value dotWords(KernelBuilder &b, Value sum, Value lhs, Value rhs,
               bool lhsSigned);

class EmulatedTiles {
public:
  static constexpr int64_t kRows = 16, kRowBytes = 64,
                           kBytes = kRows * kRowBytes;

  explicit EmulatedTiles(ModuleOp module);

  VectorType getTileType() const { return tileType; }
  VectorType getRowType() const { return rowType; }
  Type getPointer() const { return pointer; }

  /// (tile, rows, bytes of a row, memory, its stride): rows of memory to or
  /// from a tile; a load fills what is left with zeros.
  func::FuncOp load() { return copy("emulated_tile_load", true); }
  func::FuncOp store() { return copy("emulated_tile_store", false); }

  /// (sums, lhs, rhs, rows, bytes of a row of lhs), of signed codes: tdpbssd.
  /// What is not in rhs is 0, and so are its columns beyond the width of the
  /// product.
  func::FuncOp multiplyCodes();
  /// The same of pairs of bfloat16: tdpbf16ps. The even and the odd products
  /// are summed by fused multiply-adds of their own, from zero, and meet at the
  /// end; denormal numbers are zeros of their sign.
  func::FuncOp multiplyHalves();

private:
  /// Makes the function, or finds it: `body` is told the arguments.
  func::FuncOp get(StringRef name, TypeRange inputs,
                   function_ref<void(KernelBuilder &, ValueRange)> body);
  func::FuncOp copy(StringRef name, bool load);
  /// A product of tiles: row by row, `step` adds what a word of lhs and a row
  /// of rhs give to `initial`, and `finish` the result to the row of sums.
  using Step = function_ref<SmallVector<Value>(KernelBuilder &, Value word,
                                               Value line, ValueRange)>;
  using Row = function_ref<SmallVector<Value>(KernelBuilder &, Value sums)>;
  using Finish =
      function_ref<Value(KernelBuilder &, Value sums, ValueRange results)>;
  func::FuncOp multiply(StringRef name, VectorType sumType, Row initial,
                        Step step, Finish finish);

  ModuleOp module;
  SymbolTable symbols;
  VectorType tileType, rowType;
  Type pointer;
};

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_EMULATEDTILES_H
