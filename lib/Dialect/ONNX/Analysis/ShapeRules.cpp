//===- ShapeRules.cpp - what rules see, and the table of them ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

using namespace mlir;
using namespace mlir::onnx;

const ShapeRules &ShapeRules::get() {
  static const ShapeRules table = [] {
    ShapeRules rules;
    addAttentionRules(rules);
    addElementwiseRules(rules);
    addControlFlowRules(rules);
    addMakerRules(rules);
    addReshapeRules(rules);
    addMovementRules(rules);
    addIndexingRules(rules);
    addReductionRules(rules);
    addMatMulRules(rules);
    addSliceRules(rules);
    addQuantizationRules(rules);
    addResamplingRules(rules);
    addWindowRules(rules);
    return rules;
  }();
  return table;
}

ShapeRule ShapeRules::lookup(Operation *op) const {
  if (op->hasTrait<OpTrait::ONNXElementwise>())
    return elementwise;
  return rules.lookup(op->getName().getStringRef());
}

bool RuleContext::has(unsigned i) const {
  return i < op->getNumOperands() &&
         !isa<NoneType>(op->getOperand(i).getType());
}

OptionalDims RuleContext::shape(unsigned i) const {
  if (!has(i) || !analysis.hasShape(op->getOperand(i)))
    return std::nullopt;
  return analysis.getShape(op->getOperand(i));
}

std::optional<Dims> RuleContext::elements(unsigned i) const {
  if (!has(i))
    return std::nullopt;
  // Copied, as setting other elements may move the table.
  if (std::optional<ArrayRef<DimExpr>> exprs =
          analysis.getElements(op->getOperand(i)))
    return Dims(*exprs);
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> RuleContext::constants(unsigned i) const {
  if (!has(i))
    return std::nullopt;
  return analysis.getConstantElements(op->getOperand(i));
}

int64_t RuleContext::attr(StringRef name, int64_t otherwise) const {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

void RuleContext::setElements(unsigned result, ArrayRef<DimExpr> exprs) const {
  if (static_cast<int64_t>(exprs.size()) <= ShapeAnalysis::kMaxElements)
    analysis.setElements(op->getResult(result), exprs);
}

Dims RuleContext::opaqueShape(unsigned result, int64_t rank) const {
  Dims dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(opaqueDim(result, i));
  return dims;
}

FailureOr<int64_t> RuleContext::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return op->emitOpError() << "axis " << axis << " is outside [" << -rank
                             << ", " << rank << ")";
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> RuleContext::axes(ArrayRef<int64_t> axes,
                                                  int64_t rank) const {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    FailureOr<int64_t> normalized = axis(a, rank);
    if (failed(normalized))
      return failure();
    if (llvm::is_contained(result, *normalized))
      return op->emitOpError() << "axis " << a << " occurs twice";
    result.push_back(*normalized);
  }
  return result;
}

LogicalResult RuleContext::broadcastInto(Dims &dims,
                                         ArrayRef<DimExpr> other) const {
  if (dims.size() < other.size())
    dims.insert(dims.begin(), other.size() - dims.size(), DimExpr(1));
  size_t offset = dims.size() - other.size();
  // All of them first: what one dim teaches may prove another one.
  for (size_t i = 0; i < other.size(); ++i)
    analysis.learnEqual(symbols().resolve(dims[offset + i]), other[i], op);
  for (size_t i = 0; i < other.size(); ++i) {
    DimExpr &dim = dims[offset + i];
    dim = symbols().resolve(dim);
    std::optional<DimExpr> both = symbols().broadcast(dim, other[i]);
    if (!both)
      return op->emitOpError() << "dims " << toString(dim) << " and "
                               << toString(other[i]) << " do not broadcast";
    dim = *both;
  }
  return success();
}

LogicalResult RuleContext::require(const DimExpr &a, const DimExpr &b,
                                   const llvm::Twine &what) const {
  std::optional<int64_t> difference = (a - b).getConstant();
  if (difference && *difference != 0)
    return op->emitOpError()
           << what << ": " << toString(a) << " and " << toString(b);
  return success();
}
