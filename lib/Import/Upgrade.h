//===- Upgrade.h - decoders of nodes, and what they share -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_UPGRADE_H
#define QOPT_LIB_IMPORT_UPGRADE_H

#include "mlir/IR/Value.h"
#include "mlir/Support/LLVM.h"

namespace mlir::qopt::importer {

struct NodeContext;

/// Ends a decoder: the op of the node's own name, with operands padded to
/// `numOperands`.
LogicalResult finish(NodeContext &node, int numOperands,
                     unsigned numResults = 1);
/// A scalar constant of the element type of `like`; null if that is no number.
Value scalarLike(NodeContext &node, Value like, double value);
/// Moves an ints attribute behind the operands, NoValue where it is absent.
void intsToOperand(NodeContext &node, llvm::StringRef name);

LogicalResult decodeAttention(NodeContext &node);
LogicalResult decodeConstant(NodeContext &node);
LogicalResult decodeFlexAttention(NodeContext &node);
LogicalResult decodeDropout(NodeContext &node);
LogicalResult decodeRange(NodeContext &node);
LogicalResult decodeScatter(NodeContext &node);
LogicalResult decodeSimplifiedLayerNormalization(NodeContext &node);

LogicalResult upgradeAxes(NodeContext &node);
LogicalResult upgradeBatchNormalization(NodeContext &node);
LogicalResult upgradeBroadcast(NodeContext &node);
LogicalResult upgradeClip(NodeContext &node);
LogicalResult upgradeDFT(NodeContext &node);
LogicalResult upgradeGridSample(NodeContext &node);
LogicalResult upgradeGroupNormalization(NodeContext &node);
LogicalResult upgradeMaxPool(NodeContext &node);
LogicalResult upgradePRelu(NodeContext &node);
LogicalResult upgradePad(NodeContext &node);
LogicalResult upgradeResize(NodeContext &node);
LogicalResult upgradeRoiAlign(NodeContext &node);
LogicalResult upgradeSlice(NodeContext &node);
LogicalResult upgradeSoftmax(NodeContext &node);
LogicalResult upgradeSplit(NodeContext &node);
LogicalResult upgradeTopK(NodeContext &node);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_UPGRADE_H
