//===- EntryPoints.cpp - what the table of a library calls ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that the runtime knows of a variant take the dims and data of
// all inputs as one array (include/qopt/Runtime/ModelABI.h).
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"

using namespace mlir;
using namespace mlir::qopt;

/// Input and number of each dim of the inputs that a run decides.
using DynamicDims = SmallVector<std::pair<int64_t, int64_t>>;

static LLVM::LLVMFuncOp entryPoint(RuntimeBuilder &b, StringRef variant,
                                   StringRef name, ArrayRef<Type> arguments) {
  b.builder.setInsertionPointToEnd(b.module.getBody());
  auto function = LLVM::LLVMFuncOp::create(
      b.builder, b.module.getLoc(), (name + "_" + variant).str(),
      LLVM::LLVMFunctionType::get(b.i32, arguments));
  function.setVisibility_(LLVM::Visibility::Hidden);
  b.loc = b.module.getLoc();
  return function;
}

static Value loadDim(RuntimeBuilder &b, Value args, int64_t input,
                     int64_t dim) {
  return LLVM::LoadOp::create(
      b.builder, b.loc, b.i64,
      b.at(args, kArgBytes * input + kArgDims + 8 * dim));
}

/// Replaces the arguments from `first` on by a pointer to all of them, which
/// `unpack` reads at the start of the function. There may be thousands, and
/// LLVM's time for a call grows faster than their number.
static void takePacked(RuntimeBuilder &b, func::FuncOp function, unsigned first,
                       llvm::function_ref<void(Value)> unpack) {
  unsigned end = function.getNumArguments();
  (void)function.insertArgument(end, b.pointer, {}, b.loc);
  b.builder.setInsertionPointToStart(&function.front());
  unpack(function.getArgument(end));
  llvm::BitVector replaced(end + 1);
  replaced.set(first, end);
  (void)function.eraseArguments(replaced);
}

/// int32_t run(qopt_ctx *, const qopt_arg *)
static LogicalResult emitRun(RuntimeBuilder &b, StringRef variant,
                             DynamicDims &dynamicDims) {
  auto main = b.module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return b.module.emitError("needs a function @main");
  if (main.getNumResults() != 0)
    return main.emitError("still returns its results");
  LLVM::LLVMFuncOp function =
      entryPoint(b, variant, "run", {b.pointer, b.pointer});
  Block *entry = function.addEntryBlock(b.builder);
  SmallVector<BlockArgument> inputs(main.getArguments().drop_front());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto type = dyn_cast<MemRefType>(input.getType());
    if (!type || failed(b.checkLayout(main, type)))
      return main.emitError("arguments of @main are buffers");
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        dynamicDims.push_back({i, d});
  }
  takePacked(b, main, 1, [&](Value args) {
    for (auto [i, input] : llvm::enumerate(inputs)) {
      if (input.use_empty())
        continue;
      auto type = cast<MemRefType>(input.getType());
      Value data = LLVM::LoadOp::create(b.builder, b.loc, b.pointer,
                                        b.at(args, kArgBytes * i));
      SmallVector<Value> sizes;
      for (int64_t d = 0; d < type.getRank(); ++d)
        sizes.push_back(type.isDynamicDim(d)
                            ? loadDim(b, args, i, d)
                            : b.constant(b.i64, type.getDimSize(d)));
      input.replaceAllUsesWith(b.identityBuffer(type, data, sizes));
    }
  });
  b.builder.setInsertionPointToStart(entry);
  func::CallOp::create(b.builder, b.loc, main, entry->getArguments());
  LLVM::ReturnOp::create(b.builder, b.loc, b.constant(b.i32, 0));
  return success();
}

/// int32_t shapes(qopt_ctx *, const qopt_arg *, int64_t (*)[8])
static LogicalResult emitShapes(RuntimeBuilder &b, StringRef variant,
                                const DynamicDims &dynamicDims) {
  auto main = b.module.lookupSymbol<func::FuncOp>("main");
  auto shapes = b.module.lookupSymbol<func::FuncOp>("shapes");
  auto ranks = main->getAttrOfType<DenseI64ArrayAttr>("qopt.result_ranks");
  if (!shapes || !ranks)
    return b.module.emitError("needs the function @shapes");
  LLVM::LLVMFuncOp function =
      entryPoint(b, variant, "shapes", {b.pointer, b.pointer, b.pointer});
  Block *entry = function.addEntryBlock(b.builder);
  if (dynamicDims.size() != shapes.getNumArguments())
    return shapes.emitError("takes other dims than @main has");
  takePacked(b, shapes, 0, [&](Value args) {
    for (auto [place, dim] : llvm::zip(dynamicDims, shapes.getArguments()))
      if (!dim.use_empty())
        dim.replaceAllUsesWith(
            b.toIndex(loadDim(b, args, place.first, place.second)));
  });
  b.builder.setInsertionPointToStart(entry);
  auto call =
      func::CallOp::create(b.builder, b.loc, shapes, entry->getArgument(1));
  unsigned next = 0;
  for (auto [i, rank] : llvm::enumerate(ranks.asArrayRef()))
    for (int64_t d = 0; d < rank; ++d) {
      if (next >= call.getNumResults())
        return shapes.emitError("returns too few dims");
      LLVM::StoreOp::create(b.builder, b.loc, b.toI64(call.getResult(next++)),
                            b.at(entry->getArgument(2),
                                 8 * (kMaxRank * static_cast<int64_t>(i) + d)));
    }
  LLVM::ReturnOp::create(b.builder, b.loc, b.constant(b.i32, 0));
  return success();
}

LogicalResult qopt::emitEntryPoints(RuntimeBuilder &b, StringRef variant) {
  DynamicDims dynamicDims;
  return failure(failed(emitRun(b, variant, dynamicDims)) ||
                 failed(emitShapes(b, variant, dynamicDims)));
}
