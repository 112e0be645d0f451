//===- RuntimeBuilder.cpp - calls of the runtime, in LLVM -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RuntimeBuilder.h"

using namespace mlir;
using namespace mlir::qopt;

Value RuntimeBuilder::constant(Type type, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, type,
                                  builder.getIntegerAttr(type, value));
}

Value RuntimeBuilder::toI64(Value index) {
  return arith::IndexCastOp::create(builder, loc, i64, index);
}

Value RuntimeBuilder::toIndex(Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

Value RuntimeBuilder::bridge(Value value, Type type) {
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

Value RuntimeBuilder::at(Value base, int64_t bytes) {
  if (bytes == 0)
    return base;
  return LLVM::GEPOp::create(builder, loc, pointer, i8, base,
                             ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(bytes)});
}

MemRefDescriptor RuntimeBuilder::describe(Value memref) {
  return MemRefDescriptor(
      bridge(memref, converter.convertType(memref.getType())));
}

LLVM::LLVMFuncOp RuntimeBuilder::runtimeFunction(StringRef name, Type result,
                                                 ArrayRef<Type> arguments) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto function =
      LLVM::LLVMFuncOp::create(builder, builder.getUnknownLoc(), name,
                               LLVM::LLVMFunctionType::get(result, arguments));
  function.setVisibility_(LLVM::Visibility::Hidden);
  return function;
}

LLVM::LLVMVoidType RuntimeBuilder::voidType() {
  return LLVM::LLVMVoidType::get(module.getContext());
}

Value RuntimeBuilder::identityBuffer(MemRefType type, Value memory,
                                     ArrayRef<Value> sizes) {
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, memory);
  descriptor.setAlignedPtr(builder, loc, memory);
  descriptor.setConstantOffset(builder, loc, 0);
  Value stride = constant(i64, 1);
  int64_t known = 1;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    descriptor.setSize(builder, loc, i, sizes[i]);
    descriptor.setStride(builder, loc, i, stride);
    if (i == 0)
      break;
    if (known >= 0 && !type.isDynamicDim(i)) {
      known *= type.getDimSize(i);
      stride = constant(i64, known);
    } else {
      known = -1;
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[i]);
    }
  }
  return bridge(descriptor, type);
}

SmallVector<Value> RuntimeBuilder::sizesOf(MemRefType type,
                                           ValueRange dynamicSizes) {
  SmallVector<Value> sizes;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? toI64(dynamicSizes[next++])
                                                : constant(i64, size));
  return sizes;
}

Value RuntimeBuilder::bytesOf(MemRefType type, ArrayRef<Value> sizes) {
  int64_t known = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      known *= size;
  Value bytes = constant(i64, known);
  for (auto [i, size] : llvm::enumerate(sizes))
    if (type.isDynamicDim(i))
      bytes = LLVM::MulOp::create(builder, loc, bytes, size);
  return bytes;
}

Value RuntimeBuilder::stackSlot(Operation *op, Type type, int64_t count) {
  OpBuilder::InsertionGuard guard(builder);
  auto function = op->getParentOfType<FunctionOpInterface>();
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  return LLVM::AllocaOp::create(builder, loc, pointer, type,
                                constant(i64, count), /*alignment=*/16);
}

LogicalResult RuntimeBuilder::checkLayout(Operation *op, MemRefType type) {
  if (!type.getLayout().isIdentity())
    return op->emitOpError("needs a buffer of identity layout");
  if (type.getRank() > kMaxRank)
    return op->emitOpError("has more than 8 dims");
  return success();
}

Value RuntimeBuilder::text(StringRef content) {
  auto [it, inserted] = texts.try_emplace(content, std::string());
  if (inserted) {
    it->second = "text_" + std::to_string(texts.size());
    std::string bytes = content.str();
    bytes.push_back('\0');
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(builder, builder.getUnknownLoc(),
                           LLVM::LLVMArrayType::get(i8, bytes.size()),
                           /*isConstant=*/true, LLVM::Linkage::Private,
                           it->second, builder.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(builder, loc, pointer, it->second);
}
