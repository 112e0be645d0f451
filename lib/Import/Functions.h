//===- Functions.h - model-local functions, inlined -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_FUNCTIONS_H
#define QOPT_LIB_IMPORT_FUNCTIONS_H

#include "Reporter.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <deque>
#include <vector>

namespace mlir::qopt::importer {

/// Version by domain; the default domain is the empty string.
using Opsets = llvm::StringMap<int64_t>;

/// `ai.onnx` is another name of the default domain.
llvm::StringRef canonicalDomain(llvm::StringRef domain);

/// Reads opset_import of a model or function: no domain twice, no version that
/// is not positive.
LogicalResult readOpsets(
    const google::protobuf::RepeatedPtrField<pb::OperatorSetIdProto> &imports,
    const llvm::Twine &subject, Reporter &reporter, Opsets &opsets);

/// A node and the opsets that give it its meaning.
struct FlatNode {
  pb::NodeProto *proto;
  const Opsets *opsets;
};

/// The nodes of the main graph with every call of a model-local function
/// replaced by its body, in nested graphs too. Owns what the bodies became.
struct FlatGraph {
  std::vector<FlatNode> nodes;
  std::deque<pb::NodeProto> inlined;
  std::deque<Opsets> opsets;
  /// Of nodes in nested graphs that a function brought there.
  llvm::DenseMap<const pb::NodeProto *, const Opsets *> innerOpsets;

  /// The opsets of a node inside of one that has `around`.
  const Opsets *opsetsOf(const pb::NodeProto &inner,
                         const Opsets *around) const {
    const Opsets *own = innerOpsets.lookup(&inner);
    return own ? own : around;
  }
};

/// Fills `graph` from `model`, whose nodes it refers to and whose nested graphs
/// it changes. `isStandardOp` tells
/// the operators of the default domain, whose names functions may not take.
LogicalResult flatten(pb::ModelProto &model,
                      llvm::function_ref<bool(llvm::StringRef)> isStandardOp,
                      Reporter &reporter, FlatGraph &graph);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_FUNCTIONS_H
