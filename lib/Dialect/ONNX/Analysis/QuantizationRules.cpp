//===- QuantizationRules.cpp - quantization ops of onnx and qopt ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph-level qopt ops are known by name, so that shapes flow through a
// quantized graph without this library depending on that dialect.
//===----------------------------------------------------------------------===//

#include "ShapeRules.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

LogicalResult dynamicQuantizeLinear(RuleContext &context) {
  if (OptionalDims x = context.shape(0))
    context.setShape(0, *x);
  context.setShape(1, {});
  context.setShape(2, {});
  return success();
}

// qopt.dynamic_quantize: codes like x, a scale (and a zero point) per row, or
// one for all.
LogicalResult dynamicQuantize(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x || x->empty())
    return success();
  context.setShape(0, *x);
  for (Value parameter : context->getResults().drop_front()) {
    auto type = dyn_cast<RankedTensorType>(parameter.getType());
    bool one = type && type.getRank() == 0 && x->size() > 1;
    context.setShape(cast<OpResult>(parameter).getResultNumber(),
                     one ? ArrayRef<DimExpr>() : x->drop_back());
  }
  return success();
}

// qopt.outlier_split: body like x, columns of it, their numbers.
LogicalResult outlierSplit(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x || x->empty())
    return success();
  context.setShape(0, *x);
  auto list = context->getAttrOfType<DenseI64ArrayAttr>("outliers");
  DimExpr columns = list ? DimExpr(list.size()) : context.opaqueDim(2, 0);
  Dims tail(*x);
  tail.back() = columns;
  context.setShape(1, tail);
  context.setShape(2, {columns});
  return success();
}

// Rows [..., K] (operand 0) times a weight [K, N].
LogicalResult product(RuleContext &context, unsigned weightNo) {
  OptionalDims codes = context.shape(0), weight = context.shape(weightNo);
  if (!codes || codes->empty() || !weight || weight->size() != 2)
    return success();
  if (failed(context.require(codes->back(), weight->front(),
                             "contracted dims differ")))
    return failure();
  Dims dims(*codes);
  dims.back() = weight->back();
  context.setShape(0, dims);
  return success();
}

LogicalResult quantizedMatmul(RuleContext &context) {
  return product(context, 2);
}

LogicalResult weightOnlyMatmul(RuleContext &context) {
  return product(context, 1);
}

} // namespace

void mlir::onnx::addQuantizationRules(ShapeRules &rules) {
  rules.add({"onnx.DynamicQuantizeLinear"}, dynamicQuantizeLinear);
  rules.add({"qopt.dynamic_quantize"}, dynamicQuantize);
  rules.add({"qopt.outlier_split"}, outlierSplit);
  rules.add({"qopt.quantized_matmul"}, quantizedMatmul);
  rules.add({"qopt.weight_only_matmul"}, weightOnlyMatmul);
}
