//===- LowerRuntimeOps.cpp - what talks to the runtime, as calls ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The other side of include/qopt/Runtime/ModelABI.h. The operations become
// calls on LLVM pointers, joined to the buffers around them by casts that the
// conversion to LLVM, which comes next, resolves. Symbols of this pass carry
// the name of the variant, or are internal: all variants meet in one library.
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_LOWERRUNTIMEOPSPASS
#include "qopt/Codegen/Passes.h.inc"

/// The conversion to LLVM makes several arguments of a buffer and drops its
/// attributes. Those of the function live on: note the positions that the
/// pointers will have.
static void noteNoAlias(func::FuncOp function) {
  SmallVector<int64_t> positions;
  int64_t next = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[i]);
    if (type && function.getArgAttr(i, "qopt.noalias"))
      positions.append({next, next + 1});
    (void)function.removeArgAttr(i, "qopt.noalias");
    next += type ? MemRefDescriptor::getNumUnpackedValues(type) : 1;
  }
  if (!positions.empty())
    function->setAttr("qopt.noalias",
                      DenseI64ArrayAttr::get(function.getContext(), positions));
}

namespace {

class RuntimeLowering : RuntimeBuilder {
public:
  RuntimeLowering(ModuleOp module, StringRef variant)
      : RuntimeBuilder(module), variant(variant), contexts(module) {}

  LogicalResult run() {
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (isa_and_nonnull<QOptDialect>(op->getDialect()) ||
          isa<memref::AllocOp, memref::DeallocOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      loc = op->getLoc();
      builder.setInsertionPoint(op);
      if (failed(lower(op)))
        return failure();
      op->erase();
    }
    if (failed(emitEntryPoints(*this, variant)))
      return failure();
    for (auto function : module.getOps<func::FuncOp>())
      noteNoAlias(function);
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        function->setAttr("llvm.linkage",
                          LLVM::LinkageAttr::get(module.getContext(),
                                                 LLVM::Linkage::Internal));
    return success();
  }

private:
  LogicalResult lower(Operation *op) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return lowerAlloc(alloc);
    if (auto dealloc = dyn_cast<memref::DeallocOp>(op))
      return lowerDealloc(dealloc);
    if (auto weight = dyn_cast<WeightOp>(op))
      return lowerWeight(weight);
    if (auto output = dyn_cast<OutputOp>(op))
      return lowerOutput(output);
    if (auto require = dyn_cast<RequireOp>(op))
      return lowerRequire(require);
    if (auto observe = dyn_cast<ObserveOp>(op))
      return lowerObserve(observe);
    if (auto guard = dyn_cast<GuardOp>(op))
      return lowerGuard(guard);
    if (auto call = dyn_cast<ParallelCallOp>(op))
      return lowerParallelCall(*this, call, contexts.of(call));
    return op->emitOpError("has no kernel in this variant");
  }

