//===- ShapeRules.h - shape rules of the ops -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A rule sets the shapes (and elements, where it can) of the results of one op
// from those of its operands. A rule that cannot tell sets nothing; the
// analysis then uses the result types. A rule that sees a contradiction emits
// an error.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_ANALYSIS_SHAPERULES_H
#define QOPT_LIB_DIALECT_ONNX_ANALYSIS_SHAPERULES_H

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"

namespace mlir::onnx {

using OptionalDims = std::optional<ArrayRef<DimExpr>>;

// What a rule sees of the analysis.
class RuleContext {
public:
  RuleContext(ShapeAnalysis &analysis, Operation *op)
      : analysis(analysis), op(op) {}

  Operation *operator->() const { return op; }
  Operation *getOp() const { return op; }
  DimSymbols &symbols() const { return analysis.getSymbols(); }
  std::string toString(const DimExpr &expr) const {
    return analysis.toString(expr);
  }

  // Operand i exists and is not none.
  bool has(unsigned i) const;
  OptionalDims shape(unsigned i) const;
  std::optional<Dims> elements(unsigned i) const;
  std::optional<SmallVector<int64_t>> constants(unsigned i) const;
  int64_t attr(StringRef name, int64_t otherwise = 0) const;

  void setShape(unsigned result, ArrayRef<DimExpr> dims) const {
    analysis.setShape(op->getResult(result), dims);
  }
  void setElements(unsigned result, ArrayRef<DimExpr> exprs) const;
  // Dim i of a result, as a symbol of its own.
  DimExpr opaqueDim(unsigned result, int64_t dim) const {
    return symbols().getDim(op->getResult(result), dim);
  }
  Dims opaqueShape(unsigned result, int64_t rank) const;

  // Negative axes count from the end; emits an error outside [-rank, rank).
  FailureOr<int64_t> axis(int64_t axis, int64_t rank) const;
  // A list of axes, normalized; no axis may occur twice.
  FailureOr<SmallVector<int64_t>> axes(ArrayRef<int64_t> axes,
                                       int64_t rank) const;
  // Broadcasts `dims` with `other` in place; emits an error if they do not fit.
  LogicalResult broadcastInto(Dims &dims, ArrayRef<DimExpr> other) const;
  // Emits an error if the two are different for certain.
  LogicalResult require(const DimExpr &a, const DimExpr &b,
                        const llvm::Twine &what) const;

  ShapeAnalysis &analysis;

private:
  Operation *op;
};

using ShapeRule = LogicalResult (*)(RuleContext &);

class ShapeRules {
public:
  // The rules of all onnx ops and of the graph-level qopt ops, by op name.
  static const ShapeRules &get();
  ShapeRule lookup(Operation *op) const;
  void add(std::initializer_list<StringRef> opNames, ShapeRule rule) {
    for (StringRef name : opNames)
      rules[name] = rule;
  }

  // The rule of all ops with the trait ONNXElementwise.
  void setElementwise(ShapeRule rule) { elementwise = rule; }

private:
  llvm::StringMap<ShapeRule> rules;
  ShapeRule elementwise = nullptr;
};

void addAttentionRules(ShapeRules &rules);
void addElementwiseRules(ShapeRules &rules);
void addControlFlowRules(ShapeRules &rules);
void addMakerRules(ShapeRules &rules);
void addReshapeRules(ShapeRules &rules);
void addMovementRules(ShapeRules &rules);
void addIndexingRules(ShapeRules &rules);
void addReductionRules(ShapeRules &rules);
void addMatMulRules(ShapeRules &rules);
void addSliceRules(ShapeRules &rules);
void addQuantizationRules(ShapeRules &rules);
void addResamplingRules(ShapeRules &rules);
void addWindowRules(ShapeRules &rules);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_ANALYSIS_SHAPERULES_H
