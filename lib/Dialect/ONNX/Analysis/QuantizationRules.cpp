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

// qopt.dynamic_quantize: codes like x, a scale per row.
LogicalResult dynamicQuantize(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x || x->empty())
    return success();
  context.setShape(0, *x);
  context.setShape(1, x->drop_back());
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

// qopt.quantized_matmul: codes [..., K] times weight [K, N].
LogicalResult quantizedMatmul(RuleContext &context) {
  OptionalDims codes = context.shape(0), weight = context.shape(2);
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

} // namespace

void mlir::onnx::addQuantizationRules(ShapeRules &rules) {
  rules.add({"onnx.DynamicQuantizeLinear"}, dynamicQuantizeLinear);
  rules.add({"qopt.dynamic_quantize"}, dynamicQuantize);
  rules.add({"qopt.outlier_split"}, outlierSplit);
  rules.add({"qopt.quantized_matmul"}, quantizedMatmul);
}
