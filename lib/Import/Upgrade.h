//===- Upgrade.h - nodes of older opsets to the form of opset 23 ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_UPGRADE_H
#define QOPT_LIB_IMPORT_UPGRADE_H

#include "mlir/Support/LLVM.h"

namespace mlir::qopt::importer {

struct NodeContext;

LogicalResult decodeConstant(NodeContext &node);
LogicalResult decodeDropout(NodeContext &node);
LogicalResult decodeScatter(NodeContext &node);
LogicalResult decodeSimplifiedLayerNormalization(NodeContext &node);

LogicalResult upgradeAxes(NodeContext &node);
LogicalResult upgradeBroadcast(NodeContext &node);
LogicalResult upgradeClip(NodeContext &node);
LogicalResult upgradePRelu(NodeContext &node);
LogicalResult upgradePad(NodeContext &node);
LogicalResult upgradeSlice(NodeContext &node);
LogicalResult upgradeSoftmax(NodeContext &node);
LogicalResult upgradeSplit(NodeContext &node);
LogicalResult upgradeTopK(NodeContext &node);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_UPGRADE_H
