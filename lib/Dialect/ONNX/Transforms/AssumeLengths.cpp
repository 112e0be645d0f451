//===- AssumeLengths.cpp - lengths of inputs that decide ranks -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An input that holds a shape has as many elements as some tensor has dims. A
// model that leaves that length open can leave ranks open, which no type can
// say. Mostly only one length gives a graph whose ranks are all known and are
// those that the model declares; each is tried on a copy.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXASSUMELENGTHSPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

// Ranks above are refused by the importer.
constexpr int64_t kMaxLength = 8;

bool hasUnranked(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return llvm::any_of(op->getResultTypes(),
                            llvm::IsaPred<UnrankedTensorType>)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

// Whether an input may hold a shape of unknown length.
bool isOpenList(Type type) {
  auto list = dyn_cast<RankedTensorType>(type);
  return list && list.getRank() == 1 && list.isDynamicDim(0) &&
         isa<IntegerType>(list.getElementType()) &&
         list.getElementTypeBitWidth() >= 32;
}

void setLength(func::FuncOp function, ArrayRef<unsigned> inputs,
               int64_t length) {
  SmallVector<Type> types(function.getArgumentTypes());
  for (unsigned input : inputs) {
    types[input] = cast<RankedTensorType>(types[input]).clone({length});
    function.getArgument(input).setType(types[input]);
  }
  function.setType(FunctionType::get(function.getContext(), types,
                                     function.getResultTypes()));
}

class ONNXAssumeLengthsPass final
    : public impl::ONNXAssumeLengthsPassBase<ONNXAssumeLengthsPass> {
public:
  using ONNXAssumeLengthsPassBase::ONNXAssumeLengthsPassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && hasUnranked(function) &&
          failed(assume(function)))
        return signalPassFailure();
  }

private:
  LogicalResult infer(ModuleOp module) {
    OpPassManager manager(ModuleOp::getOperationName());
    buildInferencePipeline(manager);
    return runPipeline(manager, module);
  }

  // One input after the other, then all of them with the same length.
  LogicalResult assume(func::FuncOp function) {
    SmallVector<SmallVector<unsigned>> candidates;
    SmallVector<unsigned> open;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (isOpenList(function.getArgument(i).getType())) {
        candidates.push_back({i});
        open.push_back(i);
      }
    if (open.size() > 1)
      candidates.push_back(open);
    for (ArrayRef<unsigned> inputs : candidates) {
      std::optional<int64_t> length = onlyLength(function, inputs);
      if (!length)
        continue;
      setLength(function, inputs, *length);
      numAssumed += inputs.size();
      for (unsigned input : inputs) {
        auto name = function.getArgAttrOfType<StringAttr>(input, "onnx.name");
        function.emitWarning()
            << "input '" << (name ? name.getValue() : StringRef())
            << "' decides ranks by its length: compiled for " << *length
            << ", the only one that fits; a run with another ends in an error";
      }
      return infer(getOperation());
    }
    return success();
  }

  std::optional<int64_t> onlyLength(func::FuncOp function,
                                    ArrayRef<unsigned> inputs) {
    std::optional<int64_t> found;
    for (int64_t length = 0; length <= kMaxLength; ++length) {
      if (!fits(function, inputs, length))
        continue;
      if (found)
        return std::nullopt;
      found = length;
    }
    return found;
  }

  bool fits(func::FuncOp function, ArrayRef<unsigned> inputs, int64_t length) {
    ScopedDiagnosticHandler quiet(&getContext(),
                                  [](Diagnostic &) { return success(); });
    // Passes run on what is inside of the operation at hand only.
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto trial = ModuleOp::create(builder, function.getLoc());
    builder.setInsertionPointToEnd(trial.getBody());
    auto copy = cast<func::FuncOp>(builder.clone(*function));
    setLength(copy, inputs, length);
    bool fitting = succeeded(infer(trial)) && !hasUnranked(copy);
    trial.erase();
    return fitting;
  }
};

} // namespace
} // namespace mlir::onnx
