//===- GraphBuilder.cpp - the graph as a function of the onnx dialect -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One op per node, in the order of the file, which is topological. Initializers
// that something uses become constants at the head of the function. Types of
// intermediate values that the model declares are checked, never trusted.
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "DataTypes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/IR/Verifier.h"
#include "qopt/Dialect/ONNX/IR/DeclaredDims.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
/// The names of the locations that a diagnostic points to.
std::string locationName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  return {};
}
} // namespace

/// The names that a node and the graphs in it read.
void GraphBuilder::noteUses(const pb::NodeProto &node, Names &used) {
  for (const std::string &input : node.input())
    if (!input.empty())
      used.insert(input);
  for (const pb::AttributeProto &attribute : node.attribute()) {
    if (!attribute.has_g())
      continue;
    for (const pb::NodeProto &inner : attribute.g().node())
      noteUses(inner, used);
    for (const pb::ValueInfoProto &output : attribute.g().output())
      used.insert(output.name());
  }
}

LogicalResult GraphBuilder::addInitializers(pb::GraphProto &graph,
                                            Names &used) {
  for (const pb::ValueInfoProto &output : graph.output())
    used.insert(output.name());
  for (pb::TensorProto &tensor : *graph.mutable_initializer()) {
    if (!used.contains(tensor.name()))
      continue;
    ElementsAttr value;
    if (failed(tensors.import(tensor, "initializer " + quoted(tensor.name()),
                              tensor.name(), value)))
      return failure();
    Location loc = NameLoc::get(builder.getStringAttr(tensor.name()));
    values[tensor.name()] = nodes.constant(loc, value);
  }
  return success();
}

/// The graph of an attribute, at the insertion point. Names of values are
/// unique along a way outwards, and what two graphs beside each other call the
/// same is set again by the second before it is read.
LogicalResult GraphBuilder::addSubgraph(pb::GraphProto &graph,
                                        const Opsets &opsets,
                                        ArrayRef<Value> inputs,
                                        SmallVectorImpl<Value> &outputs) {
  for (auto [input, value] : zip_equal(graph.input(), inputs))
    values[input.name()] = value;
  Names used;
  for (const pb::NodeProto &node : graph.node())
    noteUses(node, used);
  if (failed(addInitializers(graph, used)))
    return failure();
  for (auto [index, node] : enumerate(*graph.mutable_node())) {
    StringRef domain = canonicalDomain(node.domain());
    const Opsets &own = *flat->opsetsOf(node, &opsets);
    const OpForm *form =
        findForm(qualifiedName(domain, node.op_type()), own.lookup(domain));
    if (failed(addNode(node, *form, own, index)))
      return failure();
  }
  if (failed(checkDeclaredTypes(graph)))
    return failure();
  for (const pb::ValueInfoProto &output : graph.output())
    outputs.push_back(values.lookup(StringRef(output.name())));
  return success();
}

LogicalResult GraphBuilder::addNode(pb::NodeProto &proto, const OpForm &form,
                                    const Opsets &opsets, size_t index) {
  // Inner graphs have the opsets of the node that holds them.
  SaveAndRestore<const Opsets *> inside(innerOpsets, &opsets);
  std::string name = proto.name();
  if (name.empty())
    name = proto.op_type() + "_" + std::to_string(index);
  Location loc = NameLoc::get(builder.getStringAttr(name));
  SmallVector<Value> operands, results;
  for (const std::string &input : proto.input())
    operands.push_back(input.empty() ? nodes.noValue()
                                     : values.lookup(StringRef(input)));
  if (failed(nodes.build(proto, form, loc, operands, results)))
    return failure();
  for (auto [output, result] : zip(proto.output(), results))
    if (!output.empty())
      values[output] = result;
  return success();
}

/// Element types that value_info declares must be those that follow.
LogicalResult GraphBuilder::checkDeclaredTypes(const pb::GraphProto &graph) {
  for (const pb::ValueInfoProto &info : graph.value_info()) {
    if (!info.type().has_tensor_type())
      continue;
    auto value = values.find(StringRef(info.name()));
    int64_t declared = info.type().tensor_type().elem_type();
    if (value == values.end() || declared == 0)
      continue;
    if (elementTypeOf(declared, context) !=
        getElementTypeOrSelf(value->second.getType()))
      return reporter.invalid(
          "value " + quoted(info.name()) + " is declared with data type " +
          dataTypeName(declared) + ", which is not what its producer makes");
    noteDeclaredDims(value->second, info.type().tensor_type());
  }
  return success();
}

