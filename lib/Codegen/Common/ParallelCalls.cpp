//===- ParallelCalls.cpp - calls by ranges --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The captures of a parallel_call go through memory: the runtime knows only a
// function (args, begin, end).
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"

using namespace mlir;
using namespace mlir::qopt;

/// The fields of a capture, each a scalar of LLVM: of a buffer only what its
/// type does not say. Large models consist of such calls, and whole
/// descriptors would be most of their code.
static LogicalResult fieldsOf(RuntimeBuilder &b, Value capture,
                              SmallVectorImpl<Value> &fields) {
  auto type = dyn_cast<MemRefType>(capture.getType());
  if (!type) {
    Type converted = b.converter.convertType(capture.getType());
    if (!converted)
      return failure();
    fields.push_back(capture.getType() == converted
                         ? capture
                         : b.bridge(capture, converted));
    return success();
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return failure();
  MemRefDescriptor buffer = b.describe(capture);
  fields.push_back(buffer.alignedPtr(b.builder, b.loc));
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      fields.push_back(buffer.size(b.builder, b.loc, i));
  if (type.getLayout().isIdentity())
    return success();
  if (ShapedType::isDynamic(offset))
    fields.push_back(buffer.offset(b.builder, b.loc));
  for (auto [i, stride] : llvm::enumerate(strides))
    if (ShapedType::isDynamic(stride))
      fields.push_back(buffer.stride(b.builder, b.loc, i));
  return success();
}

/// The value of `type` that `fields` were taken of; takes them off the front.
static Value fromFields(RuntimeBuilder &b, Type type, ArrayRef<Value> &fields) {
  auto take = [&] {
    Value field = fields.front();
    fields = fields.drop_front();
    return field;
  };
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref) {
    Value value = take();
    return value.getType() == type ? value : b.bridge(value, type);
  }
  Value memory = take();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < memref.getRank(); ++i)
    sizes.push_back(memref.isDynamicDim(i)
                        ? take()
                        : b.constant(b.i64, memref.getDimSize(i)));
  if (memref.getLayout().isIdentity())
    return b.identityBuffer(memref, memory, sizes);
  auto [strides, offset] = memref.getStridesAndOffset();
  auto buffer = MemRefDescriptor::poison(b.builder, b.loc,
                                         b.converter.convertType(memref));
  buffer.setAllocatedPtr(b.builder, b.loc, memory);
  buffer.setAlignedPtr(b.builder, b.loc, memory);
  auto valueOf = [&](int64_t known) {
    return ShapedType::isDynamic(known) ? take() : b.constant(b.i64, known);
  };
  buffer.setOffset(b.builder, b.loc, valueOf(offset));
  for (auto [i, stride] : llvm::enumerate(strides)) {
    buffer.setSize(b.builder, b.loc, i, sizes[i]);
    buffer.setStride(b.builder, b.loc, i, valueOf(stride));
  }
  return b.bridge(buffer, memref);
}

static Value fieldAt(RuntimeBuilder &b, Value base, LLVM::LLVMStructType pack,
                     size_t i) {
  return LLVM::GEPOp::create(
      b.builder, b.loc, b.pointer, pack, base,
      ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
}

/// void (void *args, int64_t begin, int64_t end), which unpacks the captures.
static LLVM::LLVMFuncOp trampoline(RuntimeBuilder &b, ParallelCallOp op,
                                   LLVM::LLVMStructType pack) {
  std::string name = ("range_" + op.getCallee()).str();
  if (auto known = b.module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(b.builder);
  b.builder.setInsertionPointToEnd(b.module.getBody());
  auto function = LLVM::LLVMFuncOp::create(
      b.builder, op.getLoc(), name,
      LLVM::LLVMFunctionType::get(b.voidType(), {b.pointer, b.i64, b.i64}),
      LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(b.builder);
  b.builder.setInsertionPointToStart(entry);
  SmallVector<Value> operands = {b.toIndex(entry->getArgument(1)),
                                 b.toIndex(entry->getArgument(2))};
  SmallVector<Value> fields;
  for (auto [i, type] : llvm::enumerate(pack.getBody()))
    fields.push_back(LLVM::LoadOp::create(
        b.builder, b.loc, type, fieldAt(b, entry->getArgument(0), pack, i)));
  ArrayRef<Value> rest = fields;
  for (Value capture : op.getCaptures())
    operands.push_back(fromFields(b, capture.getType(), rest));
  func::CallOp::create(b.builder, b.loc, op.getCallee(), TypeRange(), operands);
  LLVM::ReturnOp::create(b.builder, b.loc, ValueRange());
  return function;
}

LogicalResult qopt::lowerParallelCall(RuntimeBuilder &b, ParallelCallOp op,
                                      Value context) {
  SmallVector<Value> fields;
  for (Value capture : op.getCaptures())
    if (failed(fieldsOf(b, capture, fields)))
      return op.emitOpError("captures a value of type ") << capture.getType();
  auto pack = LLVM::LLVMStructType::getLiteral(
      b.module.getContext(), llvm::to_vector(ValueRange(fields).getTypes()));
  Value slot = b.stackSlot(op, pack, 1);
  for (auto [i, value] : llvm::enumerate(fields))
    LLVM::StoreOp::create(b.builder, b.loc, value, fieldAt(b, slot, pack, i));
  auto function = b.runtimeFunction(
      "qopt_rt_kernel", b.voidType(),
      {b.pointer, b.pointer, b.pointer, b.i64, b.i64, b.pointer});
  Value body = LLVM::AddressOfOp::create(b.builder, b.loc, b.pointer,
                                         trampoline(b, op, pack).getSymName());
  // The function may take the context before everything else.
  bool hasContext =
      !op.getCaptures().empty() && op.getCaptures().front() == context;
  Value site = callSite(b, op, pack, hasContext);
  LLVM::CallOp::create(b.builder, b.loc, function,
                       ValueRange{context, body, slot, b.toI64(op.getCount()),
                                  b.toI64(op.getGrain()), site});
  return success();
}
