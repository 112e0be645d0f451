//===- DecodeAttention.cpp - Attention and FlexAttention ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "NodeComposer.h"
#include "Upgrade.h"

using namespace llvm;

namespace mlir::qopt::importer {

/// From opset 24 on a mask may have fewer columns than there are keys.
LogicalResult decodeAttention(NodeContext &node) {
  if (node.form.since >= 24 && node.has(3))
    node.attributes.set("pad_mask",
                        node.builder.getBuilder().getI64IntegerAttr(1));
  return finish(node, 7, 4);
}

/// The nodes of a graph attribute in place, between the values around it.
static Value applyGraph(NodeComposer &c, StringRef name, Value value) {
  for (pb::AttributeProto &attribute : *c.node.proto.mutable_attribute()) {
    if (attribute.name() != name)
      continue;
    pb::GraphProto &graph = *attribute.mutable_g();
    if (graph.input_size() != 1 || graph.output_size() != 1) {
      (void)c.invalid(Twine(name) + " must have one input and one output");
      return {};
    }
    SmallVector<Value> outputs;
    if (!value || failed(c.node.builder.buildSubgraph(graph, {value}, outputs)))
      return {};
    return outputs.front();
  }
  return value;
}

/// Softmax and products as in Attention, with a graph behind the scores and one
/// behind the probabilities.
LogicalResult decodeFlexAttention(NodeContext &node) {
  NodeComposer c(node);
  Value q = c.operand(0), k = c.operand(1), v = c.operand(2);
  auto scale = node.take<FloatAttr>("scale");
  Type input = c.elementOf(q);
  Type type = input.isF64() ? input : Type(c.b.getF32Type());
  switch (int64_t number = c.takeInt("softmax_precision", 0)) {
  case 0:
    break;
  case 1:
    type = c.b.getF32Type();
    break;
  case 10:
    type = c.b.getF16Type();
    break;
  case 11:
    type = c.b.getF64Type();
    break;
  case 16:
    type = c.b.getBF16Type();
    break;
  default:
    return c.invalid("softmax_precision " + Twine(number) +
                     " is no floating-point type");
  }
  // Products in a type that holds a sum of halves.
  Type sum = input.isF64() ? input : Type(c.b.getF32Type());
  q = c.cast(q, sum);
  Value factor =
      scale ? c.scalar(sum, scale.getValueAsDouble())
            : c.op("Reciprocal", {c.op("Sqrt", {c.cast(c.dim(q, 3), sum)})});

  // Queries that share a key are rows of one matrix.
  Value batch = c.ints({0}), heads = c.dim(q, 1), groups = c.dim(k, 1),
        rows = c.dim(q, 2), columns = c.dim(k, 2);
  Value allRows = c.mul(c.div(heads, groups), rows);
  auto shaped = [&](Value x, ArrayRef<Value> dims) {
    return c.op("Reshape", {x, c.concat(dims, 0)});
  };
  Value grouped =
      shaped(c.mul(q, factor), {batch, groups, allRows, c.dim(q, 3)});
  Value scores =
      c.op("MatMul", {grouped, c.transpose(c.cast(k, sum), {0, 1, 3, 2})});
  scores = c.cast(shaped(scores, {batch, heads, rows, columns}), type);
  scores = applyGraph(c, "score_mod", scores);
  Value probabilities = c.op("Softmax", {scores}, c.attr("axis", int64_t(-1)));
  probabilities = applyGraph(c, "prob_mod", probabilities);
  Value y = c.op("MatMul", {shaped(c.cast(probabilities, sum),
                                   {batch, groups, allRows, columns}),
                            c.cast(v, sum)});
  y = shaped(y, {batch, heads, rows, c.dim(v, 3)});
  return c.finish({c.cast(y, c.elementOf(v))});
}

} // namespace mlir::qopt::importer
