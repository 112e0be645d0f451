//===- ModelChecks.h - the rules of an ONNX graph -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_MODELCHECKS_H
#define QOPT_LIB_IMPORT_MODELCHECKS_H

#include "Functions.h"

namespace mlir::qopt::importer {

/// Checks names, single assignment, order and attributes of the main graph with
/// its calls inlined, and of all nested graphs.
LogicalResult checkGraph(const pb::GraphProto &main, const FlatGraph &flat,
                         Reporter &reporter);

/// The kind of value that an attribute holds; fails unless it is exactly one.
LogicalResult valueKind(const pb::AttributeProto &attribute,
                        const pb::NodeProto &node, Reporter &reporter,
                        pb::AttributeProto::AttributeType &kind);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_MODELCHECKS_H
