//===- GraphBuilder.h - the graph as a function of the onnx dialect -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_GRAPHBUILDER_H
#define QOPT_LIB_IMPORT_GRAPHBUILDER_H

#include "Functions.h"
#include "NodeBuilder.h"
#include "Signature.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::qopt::importer {

class GraphBuilder {
public:
  GraphBuilder(MLIRContext *context, ExternalData &external, Reporter &reporter)
      : context(context), reporter(reporter), builder(context),
        tensors(context, external, reporter),
        nodes(builder, tensors, reporter) {}

  /// A verified module with the function `@main`; null on failure.
  OwningOpRef<ModuleOp> build(pb::GraphProto &graph, const FlatGraph &flat,
                              ArrayRef<const OpForm *> forms,
                              const Signature &signature);

private:
  using Names = llvm::DenseSet<llvm::StringRef>;
  static void noteUses(const pb::NodeProto &node, Names &used);
  LogicalResult addInitializers(pb::GraphProto &graph, Names &used);
  LogicalResult addNode(pb::NodeProto &proto, const OpForm &form,
                        const Opsets &opsets, size_t index);
  LogicalResult addSubgraph(pb::GraphProto &graph, const Opsets &opsets,
                            ArrayRef<Value> inputs,
                            SmallVectorImpl<Value> &outputs);
  LogicalResult checkDeclaredTypes(const pb::GraphProto &graph);
  void noteDeclaredDims(Value value, const pb::TypeProto_Tensor &type);
  LogicalResult collectOutputs(const Signature &signature,
                               SmallVectorImpl<Value> &results);
  LogicalResult verifyModule(ModuleOp module);

  MLIRContext *context;
  Reporter &reporter;
  OpBuilder builder;
  TensorImporter tensors;
  NodeBuilder nodes;
  const FlatGraph *flat = nullptr;
  /// Of the node being built, for the graphs inside of it.
  const Opsets *innerOpsets = nullptr;
  llvm::DenseMap<llvm::StringRef, Value> values;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_GRAPHBUILDER_H
