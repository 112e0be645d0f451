//===- ContribNormalization.cpp - com.microsoft: norms, activations -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ONNX Runtime's fusions make of a transformer's elementwise parts, taken
// apart again: the passes fuse them in their own way.
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "NodeComposer.h"

using namespace llvm;

namespace mlir::qopt::importer {

/// The sum of input, skip and bias, normalized over the last dim.
static LogicalResult decodeSkipNorm(NodeContext &node, bool simplified) {
  NodeComposer c(node);
  unsigned biasOperand = simplified ? 3 : 4;
  NamedAttribute epsilon = c.attr("epsilon", c.takeFloat("epsilon", 1e-12));
  NamedAttribute axis = c.attr("axis", int64_t(-1));
  Value sum = c.add(c.operand(0), c.operand(1));
  if (node.has(biasOperand))
    sum = c.add(sum, c.operand(biasOperand));
  if (simplified) {
    if (node.wants(1) || node.wants(2))
      return c.unsupported("the statistics as outputs");
    Value y = c.op("RMSNormalization", {sum, c.operand(2)}, {axis, epsilon});
    return c.finish({y, Value(), Value(), sum});
  }
  SmallVector<Value> y =
      c.ops("LayerNormalization", {sum, c.operand(2), c.operand(3)}, 3,
            {axis, epsilon});
  return c.finish({y[0], y[1], y[2], sum});
}

LogicalResult decodeSkipLayerNormalization(NodeContext &node) {
  return decodeSkipNorm(node, /*simplified=*/false);
}

LogicalResult decodeSkipSimplifiedLayerNormalization(NodeContext &node) {
  return decodeSkipNorm(node, /*simplified=*/true);
}

/// Rows of up to three tables, summed and normalized. The second output counts
/// the ones of the mask.
LogicalResult decodeEmbedLayerNormalization(NodeContext &node) {
  NodeComposer c(node);
  Type i64 = c.b.getI64Type(), i32 = c.b.getI32Type();
  for (unsigned i : {2, 3, 5, 6})
    if (!node.has(i))
      return c.invalid("input " + Twine(i) + " is required and missing");
  NamedAttribute epsilon = c.attr("epsilon", c.takeFloat("epsilon", 1e-12));
  bool counts = c.takeInt("mask_index_type", 1) != 0;
  Value ids = c.cast(c.operand(0), i64);
  Value sum = c.gather(c.operand(2), ids, 0);
  Value positions = node.has(8)
                        ? c.cast(c.operand(8), i64)
                        : c.unsqueeze(c.range(c.scalarDim(ids, 1)), {0});
  sum = c.add(sum, c.gather(c.operand(3), positions, 0));
  if (node.has(1) != node.has(4))
    return c.invalid("segment_ids and segment_embedding come together");
  if (node.has(1))
    sum = c.add(sum, c.gather(c.operand(4), c.cast(c.operand(1), i64), 0));
  Value y = c.ops("LayerNormalization", {sum, c.operand(5), c.operand(6)}, 3,
                  {c.attr("axis", int64_t(-1)), epsilon})[0];
  Value lengths;
  if (node.wants(1)) {
    Value rows = c.ints({1});
    if (node.has(7) && counts)
      lengths = c.op("ReduceSum", {c.cast(c.operand(7), i32), rows},
                     c.attr("keepdims", int64_t(0)));
    else
      lengths = c.op("Expand", {c.scalar(i32, 0), c.dim(ids, 0)});
  }
  return c.finish({y, lengths, sum});
}

/// GELU by erf or tanh, of the input or of its sum with a bias.
static LogicalResult decodeAnyGelu(NodeContext &node, StringRef approximate) {
  NodeComposer c(node);
  Value x = c.operand(0);
  if (node.has(1))
    x = c.add(x, c.operand(1));
  return c.finish({c.op("Gelu", {x}, c.attr("approximate", approximate))});
}

LogicalResult decodeGelu(NodeContext &node) {
  return decodeAnyGelu(node, "none");
}

LogicalResult decodeFastGelu(NodeContext &node) {
  return decodeAnyGelu(node, "tanh");
}

LogicalResult decodeQuickGelu(NodeContext &node) {
  NodeComposer c(node);
  NamedAttribute alpha = c.attr("alpha", c.takeFloat("alpha", 1.702));
  return c.finish({c.op("Swish", {c.operand(0)}, alpha)});
}

/// x * Gelu(y) with the sum of X and bias halved along the last dim.
LogicalResult decodeBiasSplitGelu(NodeContext &node) {
  NodeComposer c(node);
  Value sum = c.add(c.operand(0), c.operand(1));
  SmallVector<Value> halves =
      c.ops("Split", {sum}, 2,
            {c.attr("axis", int64_t(-1)), c.attr("num_outputs", int64_t(2))},
            /*numOperands=*/2);
  Value gate = c.op("Gelu", {halves[1]}, c.attr("approximate", "none"));
  return c.finish({c.mul(halves[0], gate)});
}

} // namespace mlir::qopt::importer
