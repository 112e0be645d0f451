//===- ModelChecks.cpp - the rules of an ONNX graph -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold before a graph can be built: every value has one producer that
// comes before its uses, names are unique where ONNX says so, attributes hold
// one value of the kind they declare. Node names need not be unique.
//===----------------------------------------------------------------------===//

#include "ModelChecks.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
bool isUTF8(StringRef text) {
  const auto *begin = reinterpret_cast<const UTF8 *>(text.data());
  return isLegalUTF8String(&begin, begin + text.size());
}

/// What made a value.
enum class Maker { Input, Initializer, Node };

/// Values visible at a point of a graph; nested graphs see those around them.
struct Scope {
  const Scope *outer = nullptr;
  DenseMap<StringRef, Maker> values;

  bool contains(StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (scope->values.count(name))
        return true;
    return false;
  }
};

class GraphChecker {
public:
  explicit GraphChecker(Reporter &reporter) : reporter(reporter) {}

  template <typename Nodes>
  LogicalResult check(const pb::GraphProto &graph, const Nodes &nodes,
                      const Scope *outer, unsigned depth);

private:
  LogicalResult checkName(StringRef name, const Twine &what);
  LogicalResult declareInputs(const pb::GraphProto &graph, Scope &scope,
                              bool isMain);
  LogicalResult checkNode(const pb::NodeProto &node, Scope &scope,
                          unsigned depth);
  LogicalResult checkOutputs(const pb::GraphProto &graph, const Scope &scope,
                             bool isMain);
  template <typename Nodes>
  LogicalResult missing(StringRef value, const pb::NodeProto &user,
                        const Nodes &nodes);

  Reporter &reporter;
};

const pb::NodeProto &protoOf(const FlatNode &node) { return *node.proto; }
const pb::NodeProto &protoOf(const pb::NodeProto &node) { return node; }
} // namespace

LogicalResult GraphChecker::checkName(StringRef name, const Twine &what) {
  unsigned limit = reporter.getOptions().maxNameLength;
  if (name.size() > limit)
    return reporter.limit(what + " " + quoted(name) + ": the name has " +
                          Twine(name.size()) + " bytes; the limit is " +
                          Twine(limit));
  return success();
}

LogicalResult GraphChecker::declareInputs(const pb::GraphProto &graph,
                                          Scope &scope, bool isMain) {
  for (const pb::ValueInfoProto &input : graph.input()) {
    StringRef name = input.name();
    if (failed(checkName(name, "input")))
      return failure();
    if (name.empty())
      return reporter.invalid("a graph input has no name");
    if (isMain && !isUTF8(name))
      return reporter.invalid("input " + quoted(name) +
                              ": the name is not valid UTF-8");
    if (scope.contains(name))
      return reporter.invalid("input " + quoted(name) +
                              " has the name of another value");
    scope.values[name] = Maker::Input;
  }
  DenseSet<StringRef> seen;
  auto declare = [&](StringRef name) -> LogicalResult {
    if (failed(checkName(name, "initializer")))
      return failure();
    if (name.empty())
      return reporter.invalid("an initializer has no name");
    if (!seen.insert(name).second)
      return reporter.invalid("initializer " + quoted(name) +
                              " is defined twice");
    // An initializer may be listed as an input too: its default value.
    if (!scope.values.count(name) && scope.contains(name))
      return reporter.invalid("initializer " + quoted(name) +
                              " has the name of a value of an outer graph");
    scope.values[name] = Maker::Initializer;
    return success();
  };
  for (const pb::TensorProto &tensor : graph.initializer())
    if (failed(declare(tensor.name())))
      return failure();
  for (const pb::SparseTensorProto &tensor : graph.sparse_initializer())
    if (failed(declare(tensor.values().name())))
      return failure();
  return success();
}

LogicalResult GraphChecker::checkNode(const pb::NodeProto &node, Scope &scope,
                                      unsigned depth) {
  if (failed(checkName(node.name(), "node")))
    return failure();
  if (node.op_type().empty())
    return reporter.invalid(describe(node) + ": op_type is missing");
  if (failed(checkName(node.op_type(), "operator")))
    return failure();
  DenseSet<StringRef> seen;
  for (const pb::AttributeProto &attribute : node.attribute()) {
    pb::AttributeProto::AttributeType kind;
    if (failed(valueKind(attribute, node, reporter, kind)))
      return failure();
    if (!seen.insert(attribute.name()).second)
      return reporter.invalid(describe(node) + ": attribute " +
                              quoted(attribute.name()) + " is given twice");
    if (kind == pb::AttributeProto::GRAPH &&
        failed(check(attribute.g(), attribute.g().node(), &scope, depth + 1)))
      return failure();
    for (const pb::GraphProto &subgraph : attribute.graphs())
      if (failed(check(subgraph, subgraph.node(), &scope, depth + 1)))
        return failure();
  }
  for (const std::string &output : node.output()) {
    if (output.empty())
      continue;
    if (failed(checkName(output, "value")))
      return failure();
    if (scope.contains(output)) {
      auto own = scope.values.find(output);
      const char *other = own == scope.values.end()
                              ? "a value of an outer graph"
                          : own->second == Maker::Node  ? "another node"
                          : own->second == Maker::Input ? "a graph input"
                                                        : "an initializer";
      return reporter.invalid(describe(node) + ": output " + quoted(output) +
                              " has the name of " + other);
    }
    scope.values[output] = Maker::Node;
  }
  return success();
}

