//===- GraphWriter.cpp - a function of the onnx dialect as a graph --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One node per op, in the order of the function, which is topological. Operand
// i is input i; NoValue is an empty name, and none behind the last input that
// is there. Results that nothing reads are left out where ONNX allows it. The
// names of inputs, outputs, nodes and initializers are those of the model that
// was imported.
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace llvm;

namespace mlir::qopt::exporter {

namespace {
/// A repeated value of this size and more is stored once and spread at load.
constexpr uint64_t minSpreadBytes = 4096;

StringRef portName(DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>("onnx.name") : nullptr;
  return name ? name.getValue() : StringRef();
}

ArrayAttr portDims(DictionaryAttr attributes) {
  return attributes ? attributes.getAs<ArrayAttr>("onnx.dims") : nullptr;
}

std::string nameOfNode(Operation *op) {
  StringRef name = nameOf(op->getLoc());
  return name.empty() ? op->getName().stripDialect().str() : name.str();
}
} // namespace

LogicalResult GraphWriter::describe(Type type, ArrayAttr dims, Location loc,
                                    pb::ValueInfoProto &info) {
  pb::TypeProto_Tensor &tensor = *info.mutable_type()->mutable_tensor_type();
  FailureOr<int64_t> number =
      NodeForms::dataType(getElementTypeOrSelf(type), loc, &opset);
  if (failed(number))
    return failure();
  tensor.set_elem_type(static_cast<int32_t>(*number));
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked)
    return success();
  pb::TensorShapeProto &shape = *tensor.mutable_shape();
  for (auto [i, size] : enumerate(ranked.getShape())) {
    pb::TensorShapeProto_Dimension &dim = *shape.add_dim();
    if (!ShapedType::isDynamic(size))
      dim.set_dim_value(size);
    else if (dims && dims.size() == static_cast<size_t>(ranked.getRank()))
      if (auto symbol = dyn_cast<StringAttr>(dims[i]))
        dim.set_dim_param(symbol.getValue().str());
  }
  return success();
}

LogicalResult GraphWriter::writeConstant(Operation *op) {
  auto constant = cast<onnx::ConstantOp>(op);
  ElementsAttr value = constant.getValue();
  StringRef wanted = nameOf(op->getLoc());
  std::string name = values.unique(wanted.empty() ? "constant" : wanted);
  names[constant.getResult()] = name;
  if (failed(NodeForms::dataType(value.getElementType(), op->getLoc(), &opset)))
    return failure();
  bool spread =
      isa<SplatElementsAttr>(value) && tensorBytes(value) >= minSpreadBytes;
  if (!spread) {
    pb::TensorProto &tensor = *root->add_initializer();
    tensor.set_name(name);
    return tensors.write(value, op->getLoc(), /*isInput=*/true, tensor);
  }
  pb::TensorProto &shape = *root->add_initializer();
  shape.set_name(values.unique(name + ".shape"));
  shape.set_data_type(pb::TensorProto::INT64);
  ArrayRef<int64_t> dims = value.getShapedType().getShape();
  shape.add_dims(dims.size());
  shape.set_raw_data(dims.data(), dims.size() * sizeof(int64_t));
  pb::NodeProto &node = *root->add_node();
  node.set_name(nodes.unique(name));
  node.set_op_type("ConstantOfShape");
  node.add_input(shape.name());
  node.add_output(name);
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name("value");
  attribute.set_type(pb::AttributeProto::TENSOR);
  auto one = cast<DenseElementsAttr>(value).resizeSplat(
      RankedTensorType::get({1}, value.getElementType()));
  return tensors.write(one, op->getLoc(), /*isInput=*/false,
                       *attribute.mutable_t());
}

