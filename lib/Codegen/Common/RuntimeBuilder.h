//===- RuntimeBuilder.h - calls of the runtime, in LLVM -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the parts of LowerRuntimeOps.cpp: values of LLVM for numbers,
// memory and buffers, joined to what is around them by casts that the
// conversion to LLVM resolves.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_RUNTIMEBUILDER_H
#define QOPT_LIB_CODEGEN_COMMON_RUNTIMEBUILDER_H

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt {

/// Layout of qopt_arg and of a row of out_dims.
constexpr int64_t kArgBytes = 72, kArgDims = 8, kMaxRank = 8;

struct RuntimeBuilder {
  explicit RuntimeBuilder(ModuleOp module)
      : module(module), builder(module.getContext()),
        converter(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i8(builder.getI8Type()), i32(builder.getI32Type()),
        i64(builder.getI64Type()), f32(builder.getF32Type()) {}

  Value constant(Type type, int64_t value);
  Value toI64(Value index);
  Value toIndex(Value value);

  /// `value` as a type on the other side of the conversion to LLVM.
  Value bridge(Value value, Type type);
  Value at(Value base, int64_t bytes);
  MemRefDescriptor describe(Value memref);
  LLVM::LLVMFuncOp runtimeFunction(StringRef name, Type result,
                                   ArrayRef<Type> arguments);
  LLVM::LLVMVoidType voidType();

  /// A descriptor of identity layout over `memory`; `dynamicSizes` as in
  /// memref.alloc. Returns the memref.
  Value identityBuffer(MemRefType type, Value memory, ArrayRef<Value> sizes);
  SmallVector<Value> sizesOf(MemRefType type, ValueRange dynamicSizes);
  Value bytesOf(MemRefType type, ArrayRef<Value> sizes);

  /// Stack memory made once per call of the function, whatever loop `op` is in.
  Value stackSlot(Operation *op, Type type, int64_t count);
  LogicalResult checkLayout(Operation *op, MemRefType type);

  /// A NUL-terminated constant.
  Value text(StringRef content);

  ModuleOp module;
  OpBuilder builder;
  LLVMTypeConverter converter;
  LLVM::LLVMPointerType pointer;
  Type i8, i32, i64, f32;
  /// Call sites so far.
  unsigned numSites = 0;
  /// Of what is made next.
  Location loc = builder.getUnknownLoc();

private:
  /// Symbols of the constants by text.
  llvm::StringMap<std::string> texts;
};

/// The argument for the runtime's context, in every function that needs it.
class RuntimeContexts {
public:
  /// Adds the arguments, and passes them on in all calls.
  explicit RuntimeContexts(ModuleOp module);

  /// That of the function which `op` is in.
  Value of(Operation *op) const {
    return contexts.lookup(op->getParentOfType<func::FuncOp>());
  }

private:
  llvm::DenseMap<Operation *, Value> contexts;
};

/// The record of a call for the profile: a qopt_site over a qopt_kernel, which
/// all calls of one function share. `pack` is the memory that its captures go
/// through; those from `first` on are the operation's own.
Value callSite(RuntimeBuilder &b, ParallelCallOp op, LLVM::LLVMStructType pack,
               unsigned first);

/// Makes the call of qopt_rt_kernel, and the function that unpacks the
/// captures. `op` stays.
LogicalResult lowerParallelCall(RuntimeBuilder &b, ParallelCallOp op,
                                Value context);

/// Makes run_VARIANT and shapes_VARIANT out of @main and @shapes.
LogicalResult emitEntryPoints(RuntimeBuilder &b, StringRef variant);

} // namespace mlir::qopt

#endif // QOPT_LIB_CODEGEN_COMMON_RUNTIMEBUILDER_H
