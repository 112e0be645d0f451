//===- DecodeAttention.cpp - Attention and FlexAttention ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
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

} // namespace mlir::qopt::importer
