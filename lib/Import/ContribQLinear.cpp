//===- ContribQLinear.cpp - com.microsoft: operators on codes -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An operator on codes is the float operator between a dequantization and a
// quantization.
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "NodeComposer.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {

/// The float value of codes; scale and zero point are the operands behind.
Value dequantize(NodeComposer &c, unsigned codes) {
  return c.op("DequantizeLinear",
              {c.operand(codes), c.operand(codes + 1), c.operand(codes + 2)});
}

/// Codes of `y` with scale and zero point from operand `scale` on. Without a
/// zero point they are of the type of `like`.
Value quantize(NodeComposer &c, Value y, unsigned scale, Value like) {
  SmallVector<NamedAttribute> attrs;
  Value zero = c.operand(scale + 1);
  if (isa<NoneType>(zero.getType()))
    zero = c.scalar(c.elementOf(like), 0);
  return c.op("QuantizeLinear", {y, c.operand(scale), zero}, attrs);
}

} // namespace

LogicalResult decodeContribQuantizeLinear(NodeContext &node) {
  NodeComposer c(node);
  return c.finish(
      {c.op("QuantizeLinear", {c.operand(0), c.operand(1), c.operand(2)},
            node.attributes.getAttrs())});
}

LogicalResult decodeContribDequantizeLinear(NodeContext &node) {
  NodeComposer c(node);
  return c.finish(
      {c.op("DequantizeLinear", {c.operand(0), c.operand(1), c.operand(2)},
            node.attributes.getAttrs())});
}

LogicalResult decodeQLinearBinary(NodeContext &node) {
  NodeComposer c(node);
  StringRef name = node.form.opName();
  name.consume_front("QLinear");
  Value y = c.op(name, {dequantize(c, 0), dequantize(c, 3)});
  return c.finish({quantize(c, y, 6, c.operand(0))});
}

LogicalResult decodeQLinearUnary(NodeContext &node) {
  NodeComposer c(node);
  StringRef name = node.form.opName();
  name.consume_front("QLinear");
  Value y = c.op(name, {dequantize(c, 0)}, node.attributes.getAttrs());
  return c.finish({quantize(c, y, 3, c.operand(0))});
}

LogicalResult decodeQLinearSoftmax(NodeContext &node) {
  NodeComposer c(node);
  int64_t opset = c.takeInt("opset", 13);
  NamedAttribute axis = c.attr("axis", c.takeInt("axis", -1));
  Value x = dequantize(c, 0);
  std::optional<int64_t> rank = c.rankOf(x);
  int64_t number = cast<IntegerAttr>(axis.getValue()).getInt();
  if (opset < 13 && number != -1 && !(rank && number == *rank - 1))
    return c.unsupported("softmax over several dims (opset " + Twine(opset) +
                         ")");
  return c.finish({quantize(c, c.op("Softmax", {x}, axis), 3, c.operand(0))});
}

LogicalResult decodeQLinearConcat(NodeContext &node) {
  NodeComposer c(node);
  if (node.operands.size() < 5 || (node.operands.size() - 2) % 3)
    return c.invalid("inputs come as codes, scale and zero point");
  // Each part is quantized on its own: the float result is never whole.
  SmallVector<Value> parts;
  for (unsigned i = 2; i < node.operands.size(); i += 3)
    parts.push_back(quantize(c, dequantize(c, i), 0, c.operand(i)));
  return c.finish({c.concat(parts, c.takeInt("axis"))});
}

LogicalResult decodeQLinearPool(NodeContext &node) {
  NodeComposer c(node);
  if (c.takeInt("channels_last"))
    return c.unsupported("channels_last");
  StringRef name = node.form.opName();
  name.consume_front("QLinear");
  Value y = c.op(name, {dequantize(c, 0)}, node.attributes.getAttrs());
  return c.finish({quantize(c, y, 3, c.operand(0))});
}

} // namespace mlir::qopt::importer
