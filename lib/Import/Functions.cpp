//===- Functions.cpp - model-local functions, inlined ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Torch's dynamo exporter writes layers as functions. They are inlined on the
// protobuf messages, before anything else looks at the graph: each call gets
// its own copy of the body, with values renamed to `<call>/<name>`.
//===----------------------------------------------------------------------===//

#include "Functions.h"
#include "FunctionTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
class Inliner {
public:
  Inliner(pb::ModelProto &model, const FunctionTable &functions,
          Reporter &reporter, FlatGraph &graph)
      : model(model), functions(functions), reporter(reporter), graph(graph) {}

  LogicalResult run();

private:
  using Names = StringMap<std::string>;
  using Attributes = StringMap<const pb::AttributeProto *>;

  /// Takes the nodes of the result, in order.
  using Emit = function_ref<void(pb::NodeProto &&node, const Opsets *opsets)>;
  LogicalResult inlineCall(const pb::NodeProto &call, const Function &function,
                           Emit emit);
  LogicalResult inlineInside(pb::NodeProto &node);
  LogicalResult inlineGraph(pb::GraphProto &nested);
  LogicalResult copyNode(pb::NodeProto &node, const Names &names,
                         const Attributes &attributes, StringRef prefix,
                         const Function &function);
  std::string freshName(StringRef prefix, StringRef name);
  void rememberNames(const pb::GraphProto &graph);

  pb::ModelProto &model;
  const FunctionTable &functions;
  Reporter &reporter;
  FlatGraph &graph;
  StringSet<> taken;
};
} // namespace

void Inliner::rememberNames(const pb::GraphProto &source) {
  for (const pb::ValueInfoProto &value : source.input())
    taken.insert(value.name());
  for (const pb::TensorProto &tensor : source.initializer())
    taken.insert(tensor.name());
  for (const pb::NodeProto &node : source.node()) {
    for (const std::string &name : node.output())
      taken.insert(name);
    for (const pb::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        rememberNames(attribute.g());
      for (const pb::GraphProto &subgraph : attribute.graphs())
        rememberNames(subgraph);
    }
  }
}

std::string Inliner::freshName(StringRef prefix, StringRef name) {
  std::string base = (prefix + "/" + name).str(), candidate = base;
  for (unsigned i = 1; !taken.insert(candidate).second; ++i)
    candidate = base + "_" + std::to_string(i);
  return candidate;
}

/// Renames values and replaces references to attributes of the function, in
/// nested graphs too.
LogicalResult Inliner::copyNode(pb::NodeProto &node, const Names &names,
                                const Attributes &attributes, StringRef prefix,
                                const Function &function) {
  auto rename = [&](std::string &name) {
    auto found = names.find(name);
    if (found != names.end())
      name = found->second;
  };
  for (std::string &name : *node.mutable_input())
    rename(name);
  for (std::string &name : *node.mutable_output())
    rename(name);
  if (!node.name().empty())
    node.set_name((prefix + "/" + node.name()).str());

  for (int i = 0; i < node.attribute_size();) {
    pb::AttributeProto &attribute = *node.mutable_attribute(i);
    if (!attribute.ref_attr_name().empty()) {
      auto found = attributes.find(attribute.ref_attr_name());
      if (found == attributes.end()) {
        // An optional attribute that the call leaves out.
        node.mutable_attribute()->DeleteSubrange(i, 1);
        continue;
      }
      std::string name = attribute.name();
      if (attribute.has_type() && found->second->has_type() &&
          attribute.type() != found->second->type())
        return reporter.invalid(
            function.text + ": attribute " + quoted(attribute.ref_attr_name()) +
            " has another type than its use in " + describe(node));
      attribute = *found->second;
      attribute.set_name(name);
    }
    auto copySubgraph = [&](pb::GraphProto &subgraph) -> LogicalResult {
      for (pb::NodeProto &inner : *subgraph.mutable_node())
        if (failed(copyNode(inner, names, attributes, prefix, function)))
          return failure();
      for (pb::ValueInfoProto &output : *subgraph.mutable_output())
        rename(*output.mutable_name());
      return success();
    };
    if (attribute.has_g() && failed(copySubgraph(*attribute.mutable_g())))
      return failure();
    for (pb::GraphProto &subgraph : *attribute.mutable_graphs())
      if (failed(copySubgraph(subgraph)))
        return failure();
    ++i;
  }
  return success();
}

