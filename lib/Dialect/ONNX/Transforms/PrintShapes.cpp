//===- PrintShapes.cpp - symbolic shapes as remarks ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXPRINTSHAPESPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

class ONNXPrintShapesPass final
    : public impl::ONNXPrintShapesPassBase<ONNXPrintShapesPass> {
public:
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      ShapeAnalysis analysis(function);
      if (!analysis.isValid())
        signalPassFailure();
      function.walk<WalkOrder::PreOrder>([&](Operation *op) {
        for (OpResult result : op->getResults())
          print(analysis, result);
      });
    }
  }

private:
  static void print(ShapeAnalysis &analysis, OpResult result) {
    Operation *op = result.getOwner();
    if (isa<ConstantOp, NoValueOp>(op) || !isa<TensorType>(result.getType()))
      return;
    auto list = [&](ArrayRef<DimExpr> exprs) {
      std::string text = "[";
      for (auto [i, expr] : llvm::enumerate(exprs))
        text += (i ? ", " : "") + analysis.toString(expr);
      return text + "]";
    };
    InFlightDiagnostic remark = op->emitRemark();
    if (op->getNumResults() > 1)
      remark << "result " << result.getResultNumber() << ": ";
    if (!analysis.hasShape(result)) {
      remark << "rank is not known";
      return;
    }
    remark << "shape " << list(analysis.getShape(result));
    std::optional<ArrayRef<DimExpr>> elements = analysis.getElements(result);
    if (elements && !isItself(analysis, result, *elements))
      remark << " = " << list(*elements);
  }

  // True if nothing is known about any element.
  static bool isItself(const ShapeAnalysis &analysis, Value value,
                       ArrayRef<DimExpr> elements) {
    return llvm::all_of(elements, [&](const DimExpr &expr) {
      std::optional<DimSymbol> symbol = expr.getSymbol();
      if (!symbol)
        return false;
      const DimSymbols::Info &info = analysis.getSymbols().getInfo(*symbol);
      return info.kind == DimSymbols::Kind::Element && info.value == value;
    });
  }
};

} // namespace
} // namespace mlir::onnx