LogicalResult GraphWriter::writeAttribute(NamedAttribute attribute,
                                          Operation *op, pb::NodeProto &node) {
  pb::AttributeProto &proto = *node.add_attribute();
  proto.set_name(attribute.getName().str());
  auto unknown = [&] {
    return op->emitError("cannot be exported: attribute '")
           << attribute.getName().getValue()
           << "' is of a kind that ONNX lacks";
  };
  return TypeSwitch<Attribute, LogicalResult>(attribute.getValue())
      .Case([&](IntegerAttr value) {
        proto.set_type(pb::AttributeProto::INT);
        proto.set_i(value.getValue().getSExtValue());
        return success();
      })
      .Case([&](FloatAttr value) {
        proto.set_type(pb::AttributeProto::FLOAT);
        proto.set_f(static_cast<float>(value.getValueAsDouble()));
        return success();
      })
      .Case([&](StringAttr value) {
        proto.set_type(pb::AttributeProto::STRING);
        proto.set_s(value.str());
        return success();
      })
      .Case([&](DenseI64ArrayAttr value) {
        proto.set_type(pb::AttributeProto::INTS);
        for (int64_t number : value.asArrayRef())
          proto.add_ints(number);
        return success();
      })
      .Case([&](DenseF32ArrayAttr value) {
        proto.set_type(pb::AttributeProto::FLOATS);
        for (float number : value.asArrayRef())
          proto.add_floats(number);
        return success();
      })
      .Case([&](ArrayAttr value) -> LogicalResult {
        proto.set_type(pb::AttributeProto::STRINGS);
        for (Attribute element : value) {
          auto text = dyn_cast<StringAttr>(element);
          if (!text)
            return unknown();
          proto.add_strings(text.str());
        }
        return success();
      })
      .Case([&](TypeAttr value) -> LogicalResult {
        FailureOr<int64_t> number =
            NodeForms::dataType(value.getValue(), op->getLoc(), &opset);
        if (failed(number))
          return failure();
        proto.set_type(pb::AttributeProto::INT);
        proto.set_i(*number);
        return success();
      })
      .Case([&](ElementsAttr value) {
        proto.set_type(pb::AttributeProto::TENSOR);
        return tensors.write(value, op->getLoc(), /*isInput=*/false,
                             *proto.mutable_t());
      })
      .Default([&](Attribute) -> LogicalResult { return unknown(); });
}

LogicalResult GraphWriter::writeNode(Operation *op, pb::GraphProto &graph) {
  FailureOr<NodeForm> form = forms.get(op);
  if (failed(form))
    return failure();
  opset = std::max(opset, form->opset);
  // Inner graphs first: a message about one of their nodes is the better one.
  pb::NodeProto node;
  node.set_name(nodes.unique(nameOfNode(op)));
  node.set_op_type(form->op.str());

  unsigned inputs = op->getNumOperands();
  // A Loop names its count and condition even if both are absent.
  unsigned least = isa<onnx::LoopOp>(op) ? 2 : 0;
  while (inputs > least && isa<NoneType>(op->getOperand(inputs - 1).getType()))
    --inputs;
  for (Value operand : op->getOperands().take_front(inputs))
    node.add_input(isa<NoneType>(operand.getType()) ? std::string()
                                                    : names.lookup(operand));

  unsigned outputs = op->getNumResults();
  while (outputs > static_cast<unsigned>(form->minOutputs) &&
         op->getResult(outputs - 1).use_empty() && op->getNumRegions() == 0 &&
         !isa<onnx::SplitOp>(op))
    --outputs;
  for (OpResult result : op->getResults().take_front(outputs)) {
    std::string &name = names[result];
    // An output of the graph has its name already.
    if (name.empty())
      name = values.unique(node.name() + "_output_" +
                           std::to_string(result.getResultNumber()));
    bool named =
        !result.use_empty() || op->getNumRegions() || isa<onnx::SplitOp>(op) ||
        result.getResultNumber() < static_cast<unsigned>(form->minOutputs);
    node.add_output(named ? name : std::string());
  }
  for (NamedAttribute attribute : form->attributes)
    if (failed(writeAttribute(attribute, op, node)))
      return failure();
  if (auto branch = dyn_cast<onnx::IfOp>(op)) {
    if (failed(
            writeSubgraph(branch.getThenBranch(), "then_branch", op, node)) ||
        failed(writeSubgraph(branch.getElseBranch(), "else_branch", op, node)))
      return failure();
  } else if (auto loop = dyn_cast<onnx::LoopOp>(op)) {
    if (failed(writeSubgraph(loop.getBody(), "body", op, node)))
      return failure();
  }
  *graph.add_node() = std::move(node);
  return success();
}

LogicalResult GraphWriter::writeNodes(Block &block, pb::GraphProto &graph) {
  for (Operation &op : block.without_terminator())
    if (!isa<onnx::ConstantOp, onnx::NoValueOp>(op) &&
        failed(writeNode(&op, graph)))
      return failure();
  return success();
}

