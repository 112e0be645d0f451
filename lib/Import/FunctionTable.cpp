//===- FunctionTable.cpp - the functions of a model -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FunctionTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <google/protobuf/unknown_field_set.h>

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
// ONNX's own constants.
constexpr unsigned maxFunctions = 10'000, maxDepth = 100;

// Fields newer than the schema.
constexpr int nodeOverloadField = 8, functionOverloadField = 13,
              functionAttributeProtoField = 11;

template <typename Message>
std::string unknownString(const Message &message, int number) {
  const google::protobuf::UnknownFieldSet &fields = message.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i)
    if (fields.field(i).number() == number &&
        fields.field(i).type() ==
            google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      return fields.field(i).length_delimited();
  return {};
}

std::string functionKey(StringRef domain, StringRef name, StringRef overload) {
  std::string key = canonicalDomain(domain).str();
  key.push_back('\0');
  key += name;
  key.push_back('\0');
  key += overload;
  return key;
}
} // namespace

StringRef canonicalDomain(StringRef domain) {
  return domain == "ai.onnx" ? StringRef() : domain;
}

LogicalResult readOpsets(
    const google::protobuf::RepeatedPtrField<pb::OperatorSetIdProto> &imports,
    const Twine &subject, Reporter &reporter, Opsets &opsets) {
  for (const pb::OperatorSetIdProto &import : imports) {
    StringRef domain = canonicalDomain(import.domain());
    std::string shown = domain.empty() ? "ai.onnx" : escaped(domain);
    if (!opsets.try_emplace(domain, import.version()).second)
      return reporter.invalid(subject + "opset_import names domain " + shown +
                              " twice");
    if (import.version() <= 0)
      return reporter.invalid(subject + "opset_import of domain " + shown +
                              ": version " + Twine(import.version()) +
                              " is not positive");
  }
  return success();
}

static std::string keyOf(const pb::NodeProto &call) {
  return functionKey(call.domain(), call.op_type(),
                     unknownString(call, nodeOverloadField));
}

const Function *FunctionTable::find(const pb::NodeProto &node) const {
  auto found = empty() ? functions.end() : functions.find(keyOf(node));
  return found == functions.end() ? nullptr : &found->second;
}

LogicalResult FunctionTable::readDefaults(Function &function) {
  const google::protobuf::UnknownFieldSet &fields =
      function.proto->unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() != functionAttributeProtoField)
      continue;
    pb::AttributeProto attribute;
    if (fields.field(i).type() !=
            google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
        !attribute.ParseFromString(fields.field(i).length_delimited()))
      return reporter.invalid(function.text +
                              ": a default attribute does not parse");
    std::string name = attribute.name();
    function.defaults[name] = std::move(attribute);
  }
  return success();
}

LogicalResult FunctionTable::collect(function_ref<bool(StringRef)> isStandardOp,
                                     FlatGraph &graph) {
  if (model.functions_size() > static_cast<int>(maxFunctions))
    return reporter.invalid("the model has " + Twine(model.functions_size()) +
                            " functions; the limit is " + Twine(maxFunctions));
  for (const pb::FunctionProto &proto : model.functions()) {
    std::string text = "function " + quoted(proto.name());
    if (proto.name().empty())
      return reporter.invalid("a function has no name");
    if (canonicalDomain(proto.domain()).empty() && isStandardOp(proto.name()))
      return reporter.invalid(text + " has the name of a standard operator");
    auto [it, isNew] = functions.try_emplace(
        functionKey(proto.domain(), proto.name(),
                    unknownString(proto, functionOverloadField)));
    if (!isNew)
      return reporter.invalid(text + " is defined twice");
    Function &function = it->second;
    function.proto = &proto;
    function.text = text;
    Opsets &opsets = graph.opsets.emplace_back();
    if (failed(readOpsets(proto.opset_import(), text + ": ", reporter, opsets)))
      return failure();
    function.opsets = &opsets;
    StringSet<> formals;
    for (const std::string &name : proto.input())
      if (!formals.insert(name).second)
        return reporter.invalid(text + ": input " + quoted(name) +
                                " is declared twice");
    if (failed(readDefaults(function)))
      return failure();
  }
  return success();
}

template <typename Nodes>
LogicalResult FunctionTable::visitCalls(const Nodes &nodes, Extent &extent) {
  for (const pb::NodeProto &node : nodes) {
    uint64_t own = 1;
    if (auto found = functions.find(keyOf(node)); found != functions.end()) {
      Function &function = found->second;
      if (failed(visit(function)))
        return failure();
      own = function.extent.size;
      extent.depth = std::max(extent.depth, function.extent.depth + 1);
    }
    extent.size = SaturatingAdd(extent.size, own);
    for (const pb::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g() && failed(visitCalls(attribute.g().node(), extent)))
        return failure();
      for (const pb::GraphProto &subgraph : attribute.graphs())
        if (failed(visitCalls(subgraph.node(), extent)))
          return failure();
    }
  }
  return success();
}

LogicalResult FunctionTable::visit(Function &function) {
  if (function.state == Function::Done)
    return success();
  if (function.state == Function::Active)
    return reporter.invalid(function.text +
                            " calls itself, directly or through others");
  function.state = Function::Active;
  // The first check bounds this recursion, the second one that of inlineCall.
  bool tooDeep = ++activeDepth > maxDepth;
  if (!tooDeep && failed(visitCalls(function.proto->node(), function.extent)))
    return failure();
  --activeDepth;
  if (tooDeep || function.extent.depth >= maxDepth)
    return reporter.invalid(function.text +
                            ": functions call each other more "
                            "than " +
                            Twine(maxDepth) + " levels deep");
  function.state = Function::Done;
  return success();
}

LogicalResult FunctionTable::measure() {
  Extent extent;
  for (auto &entry : functions)
    if (failed(visit(entry.second)))
      return failure();
  if (failed(visitCalls(model.graph().node(), extent)))
    return failure();
  uint64_t limit = reporter.getOptions().maxNodes;
  if (extent.size > limit)
    return reporter.limit("the graph has more than " + Twine(limit) + " nodes" +
                          (functions.empty() ? "" : " with functions inlined"));
  return success();
}

} // namespace mlir::qopt::importer