  LogicalResult lowerAlloc(memref::AllocOp op) {
    MemRefType type = op.getType();
    if (!type.getLayout().isIdentity() || !type.getElementType().isIntOrFloat())
      return op.emitOpError("needs an identity layout and numbers as elements");
    SmallVector<Value> sizes = sizesOf(type, op.getDynamicSizes());
    auto function = runtimeFunction("qopt_rt_alloc", pointer, {pointer, i64});
    function.setResAttrsAttr(builder.getArrayAttr(builder.getDictionaryAttr(
        {builder.getNamedAttr(LLVM::LLVMDialect::getNoAliasAttrName(),
                              builder.getUnitAttr()),
         builder.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(),
                              builder.getI64IntegerAttr(64))})));
    Value memory =
        LLVM::CallOp::create(builder, loc, function,
                             ValueRange{contexts.of(op), bytesOf(type, sizes)})
            .getResult();
    op.replaceAllUsesWith(identityBuffer(type, memory, sizes));
    return success();
  }

  LogicalResult lowerDealloc(memref::DeallocOp op) {
    auto function =
        runtimeFunction("qopt_rt_free", voidType(), {pointer, pointer});
    Value memory = describe(op.getMemref()).allocatedPtr(builder, loc);
    LLVM::CallOp::create(builder, loc, function,
                         ValueRange{contexts.of(op), memory});
    return success();
  }

  LogicalResult lowerWeight(WeightOp op) {
    auto type = dyn_cast<MemRefType>(op.getResult().getType());
    if (!type || !op.getOffset())
      return op.emitOpError("has not been placed");
    if (!module.lookupSymbol("qopt_weights")) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      auto global = LLVM::GlobalOp::create(
          builder, builder.getUnknownLoc(), LLVM::LLVMArrayType::get(i8, 0),
          /*isConstant=*/true, LLVM::Linkage::External, "qopt_weights",
          Attribute(), /*alignment=*/64, /*addrSpace=*/0, /*dsoLocal=*/true);
      global.setVisibility_(LLVM::Visibility::Hidden);
    }
    Value base =
        LLVM::AddressOfOp::create(builder, loc, pointer, "qopt_weights");
    // Not by a constant GEP index: those are 32 bits wide.
    int64_t offset = *op.getOffset();
    Value memory = offset == 0
                       ? base
                       : LLVM::GEPOp::create(builder, loc, pointer, i8, base,
                                             ValueRange{constant(i64, offset)});
    Value descriptor = MemRefDescriptor::fromStaticShape(
        builder, loc, converter, type, memory);
    op.getResult().replaceAllUsesWith(bridge(descriptor, type));
    return success();
  }

  LogicalResult lowerOutput(OutputOp op) {
    auto type = dyn_cast<MemRefType>(op.getBuffer().getType());
    if (!type || failed(checkLayout(op, type)))
      return failure();
    SmallVector<Value> sizes = sizesOf(type, op.getDynamicSizes());
    auto function = runtimeFunction("qopt_rt_output", pointer,
                                    {pointer, i32, i32, pointer});
    Value dims = stackSlot(op, i64, std::max<int64_t>(1, type.getRank()));
    for (auto [i, size] : llvm::enumerate(sizes))
      LLVM::StoreOp::create(builder, loc, size, at(dims, 8 * i));
    Value memory = LLVM::CallOp::create(
                       builder, loc, function,
                       ValueRange{contexts.of(op), constant(i32, op.getIndex()),
                                  constant(i32, type.getRank()), dims})
                       .getResult();
    op.getBuffer().replaceAllUsesWith(identityBuffer(type, memory, sizes));
    return success();
  }

  LogicalResult lowerRequire(RequireOp op) {
    if (op.getArguments().size() > 2)
      return op.emitOpError("has more than two arguments");
    auto function = runtimeFunction("qopt_rt_fail", voidType(),
                                    {pointer, pointer, i64, i64});
    // It leaves by longjmp: code behind the check may rely on it.
    function.setPassthroughAttr(builder.getArrayAttr(
        {builder.getStringAttr("noreturn"), builder.getStringAttr("cold")}));
    Value truth = arith::ConstantIntOp::create(builder, loc, 1, 1);
    Value failed =
        arith::XOrIOp::create(builder, loc, op.getCondition(), truth);
    auto branch = scf::IfOp::create(builder, loc, failed, /*withElse=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    SmallVector<Value> operands = {contexts.of(op), text(op.getMessage())};
    for (Value argument : op.getArguments())
      operands.push_back(toI64(argument));
    while (operands.size() < 4)
      operands.push_back(constant(i64, 0));
    LLVM::CallOp::create(builder, loc, function, operands);
    return success();
  }

  LogicalResult lowerObserve(ObserveOp op) {
    auto type = dyn_cast<MemRefType>(op.getInput().getType());
    if (!type || type.getRank() == 0)
      return op.emitOpError("needs a buffer of rows");
    if (failed(checkLayout(op, type)))
      return failure();
    auto function = runtimeFunction("qopt_rt_observe", voidType(),
                                    {pointer, i32, pointer, i64, i64});
    MemRefDescriptor buffer = describe(op.getInput());
    Value rows = constant(i64, 1);
    for (int64_t i = 0; i + 1 < type.getRank(); ++i)
      rows =
          LLVM::MulOp::create(builder, loc, rows, buffer.size(builder, loc, i));
    LLVM::CallOp::create(
        builder, loc, function,
        ValueRange{contexts.of(op), constant(i32, op.getTap()),
                   buffer.alignedPtr(builder, loc), rows,
                   buffer.size(builder, loc, type.getRank() - 1)});
    return success();
  }

  LogicalResult lowerGuard(GuardOp op) {
    auto type = dyn_cast<MemRefType>(op.getMagnitudes().getType());
    if (!type || failed(checkLayout(op, type)))
      return failure();
    if (!op.getIndex())
      return op.emitOpError("has no index");
    auto function = runtimeFunction("qopt_rt_guard", voidType(),
                                    {pointer, i32, pointer, i64, f32});
    MemRefDescriptor buffer = describe(op.getMagnitudes());
    Value rows = constant(i64, 1);
    for (int64_t i = 0; i < type.getRank(); ++i)
      rows =
          LLVM::MulOp::create(builder, loc, rows, buffer.size(builder, loc, i));
    Value threshold =
        LLVM::ConstantOp::create(builder, loc, f32, op.getThresholdAttr());
    LLVM::CallOp::create(
        builder, loc, function,
        ValueRange{contexts.of(op), constant(i32, *op.getIndex()),
                   buffer.alignedPtr(builder, loc), rows, threshold});
    return success();
  }

  StringRef variant;
  RuntimeContexts contexts;
};

class LowerRuntimeOpsPass final
    : public impl::LowerRuntimeOpsPassBase<LowerRuntimeOpsPass> {
public:
  using LowerRuntimeOpsPassBase::LowerRuntimeOpsPassBase;

private:
  void runOnOperation() override {
    if (failed(RuntimeLowering(getOperation(), isa).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace mlir::qopt