/// Outputs of a graph are results of its own nodes, each once, under the names
/// that are given; what is something else goes through an Identity.
LogicalResult GraphWriter::writeOutputs(Operation *terminator,
                                        ArrayRef<std::string> fixed,
                                        ArrayAttr attributes,
                                        pb::GraphProto &graph) {
  for (auto [i, value] : enumerate(terminator->getOperands())) {
    pb::ValueInfoProto &info = *graph.add_output();
    ArrayAttr dims =
        attributes ? portDims(dyn_cast_or_null<DictionaryAttr>(attributes[i]))
                   : nullptr;
    if (failed(describe(value.getType(), dims, value.getLoc(), info)))
      return failure();
    info.set_name(fixed[i]);
    if (names.lookup(value) == fixed[i])
      continue;
    pb::NodeProto &node = *graph.add_node();
    node.set_name(nodes.unique(fixed[i]));
    node.set_op_type("Identity");
    node.add_input(names.lookup(value));
    node.add_output(fixed[i]);
  }
  return success();
}

/// Whether a value can carry the name of an output of its graph itself.
static bool isOwnResult(Value value, Block &block) {
  Operation *op = value.getDefiningOp();
  return op && op->getBlock() == &block && !isa<onnx::ConstantOp>(op);
}

LogicalResult GraphWriter::writeSubgraph(Region &region, StringRef attribute,
                                         Operation *op, pb::NodeProto &node) {
  pb::AttributeProto &proto = *node.add_attribute();
  proto.set_name(attribute.str());
  proto.set_type(pb::AttributeProto::GRAPH);
  pb::GraphProto &graph = *proto.mutable_g();
  graph.set_name(node.name() + "." + attribute.str());
  Block &block = region.front();
  for (auto [i, argument] : enumerate(block.getArguments())) {
    std::string name =
        values.unique(graph.name() + "_input_" + std::to_string(i));
    names[argument] = name;
    pb::ValueInfoProto &info = *graph.add_input();
    info.set_name(name);
    if (failed(describe(argument.getType(), {}, op->getLoc(), info)))
      return failure();
  }
  SmallVector<std::string> fixed;
  Operation *terminator = block.getTerminator();
  for (auto [i, value] : enumerate(terminator->getOperands())) {
    fixed.push_back(
        values.unique(graph.name() + "_output_" + std::to_string(i)));
    if (isOwnResult(value, block) && !names.contains(value))
      names[value] = fixed.back();
  }
  if (failed(writeNodes(block, graph)))
    return failure();
  return writeOutputs(terminator, fixed, {}, graph);
}

LogicalResult GraphWriter::write(func::FuncOp function, pb::GraphProto &graph) {
  root = &graph;
  Block &block = function.getBody().front();
  Operation *terminator = block.getTerminator();
  StringRef name = nameOf(function.getLoc());
  graph.set_name(name.empty() ? "main" : name.str());

  // Names that the interface fixes come first.
  for (auto [i, argument] : enumerate(block.getArguments())) {
    DictionaryAttr attributes = function.getArgAttrDict(i);
    StringRef given = portName(attributes);
    std::string name = values.unique(
        given.empty() ? "input_" + std::to_string(i) : given.str());
    names[argument] = name;
    pb::ValueInfoProto &info = *graph.add_input();
    info.set_name(name);
    if (failed(describe(argument.getType(), portDims(attributes),
                        argument.getLoc(), info)))
      return failure();
  }
  SmallVector<std::string> fixed;
  for (auto [i, value] : enumerate(terminator->getOperands())) {
    StringRef given = portName(function.getResultAttrDict(i));
    fixed.push_back(values.unique(given.empty() ? "output_" + std::to_string(i)
                                                : given.str()));
    if (isOwnResult(value, block) && !names.contains(value))
      names[value] = fixed.back();
  }

  WalkResult constants = function.walk([&](onnx::ConstantOp op) {
    return op->use_empty() || succeeded(writeConstant(op))
               ? WalkResult::advance()
               : WalkResult::interrupt();
  });
  if (constants.wasInterrupted() || failed(writeNodes(block, graph)))
    return failure();
  return writeOutputs(terminator, fixed, function.getAllResultAttrs(), graph);
}

} // namespace mlir::qopt::exporter
