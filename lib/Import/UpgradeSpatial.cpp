//===- UpgradeSpatial.cpp - older forms of operators on images ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upsample and the first Resize are today's Resize with fixed modes; the others
// differ in defaults, in names of modes or in results that only training has.
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "Upgrade.h"

using namespace llvm;

namespace mlir::qopt::importer {

static Attribute text(NodeContext &node, StringRef value) {
  return node.builder.getBuilder().getStringAttr(value);
}

/// Results other than y, and statistics per element, were for training.
LogicalResult upgradeBatchNormalization(NodeContext &node) {
  for (int i = 1; i < node.proto.output_size(); ++i)
    if (!node.proto.output(i).empty())
      return node.reporter.unsupported(
          node.describe() +
          ": the statistics of training (opset 13 and older)");
  auto spatial = node.take<IntegerAttr>("spatial");
  if (spatial && spatial.getInt() == 0)
    return node.reporter.unsupported(node.describe() +
                                     ": statistics per element (spatial = 0)");
  return finish(node, 5, 3);
}

LogicalResult upgradeGridSample(NodeContext &node) {
  if (auto mode = node.take<StringAttr>("mode"))
    node.attributes.set("mode",
                        mode.getValue() == "bilinear"  ? text(node, "linear")
                        : mode.getValue() == "bicubic" ? text(node, "cubic")
                                                       : mode);
  return finish(node, 2);
}

/// Scale and bias had an entry per group.
LogicalResult upgradeGroupNormalization(NodeContext &node) {
  node.attributes.set("per_group", node.builder.getBuilder().getUnitAttr());
  return finish(node, 3);
}

LogicalResult upgradeMaxPool(NodeContext &node) { return finish(node, 1, 2); }

LogicalResult upgradeResize(NodeContext &node) {
  Value x = node.operands.front(), none = node.builder.noValue();
  Value scales = node.operands.size() > 1 ? node.operands[1] : Value();
  if (auto list = node.take<DenseF32ArrayAttr>("scales")) {
    OpBuilder &builder = node.builder.getBuilder();
    auto type = RankedTensorType::get({list.size()}, builder.getF32Type());
    scales = node.builder.constant(
        node.loc, DenseElementsAttr::get(type, list.asArrayRef()));
  }
  if (auto mode = node.take<StringAttr>("mode"))
    node.attributes.set(
        "mode", mode.getValue() == "bilinear" ? text(node, "linear") : mode);
  node.attributes.set("coordinate_transformation_mode",
                      text(node, "asymmetric"));
  node.attributes.set("nearest_mode", text(node, "simple"));
  return node.builder.create(node, "Resize", {x, none, scales, none}, 4,
                             node.attributes, 1, node.results);
}

/// The shift by half a pixel came with opset 16.
LogicalResult upgradeRoiAlign(NodeContext &node) {
  node.attributes.set("coordinate_transformation_mode",
                      text(node, "output_half_pixel"));
  return finish(node, 3);
}

} // namespace mlir::qopt::importer
