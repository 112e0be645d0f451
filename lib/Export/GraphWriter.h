//===- GraphWriter.h - a function of the onnx dialect as a graph ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_EXPORT_GRAPHWRITER_H
#define QOPT_LIB_EXPORT_GRAPHWRITER_H

#include "Names.h"
#include "NodeForm.h"
#include "TensorWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::qopt::exporter {

class GraphWriter {
public:
  explicit GraphWriter(TensorWriter &tensors) : tensors(tensors) {}

  /// Inputs, outputs, nodes and, since inner graphs see outer values, the
  /// constants of all graphs as initializers of this one.
  LogicalResult write(func::FuncOp function, pb::GraphProto &graph);

  /// The opset that the nodes written so far need.
  int64_t getOpset() const { return opset; }

private:
  LogicalResult writeConstant(Operation *op);
  LogicalResult writeNodes(Block &block, pb::GraphProto &graph);
  LogicalResult writeNode(Operation *op, pb::GraphProto &graph);
  LogicalResult writeAttribute(NamedAttribute attribute, Operation *op,
                               pb::NodeProto &node);
  LogicalResult writeSubgraph(Region &region, StringRef attribute,
                              Operation *op, pb::NodeProto &node);
  LogicalResult writeOutputs(Operation *terminator, ArrayRef<std::string> fixed,
                             ArrayAttr attributes, pb::GraphProto &graph);
  LogicalResult describe(Type type, ArrayAttr dims, Location loc,
                         pb::ValueInfoProto &info);

  TensorWriter &tensors;
  Names values, nodes;
  NodeForms forms;
  llvm::DenseMap<Value, std::string> names;
  pb::GraphProto *root = nullptr;
  int64_t opset = leastOpset;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_GRAPHWRITER_H
