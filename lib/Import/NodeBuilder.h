//===- NodeBuilder.h - one node of the graph to ops of the dialect --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_NODEBUILDER_H
#define QOPT_LIB_IMPORT_NODEBUILDER_H

#include "Opset.h"
#include "Ranks.h"
#include "TensorData.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OperationSupport.h"
#include <functional>

namespace mlir::qopt::importer {

class NodeBuilder;

/// A node while it is imported. Decoders take attributes out of `attributes`,
/// put operands behind `operands` and leave one value per result of the op.
struct NodeContext {
  NodeBuilder &builder;
  Reporter &reporter;
  pb::NodeProto &proto;
  const OpForm &form;
  Location loc;
  /// As given; a missing one is a value of type none. Not padded.
  SmallVector<Value> operands;
  NamedAttrList attributes;
  SmallVector<Value> results;

  std::string describe() const { return importer::describe(proto); }

  /// Creates `onnx.<op>` with one result; null (and the reason reported) if its
  /// operands do not fit. Operands are padded to `numOperands`.
  Value emit(llvm::StringRef op, ArrayRef<Value> inputs,
             const NamedAttrList &attrs = {}, int numOperands = -1);

  /// Whether the node has operand `operand`, and whether it names an output.
  bool has(unsigned operand) const;
  bool wants(unsigned output) const;

  /// Removes an attribute and returns it; null if it is absent.
  template <typename T> T take(llvm::StringRef name) {
    return llvm::cast_if_present<T>(attributes.erase(name));
  }
};

/// Creates ops at the insertion point of a builder.
class NodeBuilder {
public:
  NodeBuilder(OpBuilder &builder, TensorImporter &tensors, Reporter &reporter)
      : builder(builder), tensors(tensors), reporter(reporter) {}

  /// Imports one node whose operands are known. `results` has one value per
  /// output that the node names; those for others may be null.
  LogicalResult build(pb::NodeProto &proto, const OpForm &form, Location loc,
                      ArrayRef<Value> operands,
                      SmallVectorImpl<Value> &results);

  /// Creates `onnx.<op>` with operands padded to `numOperands` (-1: as they
  /// are).
  LogicalResult create(NodeContext &node, llvm::StringRef op,
                       ArrayRef<Value> operands, int numOperands,
                       const NamedAttrList &attributes, unsigned numResults,
                       SmallVectorImpl<Value> &results);

  Value constant(Location loc, ElementsAttr value);
  /// A constant of type tensor<nxi64>.
  Value constantVector(Location loc, ArrayRef<int64_t> values);
  Value noValue();
  /// Where `noValue` goes: the block that dominates all others.
  void setEntry(Block *block) { entry = block; }

  /// Builds the nodes of an inner graph at the insertion point. `inputs` are
  /// the values of its inputs, `outputs` gets those of its outputs.
  using SubgraphBuilder =
      std::function<LogicalResult(pb::GraphProto &graph, ArrayRef<Value> inputs,
                                  SmallVectorImpl<Value> &outputs)>;
  SubgraphBuilder buildSubgraph;

  OpBuilder &getBuilder() { return builder; }
  const Ranks &getRanks() const { return ranks; }

private:
  LogicalResult convertAttributes(NodeContext &node);
  LogicalResult convertAttribute(NodeContext &node,
                                 pb::AttributeProto &attribute, char kind,
                                 Attribute &result);
  LogicalResult checkCounts(const NodeContext &node);
  LogicalResult checkSameTypes(const NodeContext &node, llvm::StringRef op,
                               ArrayRef<Value> operands);

  OpBuilder &builder;
  TensorImporter &tensors;
  Reporter &reporter;
  Ranks ranks;
  Value none;
  Block *entry = nullptr;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_NODEBUILDER_H