/// Dims are checked where shapes are inferred, against what follows.
void GraphBuilder::noteDeclaredDims(Value value,
                                    const pb::TypeProto_Tensor &type) {
  auto result = dyn_cast<OpResult>(value);
  if (!result || !type.has_shape() || isa<onnx::ConstantOp>(result.getOwner()))
    return;
  SmallVector<int64_t> sizes;
  for (const pb::TensorShapeProto_Dimension &dim : type.shape().dim())
    sizes.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  // Numbers alone can contradict, and the rank.
  Operation *op = result.getOwner();
  SmallVector<Attribute> all(op->getNumResults(), builder.getUnitAttr());
  if (auto noted = op->getAttrOfType<ArrayAttr>(onnx::declaredDimsAttrName))
    llvm::copy(noted, all.begin());
  all[result.getResultNumber()] = builder.getDenseI64ArrayAttr(sizes);
  op->setAttr(onnx::declaredDimsAttrName, builder.getArrayAttr(all));
}

LogicalResult GraphBuilder::collectOutputs(const Signature &signature,
                                           SmallVectorImpl<Value> &results) {
  for (const Port &port : signature.outputs) {
    Value value = values.lookup(StringRef(port.name));
    if (getElementTypeOrSelf(value.getType()) != port.elementType)
      return reporter.invalid("output " + quoted(port.name) +
                              " is declared with another data type than its "
                              "producer makes");
    results.push_back(value);
  }
  return success();
}

LogicalResult GraphBuilder::verifyModule(ModuleOp module) {
  std::string node, message;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (message.empty()) {
      node = locationName(diagnostic.getLocation());
      message = diagnostic.str();
    }
    return success();
  });
  if (succeeded(verify(module)))
    return success();
  return reporter.invalid("node " + quoted(node) + ": " +
                          StringRef(escaped(message)));
}

OwningOpRef<ModuleOp> GraphBuilder::build(pb::GraphProto &graph,
                                          const FlatGraph &flatGraph,
                                          ArrayRef<const OpForm *> forms,
                                          const Signature &signature) {
  flat = &flatGraph;
  Location loc = NameLoc::get(builder.getStringAttr(graph.name()));
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  SmallVector<Type> inputTypes;
  SmallVector<DictionaryAttr> inputAttributes, outputAttributes;
  for (const Port &port : signature.inputs) {
    if (!port.ranked) {
      (void)reporter.unsupported("input " + quoted(port.name) +
                                 " has no shape; give one with --shape");
      return {};
    }
    inputTypes.push_back(port.getType());
    inputAttributes.push_back(port.getAttributes(context));
  }
  for (const Port &port : signature.outputs)
    outputAttributes.push_back(port.getAttributes(context));

  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType(inputTypes, {}));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [port, argument] :
       zip_equal(signature.inputs, entry->getArguments())) {
    argument.setLoc(NameLoc::get(builder.getStringAttr(port.name)));
    values[port.name] = argument;
  }

  nodes.setEntry(entry);
  nodes.buildSubgraph = [this](pb::GraphProto &inner, ArrayRef<Value> inputs,
                               SmallVectorImpl<Value> &outputs) {
    return addSubgraph(inner, *innerOpsets, inputs, outputs);
  };
  Names used;
  for (const FlatNode &node : flat->nodes)
    noteUses(*node.proto, used);
  if (failed(addInitializers(graph, used)))
    return {};
  for (auto [index, node] : enumerate(flat->nodes))
    if (failed(addNode(*node.proto, *forms[index], *node.opsets, index)))
      return {};
  SmallVector<Value> results;
  if (failed(checkDeclaredTypes(graph)) ||
      failed(collectOutputs(signature, results)))
    return {};
  func::ReturnOp::create(builder, loc, results);
  function.setType(
      builder.getFunctionType(inputTypes, ValueRange(results).getTypes()));
  function.setAllArgAttrs(inputAttributes);
  function.setAllResultAttrs(outputAttributes);
  if (failed(verifyModule(*module)))
    return {};
  return module;
}

} // namespace mlir::qopt::importer
