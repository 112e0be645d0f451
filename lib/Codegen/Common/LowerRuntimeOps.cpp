//===- LowerRuntimeOps.cpp - what talks to the runtime, as calls ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The other side of include/qopt/Runtime/ModelABI.h. The operations become
// calls on LLVM pointers, joined to the buffers around them by casts that the
// conversion to LLVM, which comes next, resolves. Symbols of this pass carry
// the name of the variant, or are internal: all variants meet in one library.
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_LOWERRUNTIMEOPSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Layout of qopt_arg and of a row of out_dims.
constexpr int64_t kArgBytes = 72, kArgDims = 8, kMaxRank = 8;

class RuntimeLowering {
public:
  RuntimeLowering(ModuleOp module, StringRef variant)
      : module(module), variant(variant), builder(module.getContext()),
        converter(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i8(builder.getI8Type()), i32(builder.getI32Type()),
        i64(builder.getI64Type()), f32(builder.getF32Type()) {}

  LogicalResult run() {
    addContexts();
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
    if (failed(emitRun()) || failed(emitShapes()))
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
  //===--------------------------------------------------------------------===//
  // The context
  //===--------------------------------------------------------------------===//

  static bool needsContext(Operation *op) {
    return isa<memref::AllocOp, memref::DeallocOp, OutputOp, RequireOp,
               ObserveOp, GuardOp, ParallelCallOp>(op);
  }

  /// Gives every function that needs the context an argument for it: the first
  /// one, or the first capture where the function is called by ranges.
  void addContexts() {
    SymbolTable symbols(module);
    llvm::DenseSet<Operation *> ranged;
    llvm::SetVector<Operation *> needing;
    if (auto main = symbols.lookup<func::FuncOp>("main"))
      needing.insert(main);
    module.walk([&](Operation *op) {
      if (needsContext(op))
        if (auto function = op->getParentOfType<func::FuncOp>())
          needing.insert(function);
      if (auto call = dyn_cast<ParallelCallOp>(op))
        ranged.insert(symbols.lookup(call.getCallee()));
    });
    llvm::DenseMap<Operation *, SmallVector<Operation *>> callers;
    module.walk([&](func::CallOp call) {
      callers[symbols.lookup(call.getCallee())].push_back(
          call->getParentOfType<func::FuncOp>());
    });
    for (size_t i = 0; i < needing.size(); ++i)
      for (Operation *caller : callers.lookup(needing[i]))
        if (caller)
          needing.insert(caller);
    for (Operation *op : needing) {
      auto function = cast<func::FuncOp>(op);
      unsigned position = ranged.contains(op) ? 2 : 0;
      (void)function.insertArgument(position, pointer, {}, function.getLoc());
      contexts[op] = function.getArgument(position);
    }
    module.walk([&](Operation *op) {
      if (auto call = dyn_cast<func::CallOp>(op)) {
        Operation *callee = symbols.lookup(call.getCallee());
        if (contexts.contains(callee))
          call->insertOperands(ranged.contains(callee) ? 2 : 0, contextOf(op));
      } else if (auto call = dyn_cast<ParallelCallOp>(op)) {
        if (contexts.contains(symbols.lookup(call.getCallee())))
          call.getCapturesMutable().assign(withContext(call));
      }
    });
  }

  SmallVector<Value> withContext(ParallelCallOp call) {
    SmallVector<Value> captures = {contextOf(call)};
    llvm::append_range(captures, call.getCaptures());
    return captures;
  }

  Value contextOf(Operation *op) {
    return contexts.lookup(op->getParentOfType<func::FuncOp>());
  }

  /// The conversion to LLVM makes several arguments of a buffer and drops its
  /// attributes. Those of the function live on: note the positions that the
  /// pointers will have.
  void noteNoAlias(func::FuncOp function) {
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
                        builder.getDenseI64ArrayAttr(positions));
  }

  //===--------------------------------------------------------------------===//
  // Small pieces
  //===--------------------------------------------------------------------===//

  Value constant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, type,
                                    builder.getIntegerAttr(type, value));
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, i64, index);
  }
  Value toIndex(Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value);
  }
  /// `value` as a type on the other side of the conversion to LLVM.
  Value bridge(Value value, Type type) {
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }
  Value at(Value base, int64_t bytes) {
    if (bytes == 0)
      return base;
    return LLVM::GEPOp::create(builder, loc, pointer, i8, base,
                               ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(bytes)});
  }
  MemRefDescriptor describe(Value memref) {
    return MemRefDescriptor(
        bridge(memref, converter.convertType(memref.getType())));
  }

  LLVM::LLVMFuncOp runtimeFunction(StringRef name, Type result,
                                   ArrayRef<Type> arguments) {
    if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(
        builder, builder.getUnknownLoc(), name,
        LLVM::LLVMFunctionType::get(result, arguments));
    function.setVisibility_(LLVM::Visibility::Hidden);
    return function;
  }
  LLVM::LLVMVoidType voidType() {
    return LLVM::LLVMVoidType::get(module.getContext());
  }

  /// A descriptor of identity layout over `memory`; `dynamicSizes` as in
  /// memref.alloc. Returns the memref.
  Value identityBuffer(MemRefType type, Value memory, ArrayRef<Value> sizes) {
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

  SmallVector<Value> sizesOf(MemRefType type, ValueRange dynamicSizes) {
    SmallVector<Value> sizes;
    unsigned next = 0;
    for (int64_t size : type.getShape())
      sizes.push_back(ShapedType::isDynamic(size) ? toI64(dynamicSizes[next++])
                                                  : constant(i64, size));
    return sizes;
  }

  Value bytesOf(MemRefType type, ArrayRef<Value> sizes) {
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

  /// Stack memory made once per call of the function, whatever loop `op` is in.
  Value stackSlot(Operation *op, Type type, int64_t count) {
    OpBuilder::InsertionGuard guard(builder);
    auto function = op->getParentOfType<FunctionOpInterface>();
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    return LLVM::AllocaOp::create(builder, loc, pointer, type,
                                  constant(i64, count), /*alignment=*/16);
  }

  LogicalResult checkLayout(Operation *op, MemRefType type) {
    if (!type.getLayout().isIdentity())
      return op->emitOpError("needs a buffer of identity layout");
    if (type.getRank() > kMaxRank)
      return op->emitOpError("has more than 8 dims");
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Operations
  //===--------------------------------------------------------------------===//

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
      return lowerParallelCall(call);
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
                             ValueRange{contextOf(op), bytesOf(type, sizes)})
            .getResult();
    op.replaceAllUsesWith(identityBuffer(type, memory, sizes));
    return success();
  }

  LogicalResult lowerDealloc(memref::DeallocOp op) {
    auto function =
        runtimeFunction("qopt_rt_free", voidType(), {pointer, pointer});
    Value memory = describe(op.getMemref()).allocatedPtr(builder, loc);
    LLVM::CallOp::create(builder, loc, function,
                         ValueRange{contextOf(op), memory});
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
                       ValueRange{contextOf(op), constant(i32, op.getIndex()),
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
    SmallVector<Value> operands = {contextOf(op), text(op.getMessage())};
    for (Value argument : op.getArguments())
      operands.push_back(toI64(argument));
    while (operands.size() < 4)
      operands.push_back(constant(i64, 0));
    LLVM::CallOp::create(builder, loc, function, operands);
    return success();
  }

  /// A NUL-terminated constant.
  Value text(StringRef content) {
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
        ValueRange{contextOf(op), constant(i32, op.getTap()),
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
        ValueRange{contextOf(op), constant(i32, *op.getIndex()),
                   buffer.alignedPtr(builder, loc), rows, threshold});
    return success();
  }

  /// The fields of a capture, each a scalar of LLVM: of a buffer only what its
  /// type does not say. Large models consist of such calls, and whole
  /// descriptors would be most of their code.
  LogicalResult fieldsOf(Value capture, SmallVectorImpl<Value> &fields) {
    auto type = dyn_cast<MemRefType>(capture.getType());
    if (!type) {
      Type converted = converter.convertType(capture.getType());
      if (!converted)
        return failure();
      fields.push_back(capture.getType() == converted
                           ? capture
                           : bridge(capture, converted));
      return success();
    }
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return failure();
    MemRefDescriptor buffer = describe(capture);
    fields.push_back(buffer.alignedPtr(builder, loc));
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        fields.push_back(buffer.size(builder, loc, i));
    if (type.getLayout().isIdentity())
      return success();
    if (ShapedType::isDynamic(offset))
      fields.push_back(buffer.offset(builder, loc));
    for (auto [i, stride] : llvm::enumerate(strides))
      if (ShapedType::isDynamic(stride))
        fields.push_back(buffer.stride(builder, loc, i));
    return success();
  }

  /// The value of `type` that `fields` were taken of; takes them off the front.
  Value fromFields(Type type, ArrayRef<Value> &fields) {
    auto take = [&] {
      Value field = fields.front();
      fields = fields.drop_front();
      return field;
    };
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      Value value = take();
      return value.getType() == type ? value : bridge(value, type);
    }
    Value memory = take();
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < memref.getRank(); ++i)
      sizes.push_back(memref.isDynamicDim(i)
                          ? take()
                          : constant(i64, memref.getDimSize(i)));
    if (memref.getLayout().isIdentity())
      return identityBuffer(memref, memory, sizes);
    auto [strides, offset] = memref.getStridesAndOffset();
    auto buffer =
        MemRefDescriptor::poison(builder, loc, converter.convertType(memref));
    buffer.setAllocatedPtr(builder, loc, memory);
    buffer.setAlignedPtr(builder, loc, memory);
    auto valueOf = [&](int64_t known) {
      return ShapedType::isDynamic(known) ? take() : constant(i64, known);
    };
    buffer.setOffset(builder, loc, valueOf(offset));
    for (auto [i, stride] : llvm::enumerate(strides)) {
      buffer.setSize(builder, loc, i, sizes[i]);
      buffer.setStride(builder, loc, i, valueOf(stride));
    }
    return bridge(buffer, memref);
  }

  LogicalResult lowerParallelCall(ParallelCallOp op) {
    SmallVector<Value> fields;
    for (Value capture : op.getCaptures())
      if (failed(fieldsOf(capture, fields)))
        return op.emitOpError("captures a value of type ") << capture.getType();
    auto pack = LLVM::LLVMStructType::getLiteral(
        module.getContext(), llvm::to_vector(ValueRange(fields).getTypes()));
    Value slot = stackSlot(op, pack, 1);
    for (auto [i, value] : llvm::enumerate(fields))
      LLVM::StoreOp::create(builder, loc, value, fieldAt(slot, pack, i));
    auto function = runtimeFunction("qopt_rt_parallel_for", voidType(),
                                    {pointer, pointer, pointer, i64, i64});
    Value body = LLVM::AddressOfOp::create(builder, loc, pointer,
                                           trampoline(op, pack).getSymName());
    LLVM::CallOp::create(builder, loc, function,
                         ValueRange{contextOf(op), body, slot,
                                    toI64(op.getCount()),
                                    toI64(op.getGrain())});
    return success();
  }

  Value fieldAt(Value base, LLVM::LLVMStructType pack, size_t i) {
    return LLVM::GEPOp::create(
        builder, loc, pointer, pack, base,
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
  }

  /// void (void *args, int64_t begin, int64_t end), which unpacks the captures.
  LLVM::LLVMFuncOp trampoline(ParallelCallOp op, LLVM::LLVMStructType pack) {
    std::string name = ("range_" + op.getCallee()).str();
    if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(
        builder, op.getLoc(), name,
        LLVM::LLVMFunctionType::get(voidType(), {pointer, i64, i64}),
        LLVM::Linkage::Internal);
    Block *entry = function.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    SmallVector<Value> operands = {toIndex(entry->getArgument(1)),
                                   toIndex(entry->getArgument(2))};
    SmallVector<Value> fields;
    for (auto [i, type] : llvm::enumerate(pack.getBody()))
      fields.push_back(LLVM::LoadOp::create(
          builder, loc, type, fieldAt(entry->getArgument(0), pack, i)));
    ArrayRef<Value> rest = fields;
    for (Value capture : op.getCaptures())
      operands.push_back(fromFields(capture.getType(), rest));
    func::CallOp::create(builder, loc, op.getCallee(), TypeRange(), operands);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return function;
  }

  //===--------------------------------------------------------------------===//
  // Entry points
  //===--------------------------------------------------------------------===//

  LLVM::LLVMFuncOp entryPoint(StringRef name, ArrayRef<Type> arguments) {
    builder.setInsertionPointToEnd(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(
        builder, module.getLoc(), (name + "_" + variant).str(),
        LLVM::LLVMFunctionType::get(i32, arguments));
    function.setVisibility_(LLVM::Visibility::Hidden);
    loc = module.getLoc();
    return function;
  }

  Value loadDim(Value args, int64_t input, int64_t dim) {
    return LLVM::LoadOp::create(
        builder, loc, i64, at(args, kArgBytes * input + kArgDims + 8 * dim));
  }

  /// int32_t run(qopt_ctx *, const qopt_arg *)
  LogicalResult emitRun() {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main)
      return module.emitError("needs a function @main");
    if (main.getNumResults() != 0)
      return main.emitError("still returns its results");
    LLVM::LLVMFuncOp function = entryPoint("run", {pointer, pointer});
    Block *entry = function.addEntryBlock(builder);
    SmallVector<BlockArgument> inputs(main.getArguments().drop_front());
    for (auto [i, input] : llvm::enumerate(inputs)) {
      auto type = dyn_cast<MemRefType>(input.getType());
      if (!type || failed(checkLayout(main, type)))
        return main.emitError("arguments of @main are buffers");
      for (int64_t d = 0; d < type.getRank(); ++d)
        if (type.isDynamicDim(d))
          dynamicDims.push_back({i, d});
    }
    takePacked(main, 1, [&](Value args) {
      for (auto [i, input] : llvm::enumerate(inputs)) {
        if (input.use_empty())
          continue;
        auto type = cast<MemRefType>(input.getType());
        Value data = LLVM::LoadOp::create(builder, loc, pointer,
                                          at(args, kArgBytes * i));
        SmallVector<Value> sizes;
        for (int64_t d = 0; d < type.getRank(); ++d)
          sizes.push_back(type.isDynamicDim(d)
                              ? loadDim(args, i, d)
                              : constant(i64, type.getDimSize(d)));
        input.replaceAllUsesWith(identityBuffer(type, data, sizes));
      }
    });
    builder.setInsertionPointToStart(entry);
    func::CallOp::create(builder, loc, main, entry->getArguments());
    LLVM::ReturnOp::create(builder, loc, constant(i32, 0));
    return success();
  }

  /// Replaces the arguments from `first` on by a pointer to all of them, which
  /// `unpack` reads at the start of the function. There may be thousands, and
  /// LLVM's time for a call grows faster than their number.
  void takePacked(func::FuncOp function, unsigned first,
                  llvm::function_ref<void(Value)> unpack) {
    unsigned end = function.getNumArguments();
    (void)function.insertArgument(end, pointer, {}, loc);
    builder.setInsertionPointToStart(&function.front());
    unpack(function.getArgument(end));
    llvm::BitVector replaced(end + 1);
    replaced.set(first, end);
    (void)function.eraseArguments(replaced);
  }

  /// int32_t shapes(qopt_ctx *, const qopt_arg *, int64_t (*)[8])
  LogicalResult emitShapes() {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    auto shapes = module.lookupSymbol<func::FuncOp>("shapes");
    auto ranks = main->getAttrOfType<DenseI64ArrayAttr>("qopt.result_ranks");
    if (!shapes || !ranks)
      return module.emitError("needs the function @shapes");
    LLVM::LLVMFuncOp function =
        entryPoint("shapes", {pointer, pointer, pointer});
    Block *entry = function.addEntryBlock(builder);
    if (dynamicDims.size() != shapes.getNumArguments())
      return shapes.emitError("takes other dims than @main has");
    takePacked(shapes, 0, [&](Value args) {
      for (auto [place, dim] : llvm::zip(dynamicDims, shapes.getArguments()))
        if (!dim.use_empty())
          dim.replaceAllUsesWith(
              toIndex(loadDim(args, place.first, place.second)));
    });
    builder.setInsertionPointToStart(entry);
    auto call =
        func::CallOp::create(builder, loc, shapes, entry->getArgument(1));
    unsigned next = 0;
    for (auto [i, rank] : llvm::enumerate(ranks.asArrayRef()))
      for (int64_t d = 0; d < rank; ++d) {
        if (next >= call.getNumResults())
          return shapes.emitError("returns too few dims");
        LLVM::StoreOp::create(builder, loc, toI64(call.getResult(next++)),
                              at(entry->getArgument(2),
                                 8 * (kMaxRank * static_cast<int64_t>(i) + d)));
      }
    LLVM::ReturnOp::create(builder, loc, constant(i32, 0));
    return success();
  }

  ModuleOp module;
  StringRef variant;
  OpBuilder builder;
  LLVMTypeConverter converter;
  LLVM::LLVMPointerType pointer;
  Type i8, i32, i64, f32;
  Location loc = builder.getUnknownLoc();
  llvm::DenseMap<Operation *, Value> contexts;
  llvm::StringMap<std::string> texts;
  /// Input and number of each dim of the inputs that a run decides.
  SmallVector<std::pair<int64_t, int64_t>> dynamicDims;
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
