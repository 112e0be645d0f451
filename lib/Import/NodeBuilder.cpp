//===- NodeBuilder.cpp - one node of the graph to ops of the dialect ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generic creation: the op is found by its name in the dialect, its attributes
// are converted by the kinds of the opset table, and the element types of its
// results come from the op's own rule. Shapes are left to the shape inference:
// every result is an unranked tensor.
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "DataTypes.h"
#include "ModelChecks.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
pb::AttributeProto::AttributeType protoKind(char kind) {
  switch (kind) {
  case 'f':
    return pb::AttributeProto::FLOAT;
  case 's':
    return pb::AttributeProto::STRING;
  case 'I':
    return pb::AttributeProto::INTS;
  case 'F':
    return pb::AttributeProto::FLOATS;
  case 'S':
    return pb::AttributeProto::STRINGS;
  case 't':
    return pb::AttributeProto::TENSOR;
  case 'g':
    return pb::AttributeProto::GRAPH;
  default:
    return pb::AttributeProto::INT;
  }
}
} // namespace

/// Pairs of operands that must have one element type, as digits; `*`: all.
static StringRef sameTypeOperands(StringRef op) {
  return StringSwitch<StringRef>(op)
      .Cases({"Add", "Sub", "Mul", "Div", "Mod", "PRelu", "BitShift"}, "*")
      .Cases({"And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor"}, "*")
      .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, "*")
      .Cases({"Max", "Min", "Sum", "Mean", "Concat", "Einsum", "Range"}, "*")
      .Cases({"MatMul", "Gemm", "Clip", "LayerNormalization"}, "*")
      .Case("Where", "12")
      .Cases({"Pad", "ScatterElements", "ScatterND"}, "02")
      .Case("DequantizeLinear", "02")
      .Case("MatMulInteger", "02 13")
      .Case("QLinearMatMul", "02 35")
      .Default("");
}

LogicalResult NodeBuilder::checkSameTypes(const NodeContext &node, StringRef op,
                                          ArrayRef<Value> operands) {
  auto check = [&](size_t a, size_t b) -> LogicalResult {
    if (a >= operands.size() || b >= operands.size())
      return success();
    Type first = getElementTypeOrSelf(operands[a].getType());
    Type second = getElementTypeOrSelf(operands[b].getType());
    if (first == second || isa<NoneType>(first) || isa<NoneType>(second))
      return success();
    return reporter.invalid(node.describe() + ": inputs " + Twine(a) + " and " +
                            Twine(b) + " have different data types");
  };
  StringRef pairs = sameTypeOperands(op);
  if (pairs == "*") {
    for (size_t i = 1; i < operands.size(); ++i)
      if (failed(check(0, i)))
        return failure();
    return success();
  }
  for (; pairs.size() >= 2; pairs = pairs.drop_front(2).ltrim())
    if (failed(check(pairs[0] - '0', pairs[1] - '0')))
      return failure();
  return success();
}

Value NodeContext::emit(StringRef op, ArrayRef<Value> inputs,
                        const NamedAttrList &attrs, int numOperands) {
  SmallVector<Value, 1> made;
  if (failed(builder.create(*this, op, inputs, numOperands, attrs, 1, made)))
    return {};
  return made.front();
}

bool NodeContext::has(unsigned operand) const {
  return operand < operands.size() &&
         !isa<NoneType>(operands[operand].getType());
}

bool NodeContext::wants(unsigned output) const {
  return static_cast<int>(output) < proto.output_size() &&
         !proto.output(output).empty();
}

Value NodeBuilder::constant(Location loc, ElementsAttr value) {
  return onnx::ConstantOp::create(builder, loc, value);
}

Value NodeBuilder::constantVector(Location loc, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return constant(loc, DenseElementsAttr::get(type, values));
}

Value NodeBuilder::noValue() {
  if (!none) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(entry ? entry
                                           : builder.getInsertionBlock());
    none = onnx::NoValueOp::create(builder, builder.getUnknownLoc(),
                                   builder.getNoneType());
  }
  return none;
}

LogicalResult NodeBuilder::checkCounts(const NodeContext &node) {
  const OpForm &form = node.form;
  int inputs = node.proto.input_size(), outputs = node.proto.output_size();
  if (form.maxInputs >= 0 && inputs > form.maxInputs)
    return reporter.invalid(node.describe() + ": " + Twine(inputs) +
                            " inputs, the operator has at most " +
                            Twine(form.maxInputs));
  int required =
      form.maxInputs < 0 ? std::max(inputs, form.minInputs) : form.minInputs;
  for (int i = 0; i < required; ++i)
    if (i >= inputs ||
        (node.proto.input(i).empty() &&
         !StringRef(form.optional).contains(static_cast<char>('0' + i))))
      return reporter.invalid(node.describe() + ": input " + Twine(i) +
                              " is required and missing");
  if (form.maxOutputs >= 0 && outputs > form.maxOutputs)
    return reporter.invalid(node.describe() + ": " + Twine(outputs) +
                            " outputs, the operator has at most " +
                            Twine(form.maxOutputs));
  if (outputs < form.minOutputs)
    return reporter.invalid(node.describe() + ": " + Twine(outputs) +
                            " outputs, the operator has at least " +
                            Twine(form.minOutputs));
  return success();
}