/// Tells a value without producer from a cycle and from a wrong order.
template <typename Nodes>
LogicalResult GraphChecker::missing(StringRef value, const pb::NodeProto &user,
                                    const Nodes &nodes) {
  DenseMap<StringRef, const pb::NodeProto *> producers;
  for (const auto &entry : nodes)
    for (const std::string &output : protoOf(entry).output())
      if (!output.empty())
        producers.try_emplace(output, &protoOf(entry));
  auto producer = producers.find(value);
  std::string what = describe(user) + ": input " + quoted(value);
  if (producer == producers.end())
    return reporter.invalid(what + " is produced by no node, graph input or "
                                   "initializer");
  // A producer that depends on the user makes a cycle.
  SmallVector<const pb::NodeProto *> work{producer->second};
  DenseSet<const pb::NodeProto *> visited{producer->second};
  while (!work.empty()) {
    const pb::NodeProto *node = work.pop_back_val();
    if (node == &user)
      return reporter.invalid(what + " depends on the node itself: the graph "
                                     "has a cycle");
    for (const std::string &input : node->input()) {
      auto found = producers.find(StringRef(input));
      if (found != producers.end() && visited.insert(found->second).second)
        work.push_back(found->second);
    }
  }
  return reporter.invalid(what + " is produced by a later node: the nodes are "
                                 "not in topological order");
}

LogicalResult GraphChecker::checkOutputs(const pb::GraphProto &graph,
                                         const Scope &scope, bool isMain) {
  DenseSet<StringRef> seen;
  for (const pb::ValueInfoProto &output : graph.output()) {
    StringRef name = output.name();
    if (failed(checkName(name, "output")))
      return failure();
    if (name.empty())
      return reporter.invalid("a graph output has no name");
    if (isMain && !isUTF8(name))
      return reporter.invalid("output " + quoted(name) +
                              ": the name is not valid UTF-8");
    if (!seen.insert(name).second)
      return reporter.invalid("output " + quoted(name) + " is declared twice");
    if (!scope.contains(name))
      return reporter.invalid("output " + quoted(name) +
                              " is produced by no node, graph input or "
                              "initializer");
  }
  return success();
}

template <typename Nodes>
LogicalResult GraphChecker::check(const pb::GraphProto &graph,
                                  const Nodes &nodes, const Scope *outer,
                                  unsigned depth) {
  if (depth > reporter.getOptions().maxSubgraphDepth)
    return reporter.limit(
        "graph " + quoted(graph.name()) + ": graphs are nested more than " +
        Twine(reporter.getOptions().maxSubgraphDepth) + " levels deep");
  Scope scope;
  scope.outer = outer;
  if (failed(declareInputs(graph, scope, /*isMain=*/!outer)))
    return failure();
  for (const auto &entry : nodes) {
    const pb::NodeProto &node = protoOf(entry);
    for (const std::string &input : node.input())
      if (!input.empty() && !scope.contains(input))
        return missing(input, node, nodes);
    if (failed(checkNode(node, scope, depth)))
      return failure();
  }
  return checkOutputs(graph, scope, /*isMain=*/!outer);
}

LogicalResult valueKind(const pb::AttributeProto &attribute,
                        const pb::NodeProto &node, Reporter &reporter,
                        pb::AttributeProto::AttributeType &kind) {
  using A = pb::AttributeProto;
  auto refuse = [&](const Twine &text) {
    return reporter.invalid(describe(node) + ": attribute " +
                            quoted(attribute.name()) + " " + text);
  };
  if (attribute.name().empty())
    return reporter.invalid(describe(node) + ": an attribute has no name");
  if (!attribute.ref_attr_name().empty())
    return refuse("refers to an attribute of a function, outside a function");
  const std::pair<A::AttributeType, bool> present[] = {
      {A::FLOAT, attribute.has_f()},
      {A::INT, attribute.has_i()},
      {A::STRING, attribute.has_s()},
      {A::TENSOR, attribute.has_t()},
      {A::GRAPH, attribute.has_g()},
      {A::SPARSE_TENSOR, attribute.has_sparse_tensor()},
      {A::TYPE_PROTO, attribute.has_tp()},
      {A::FLOATS, attribute.floats_size() > 0},
      {A::INTS, attribute.ints_size() > 0},
      {A::STRINGS, attribute.strings_size() > 0},
      {A::TENSORS, attribute.tensors_size() > 0},
      {A::GRAPHS, attribute.graphs_size() > 0},
      {A::SPARSE_TENSORS, attribute.sparse_tensors_size() > 0},
      {A::TYPE_PROTOS, attribute.type_protos_size() > 0}};
  // Empty lists and, in old files, the type itself may be left out.
  kind = attribute.has_type() ? attribute.type() : A::UNDEFINED;
  unsigned count = 0;
  for (auto [candidate, has] : present) {
    if (!has)
      continue;
    ++count;
    if (kind == A::UNDEFINED)
      kind = candidate;
    else if (kind != candidate)
      return refuse(count > 1
                        ? "holds two values"
                        : "holds another kind of value than its type says");
  }
  bool isScalar = kind == A::TENSOR || kind == A::GRAPH ||
                  kind == A::SPARSE_TENSOR || kind == A::TYPE_PROTO;
  if (count == 0 && (isScalar || kind == A::UNDEFINED))
    return refuse("holds no value");
  return success();
}

LogicalResult checkGraph(const pb::GraphProto &main, const FlatGraph &flat,
                         Reporter &reporter) {
  return GraphChecker(reporter).check(main, flat.nodes, nullptr, 0);
}

} // namespace mlir::qopt::importer
