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
  LogicalResult addInitializers(pb::GraphProto &graph, const FlatGraph &flat);
  LogicalResult addNode(pb::NodeProto &proto, const OpForm &form, size_t index);
  LogicalResult checkDeclaredTypes(const pb::GraphProto &graph);
  LogicalResult collectOutputs(const Signature &signature,
                               SmallVectorImpl<Value> &results);
  LogicalResult verifyModule(ModuleOp module);

  MLIRContext *context;
  Reporter &reporter;
  OpBuilder builder;
  TensorImporter tensors;
  NodeBuilder nodes;
  llvm::DenseMap<llvm::StringRef, Value> values;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_GRAPHBUILDER_H