LogicalResult NodeBuilder::convertAttribute(NodeContext &node,
                                            pb::AttributeProto &attribute,
                                            char kind, Attribute &result) {
  std::string subject =
      node.describe() + ": attribute " + quoted(attribute.name());
  switch (kind) {
  case 'i':
    result = builder.getI64IntegerAttr(attribute.i());
    return success();
  case 'f':
    result = builder.getF32FloatAttr(attribute.f());
    return success();
  case 's':
    result = builder.getStringAttr(attribute.s());
    return success();
  case 'I':
    result = builder.getDenseI64ArrayAttr(
        ArrayRef<int64_t>(attribute.ints().data(), attribute.ints_size()));
    return success();
  case 'F':
    result = builder.getDenseF32ArrayAttr(
        ArrayRef<float>(attribute.floats().data(), attribute.floats_size()));
    return success();
  case 'S': {
    SmallVector<StringRef> strings(attribute.strings().begin(),
                                   attribute.strings().end());
    result = builder.getStrArrayAttr(strings);
    return success();
  }
  case 't': {
    ElementsAttr value;
    if (failed(tensors.import(*attribute.mutable_t(), subject,
                              node.proto.name(), value)))
      return failure();
    result = value;
    return success();
  }
  case 'd': {
    // 0 is the default of optional data types.
    if (attribute.i() == 0 &&
        !attributeKind(node.form, attribute.name()).ends_with("!"))
      return success();
    Type type;
    if (failed(requireElementType(attribute.i(), subject, builder.getContext(),
                                  reporter, type)))
      return failure();
    result = TypeAttr::get(type);
    return success();
  }
  default:
    return success();
  }
}

LogicalResult NodeBuilder::convertAttributes(NodeContext &node) {
  for (pb::AttributeProto &attribute : *node.proto.mutable_attribute()) {
    StringRef kind = attributeKind(node.form, attribute.name());
    std::string subject =
        node.describe() + ": attribute " + quoted(attribute.name());
    if (kind.empty())
      return reporter.invalid(subject + " does not exist at this opset");
    pb::AttributeProto::AttributeType actual;
    if (failed(valueKind(attribute, node.proto, reporter, actual)))
      return failure();
    if (kind.front() != 'x' && actual != protoKind(kind.front()))
      return reporter.invalid(subject + " is of the wrong kind");
    Attribute value;
    if (failed(convertAttribute(node, attribute, kind.front(), value)))
      return failure();
    if (value)
      node.attributes.set(attribute.name(), value);
  }
  std::string missing;
  forEachAttribute(node.form, [&](StringRef name, StringRef kind) {
    if (kind.ends_with("!") &&
        none_of(node.proto.attribute(),
                [&](const auto &given) { return given.name() == name; }))
      missing = name;
  });
  if (!missing.empty())
    return reporter.invalid(node.describe() + ": attribute '" + missing +
                            "' is required and missing");
  return success();
}

LogicalResult NodeBuilder::create(NodeContext &node, StringRef op,
                                  ArrayRef<Value> operands, int numOperands,
                                  const NamedAttrList &attributes,
                                  unsigned numResults,
                                  SmallVectorImpl<Value> &results) {
  MLIRContext *context = builder.getContext();
  std::optional<RegisteredOperationName> name =
      RegisteredOperationName::lookup(("onnx." + op).str(), context);
  if (!name)
    return reporter.unsupported(node.describe() +
                                ": the operator is not supported");
  if (failed(checkSameTypes(node, op, operands)))
    return failure();
  // An attribute that the op does not read must not be lost in silence.
  for (NamedAttribute attribute : attributes)
    if (!is_contained(name->getAttributeNames(), attribute.getName()))
      return reporter.unsupported(node.describe() + ": attribute " +
                                  quoted(attribute.getName().getValue()) +
                                  " of " + op);
  OperationState state(node.loc, *name);
  state.addOperands(operands);
  for (int i = operands.size(); i < numOperands; ++i)
    state.addOperands(noValue());
  state.addAttributes(attributes.getAttrs());
  auto *interface = name->getInterface<onnx::ONNXOpInterface>();
  DictionaryAttr dictionary = attributes.getDictionary(context);
  for (unsigned i = 0; i < numResults; ++i) {
    Type type = interface ? interface->inferElementType(context, state.operands,
                                                        dictionary, i)
                          : Type();
    if (!type)
      return reporter.invalid(node.describe() +
                              ": the element type of output " + Twine(i) +
                              " does not follow from the inputs");
    state.addTypes(UnrankedTensorType::get(type));
  }
  Operation *created = builder.create(state);
  ranks.note(created);
  results.assign(created->result_begin(), created->result_end());
  return success();
}

LogicalResult NodeBuilder::build(pb::NodeProto &proto, const OpForm &form,
                                 Location loc, ArrayRef<Value> operands,
                                 SmallVectorImpl<Value> &results) {
  NodeContext node{*this, reporter, proto, form, loc, {}, {}, {}};
  node.operands.assign(operands.begin(), operands.end());
  if (failed(checkCounts(node)) || failed(convertAttributes(node)))
    return failure();
  if (form.decode) {
    if (failed(form.decode(node)))
      return failure();
  } else {
    // The op has the operands of the newest form. Variadic results are as many
    // as the node names.
    const OpForm &newest = *findForm(form.op, newestOpset);
    unsigned outputs =
        form.maxOutputs < 0 ? proto.output_size() : form.maxOutputs;
    if (failed(create(node, form.opName(), node.operands, newest.maxInputs,
                      node.attributes, outputs, node.results)))
      return failure();
  }
  for (int i = 0; i < proto.output_size(); ++i)
    if (!proto.output(i).empty() &&
        (i >= static_cast<int>(node.results.size()) || !node.results[i]))
      return reporter.unsupported(node.describe() + ": output " + Twine(i));
  results = std::move(node.results);
  return success();
}

} // namespace mlir::qopt::importer