LogicalResult Inliner::inlineCall(const pb::NodeProto &call,
                                  const Function &function, Emit emit) {
  const pb::FunctionProto &body = *function.proto;
  if (call.input_size() > body.input_size() ||
      call.output_size() > body.output_size())
    return reporter.invalid(describe(call) +
                            ": more inputs or outputs than the function has");
  std::string prefix = call.name().empty() ? call.op_type() : call.name();

  Attributes attributes;
  for (const auto &entry : function.defaults)
    attributes[entry.first()] = &entry.second;
  for (const pb::AttributeProto &attribute : call.attribute()) {
    if (!is_contained(body.attribute(), attribute.name()) &&
        !function.defaults.count(attribute.name()))
      return reporter.invalid(describe(call) +
                              ": the function has no attribute " +
                              quoted(attribute.name()));
    attributes[attribute.name()] = &attribute;
  }

  Names names;
  StringSet<> inputs;
  for (int i = 0; i < body.input_size(); ++i) {
    names[body.input(i)] = i < call.input_size() ? call.input(i) : "";
    inputs.insert(body.input(i));
  }
  // An output that is an input of the function needs a node to carry the name.
  SmallVector<std::pair<std::string, std::string>> copies;
  StringSet<> produced;
  for (int i = 0; i < body.output_size(); ++i) {
    const std::string &formal = body.output(i);
    std::string actual = i < call.output_size() ? call.output(i) : "";
    if (!produced.insert(formal).second || inputs.count(formal)) {
      if (!actual.empty())
        copies.push_back({names[formal], actual});
      continue;
    }
    names[formal] = actual.empty() ? freshName(prefix, formal) : actual;
  }
  for (const pb::NodeProto &node : body.node())
    for (const std::string &output : node.output()) {
      if (output.empty())
        continue;
      if (inputs.count(output))
        return reporter.invalid(function.text + ": " + describe(node) +
                                " writes the function's input " +
                                quoted(output));
      if (!names.count(output))
        names[output] = freshName(prefix, output);
    }
  for (const std::string &output : body.output())
    if (!names.count(output))
      return reporter.invalid(function.text + ": output " + quoted(output) +
                              " is produced by no node");

  for (const pb::NodeProto &node : body.node()) {
    pb::NodeProto copy = node;
    if (failed(copyNode(copy, names, attributes, prefix, function)))
      return failure();
    // A name that the body neither takes nor makes must not meet a value of the
    // caller that happens to be called the same.
    for (int i = 0; i < node.input_size(); ++i)
      if (!node.input(i).empty() && !names.count(node.input(i)))
        return reporter.invalid(function.text + ": " + describe(node) +
                                " reads " + quoted(node.input(i)) +
                                ", which nothing produces");
    if (const Function *inner = functions.find(copy)) {
      if (failed(inlineCall(copy, *inner, emit)))
        return failure();
    } else {
      emit(std::move(copy), function.opsets);
    }
  }
  for (auto &[from, to] : copies) {
    pb::NodeProto copy;
    copy.set_op_type("Identity");
    copy.add_input(from);
    copy.add_output(to);
    emit(std::move(copy), &graph.opsets.front());
  }
  return success();
}

/// Calls in the graphs that a node holds.
LogicalResult Inliner::inlineInside(pb::NodeProto &node) {
  for (pb::AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g() && failed(inlineGraph(*attribute.mutable_g())))
      return failure();
    for (pb::GraphProto &nested : *attribute.mutable_graphs())
      if (failed(inlineGraph(nested)))
        return failure();
  }
  return success();
}

LogicalResult Inliner::inlineGraph(pb::GraphProto &nested) {
  if (any_of(nested.node(),
             [&](const pb::NodeProto &node) { return functions.find(node); })) {
    google::protobuf::RepeatedPtrField<pb::NodeProto> nodes;
    std::vector<const Opsets *> opsets;
    auto emit = [&](pb::NodeProto &&node, const Opsets *from) {
      *nodes.Add() = std::move(node);
      opsets.push_back(from);
    };
    for (pb::NodeProto &node : *nested.mutable_node()) {
      if (const Function *function = functions.find(node)) {
        if (failed(inlineCall(node, *function, emit)))
          return failure();
      } else {
        emit(std::move(node), nullptr);
      }
    }
    nested.mutable_node()->Swap(&nodes);
    for (auto [node, from] : zip_equal(nested.node(), opsets))
      if (from)
        graph.innerOpsets[&node] = from;
  }
  for (pb::NodeProto &node : *nested.mutable_node())
    if (failed(inlineInside(node)))
      return failure();
  return success();
}

LogicalResult Inliner::run() {
  if (!functions.empty())
    rememberNames(model.graph());
  auto emit = [&](pb::NodeProto &&node, const Opsets *opsets) {
    graph.inlined.push_back(std::move(node));
    graph.nodes.push_back({&graph.inlined.back(), opsets});
  };
  for (pb::NodeProto &node : *model.mutable_graph()->mutable_node()) {
    if (const Function *function = functions.find(node)) {
      if (failed(inlineCall(node, *function, emit)))
        return failure();
    } else {
      graph.nodes.push_back({&node, &graph.opsets.front()});
    }
  }
  if (functions.empty())
    return success();
  for (const FlatNode &node : graph.nodes)
    if (failed(inlineInside(*node.proto)))
      return failure();
  return success();
}

LogicalResult flatten(pb::ModelProto &model,
                      function_ref<bool(StringRef)> isStandardOp,
                      Reporter &reporter, FlatGraph &graph) {
  graph.opsets.emplace_back();
  if (failed(
          readOpsets(model.opset_import(), "", reporter, graph.opsets.front())))
    return failure();
  FunctionTable functions(model, reporter);
  if (failed(functions.collect(isStandardOp, graph)) ||
      failed(functions.measure()))
    return failure();
  graph.nodes.reserve(model.graph().node_size());
  return Inliner(model, functions, reporter, graph).run();
}

} // namespace mlir::qopt::importer
