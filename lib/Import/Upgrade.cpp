//===- Upgrade.cpp - nodes of older opsets to the newest form -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Most breaks between opsets turned an attribute into an input: the attribute
// becomes a constant operand. The others change a meaning and become a few ops.
//===----------------------------------------------------------------------===//

#include "Upgrade.h"
#include "NodeBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

using namespace llvm;

namespace mlir::qopt::importer {

LogicalResult finish(NodeContext &node, int numOperands, unsigned numResults) {
  return node.builder.create(node, node.form.opName(), node.operands,
                             numOperands, node.attributes, numResults,
                             node.results);
}

Value scalarLike(NodeContext &node, Value like, double value) {
  Type type = getElementTypeOrSelf(like.getType());
  Attribute element;
  if (isa<FloatType>(type))
    element = FloatAttr::get(type, value);
  else if (type.isIntOrIndex())
    element = IntegerAttr::get(
        type, APInt(type.getIntOrFloatBitWidth(), static_cast<int64_t>(value),
                    /*isSigned=*/true, /*implicitTrunc=*/true));
  else
    return {};
  auto tensorType = RankedTensorType::get({}, type);
  return node.builder.constant(node.loc,
                               DenseElementsAttr::get(tensorType, element));
}

void intsToOperand(NodeContext &node, StringRef name) {
  auto values = node.take<DenseI64ArrayAttr>(name);
  node.operands.push_back(
      values ? node.builder.constantVector(node.loc, values.asArrayRef())
             : node.builder.noValue());
}

LogicalResult decodeConstant(NodeContext &node) {
  if (node.attributes.getAttrs().size() != 1)
    return node.reporter.invalid(node.describe() +
                                 ": a constant has exactly one value");
  Attribute value = node.attributes.getAttrs().front().getValue();
  OpBuilder &builder = node.builder.getBuilder();
  auto tensorOf = [](ArrayRef<int64_t> dims, Type type) {
    return RankedTensorType::get(dims, type);
  };
  ElementsAttr elements = dyn_cast<ElementsAttr>(value);
  if (auto integer = dyn_cast<IntegerAttr>(value)) {
    elements = DenseElementsAttr::get(tensorOf({}, builder.getI64Type()),
                                      integer.getInt());
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    elements =
        DenseElementsAttr::get(tensorOf({}, builder.getF32Type()),
                               static_cast<float>(number.getValueAsDouble()));
  } else if (auto integers = dyn_cast<DenseI64ArrayAttr>(value)) {
    elements = DenseElementsAttr::get(
        tensorOf({integers.size()}, builder.getI64Type()),
        integers.asArrayRef());
  } else if (auto numbers = dyn_cast<DenseF32ArrayAttr>(value)) {
    elements = DenseElementsAttr::get(
        tensorOf({numbers.size()}, builder.getF32Type()), numbers.asArrayRef());
  }
  node.results.push_back(node.builder.constant(node.loc, elements));
  return success();
}

/// Dropout of a model that is not being trained passes its input through; the
/// mask is true everywhere.
LogicalResult decodeDropout(NodeContext &node) {
  // Opset 6 trains unless it is told otherwise.
  auto isTest = node.take<IntegerAttr>("is_test");
  if (node.form.since < 7 && (!isTest || isTest.getInt() == 0))
    return node.reporter.unsupported(node.describe() +
                                     ": only with is_test = 1");
  if (node.proto.input_size() > 2 && !node.proto.input(2).empty()) {
    auto constant = node.operands[2].getDefiningOp<onnx::ConstantOp>();
    auto training = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                             : DenseElementsAttr();
    if (!training || !training.getElementType().isInteger(1) ||
        training.getNumElements() != 1 || *training.value_begin<bool>())
      return node.reporter.unsupported(
          node.describe() + ": training_mode must be a constant false");
  }
  Value data = node.operands.front();
  node.results.push_back(data);
  if (node.proto.output_size() < 2 || node.proto.output(1).empty())
    return success();
  OpBuilder &builder = node.builder.getBuilder();
  NamedAttrList ones;
  ones.set("value", DenseElementsAttr::get(
                        RankedTensorType::get({1}, builder.getI1Type()), true));
  Value shape = node.emit("Shape", data);
  node.results.push_back(shape ? node.emit("ConstantOfShape", shape, ones)
                               : Value());
  return success(node.results.back() != nullptr);
}

/// Half types are computed in f32, whatever their range.
LogicalResult decodeRange(NodeContext &node) {
  auto stash = node.take<IntegerAttr>("stash_type");
  Type type = getElementTypeOrSelf(node.operands.front().getType());
  if (stash && stash.getInt() != 1 && (type.isF16() || type.isBF16()))
    return node.reporter.unsupported(node.describe() + ": stash_type " +
                                     Twine(stash.getInt()));
  return finish(node, 3);
}

/// Scatter became ScatterElements in opset 11.
LogicalResult decodeScatter(NodeContext &node) {
  return node.builder.create(node, "ScatterElements", node.operands, 3,
                             node.attributes, 1, node.results);
}

LogicalResult decodeSimplifiedLayerNormalization(NodeContext &node) {
  if (node.proto.output_size() > 1 && !node.proto.output(1).empty())
    return node.reporter.unsupported(
        node.describe() + ": the output of the inverse standard deviation");
  return node.builder.create(node, "RMSNormalization", node.operands, 2,
                             node.attributes, 1, node.results);
}

LogicalResult upgradeAxes(NodeContext &node) {
  intsToOperand(node, "axes");
  return finish(node, 2);
}

/// Gives the second operand ones behind its dims, so that its first dim meets
/// dim `axis` of the first operand under today's broadcasting.
static LogicalResult alignSecond(NodeContext &node, int64_t axis) {
  const Ranks &ranks = node.builder.getRanks();
  std::optional<int64_t> first = ranks.rankOf(node.operands[0]);
  std::optional<int64_t> second = ranks.rankOf(node.operands[1]);
  if (!first || !second)
    return node.reporter.unsupported(
        node.describe() + ": broadcasting along axis " + Twine(axis) +
        " (opset 6 and older) of inputs of unknown rank");
  if (axis < 0)
    axis += *first;
  if (axis < 0 || axis + *second > *first)
    return node.reporter.invalid(node.describe() + ": an input of rank " +
                                 Twine(*second) + " does not fit rank " +
                                 Twine(*first) + " from axis " + Twine(axis) +
                                 " on");
  SmallVector<int64_t> ones;
  for (int64_t i = *second; i < *first - axis; ++i)
    ones.push_back(i);
  if (ones.empty())
    return success();
  Value axes = node.builder.constantVector(node.loc, ones);
  node.operands[1] = node.emit("Unsqueeze", {node.operands[1], axes});
  return success(node.operands[1] != nullptr);
}

/// Before opset 7 a binary operator broadcast its second operand only where
/// asked; aligned at the end that is what all opsets since do.
LogicalResult upgradeBroadcast(NodeContext &node) {
  auto broadcast = node.take<IntegerAttr>("broadcast");
  auto axis = node.take<IntegerAttr>("axis");
  if (broadcast && broadcast.getInt() != 0 && axis &&
      failed(alignSecond(node, axis.getInt())))
    return failure();
  return finish(node, 2);
}

/// The slope has one value, or one per channel (dim 1).
LogicalResult upgradePRelu(NodeContext &node) {
  auto type = dyn_cast<RankedTensorType>(node.operands[1].getType());
  bool isSingle = type && type.hasStaticShape() && type.getNumElements() == 1;
  if (!isSingle && failed(alignSecond(node, 1)))
    return failure();
  return finish(node, 2);
}

LogicalResult upgradeClip(NodeContext &node) {
  for (StringRef bound : {"min", "max"}) {
    auto value = node.take<FloatAttr>(bound);
    Value operand = value ? scalarLike(node, node.operands.front(),
                                       value.getValueAsDouble())
                          : node.builder.noValue();
    if (!operand)
      return node.reporter.invalid(node.describe() + ": input is no number");
    node.operands.push_back(operand);
  }
  return finish(node, 3);
}

LogicalResult upgradePad(NodeContext &node) {
  intsToOperand(node, "pads");
  auto value = node.take<FloatAttr>("value");
  Value operand =
      value ? scalarLike(node, node.operands.front(), value.getValueAsDouble())
            : node.builder.noValue();
  if (!operand)
    return node.reporter.invalid(node.describe() + ": input is no number");
  node.operands.push_back(operand);
  return finish(node, 4);
}

LogicalResult upgradeSlice(NodeContext &node) {
  for (StringRef name : {"starts", "ends", "axes"})
    intsToOperand(node, name);
  return finish(node, 5);
}

/// Before opset 13 the dims from `axis` on were one: softmax over a matrix.
LogicalResult upgradeSoftmax(NodeContext &node) {
  auto attribute = node.take<IntegerAttr>("axis");
  int64_t axis = attribute ? attribute.getInt() : 1;
  Value input = node.operands.front();
  std::optional<int64_t> rank = node.builder.getRanks().rankOf(input);
  OpBuilder &builder = node.builder.getBuilder();
  NamedAttrList last;
  last.set("axis", builder.getI64IntegerAttr(-1));
  if (axis == -1 || (rank && axis == *rank - 1))
    return node.builder.create(node, node.form.opName(), input, 1, last, 1,
                               node.results);
  NamedAttrList flattenAxis;
  flattenAxis.set("axis", builder.getI64IntegerAttr(axis));
  Value shape = node.emit("Shape", input);
  Value matrix = shape ? node.emit("Flatten", input, flattenAxis) : Value();
  Value computed =
      matrix ? node.emit(node.form.opName(), matrix, last) : Value();
  node.results.push_back(computed ? node.emit("Reshape", {computed, shape})
                                  : Value());
  return success(node.results.back() != nullptr);
}

/// The number of parts is the number of outputs of the node.
LogicalResult upgradeSplit(NodeContext &node) {
  if (node.form.since < 13)
    intsToOperand(node, "split");
  unsigned parts = node.proto.output_size();
  auto declared =
      dyn_cast_if_present<IntegerAttr>(node.attributes.get("num_outputs"));
  bool hasSizes =
      node.operands.size() > 1 && !isa<NoneType>(node.operands[1].getType());
  if (declared && declared.getInt() != parts)
    return node.reporter.invalid(node.describe() + ": num_outputs is " +
                                 Twine(declared.getInt()) + ", the node has " +
                                 Twine(parts) + " outputs");
  if (declared && hasSizes)
    return node.reporter.invalid(node.describe() +
                                 ": both split and num_outputs are given");
  if (!declared && !hasSizes)
    node.attributes.set("num_outputs",
                        node.builder.getBuilder().getI64IntegerAttr(parts));
  return finish(node, 2, parts);
}

LogicalResult upgradeTopK(NodeContext &node) {
  auto count = node.take<IntegerAttr>("k");
  node.operands.push_back(
      node.builder.constantVector(node.loc, count.getInt()));
  return finish(node, 2, 2);
}

/// Opset 17 has the axis as an attribute, 1 if it is absent.
LogicalResult upgradeDFT(NodeContext &node) {
  auto axis = node.take<IntegerAttr>("axis");
  node.operands.resize(2, node.builder.noValue());
  node.operands.push_back(
      node.builder.constantVector(node.loc, axis ? axis.getInt() : 1));
  return finish(node, 3);
}

} // namespace mlir::qopt::importer
