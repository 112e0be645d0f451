//===- SupportCheck.cpp - what the importer would refuse as unsupported ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All unsupported operators and data types are found in one pass and reported
// together, each with its domain, opset, nodes and the nearest supported name.
//===----------------------------------------------------------------------===//

#include "SupportCheck.h"
#include "DataTypes.h"
#include "mlir/IR/OperationSupport.h"
#include "qopt/Support/DidYouMean.h"
#include "llvm/ADT/StringExtras.h"
#include <functional>
#include <map>

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
constexpr unsigned maxNodesShown = 4;

/// The nodes that share one reason.
struct Group {
  std::string hint;
  std::string nodes;
  unsigned count = 0;

  void add(const pb::NodeProto &node) {
    if (++count > maxNodesShown)
      return;
    if (count > 1)
      nodes += ", ";
    StringRef name = node.name();
    if (name.empty() && node.output_size() > 0)
      name = node.output(0);
    nodes += quoted(name);
  }

  std::string str() const {
    std::string text = nodes;
    if (count > maxNodesShown)
      text += " and " + std::to_string(count - maxNodesShown) + " more";
    return (count == 1 ? " in node " : " in nodes ") + text + hint;
  }
};

/// ONNX name of an operator's form: `ai.onnx.Conv (opset 18)`.
std::string operatorText(const pb::NodeProto &node, StringRef domain,
                         int64_t version) {
  return (domain.empty() ? "ai.onnx" : escaped(domain)) + "." +
         escaped(node.op_type()) + " (opset " + std::to_string(version) + ")";
}

/// The same name in another domain, else the nearest name in the same domain.
std::string hintFor(StringRef op, StringRef domain, ArrayRef<StringRef> known) {
  std::vector<StringRef> sameDomain;
  for (StringRef key : known) {
    auto [other, name] =
        key.contains('.') ? key.rsplit('.') : std::pair(StringRef(), key);
    if (other == domain)
      sameDomain.push_back(name);
    else if (name == op)
      return ", supported in domain " +
             (other.empty() ? "ai.onnx" : other).str();
  }
  return didYouMean(op, sameDomain);
}
} // namespace

LogicalResult checkSupport(const FlatGraph &flat, const pb::GraphProto &graph,
                           MLIRContext *context, Reporter &reporter,
                           std::vector<const OpForm *> &forms,
                           std::vector<std::string> &problems) {
  std::map<std::string, Group> groups;
  auto addType = [&](int64_t dataType, const Twine &subject) {
    // Numbers that are no type are refused where the tensor is read.
    if (dataType != 0 && !elementTypeOf(dataType, context) &&
        !dataTypeName(dataType).empty())
      problems.push_back(
          (subject + ": data type " + dataTypeName(dataType)).str());
  };

  for (const Opsets &opsets : flat.opsets) {
    auto version = opsets.find("");
    if (version != opsets.end() && version->second > newestOpset) {
      problems.push_back("opset " + std::to_string(version->second) +
                         " of ai.onnx (newest supported: " +
                         std::to_string(newestOpset) + ")");
      break;
    }
  }

  std::vector<StringRef> known;
  for (StringRef op : knownOps())
    if (isSupported(*findForm(op, INT64_MAX), context))
      known.push_back(op);
  auto addInitializers = [&](const pb::GraphProto &inside) {
    for (const pb::TensorProto &tensor : inside.initializer())
      addType(tensor.data_type(), "initializer " + quoted(tensor.name()));
    for (const pb::SparseTensorProto &tensor : inside.sparse_initializer())
      problems.push_back("sparse initializer " +
                         quoted(tensor.values().name()));
  };
  // A node and, where its form takes graphs, the nodes in them.
  std::function<LogicalResult(const pb::NodeProto &, const Opsets &,
                              const OpForm *&)>
      checkNode = [&](const pb::NodeProto &node, const Opsets &opsets,
                      const OpForm *&form) -> LogicalResult {
    StringRef domain = canonicalDomain(node.domain());
    auto imported = opsets.find(domain);
    if (imported == opsets.end())
      return reporter.invalid(describe(node) +
                              ": opset_import does not name "
                              "domain " +
                              quoted(domain.empty() ? "ai.onnx" : domain));
    int64_t version = imported->second;
    std::string key = qualifiedName(domain, node.op_type());
    form = findForm(key, version);
    if (form && !isSupported(*form, context))
      form = nullptr;
    if (form) {
      for (const pb::AttributeProto &attribute : node.attribute()) {
        int64_t since = 0;
        StringRef kind = attributeKind(*form, attribute.name(), &since);
        if (since > version)
          return reporter.invalid(
              describe(node) + ": attribute " + quoted(attribute.name()) +
              " does not exist before opset " + Twine(since));
        if (kind == "u")
          problems.push_back(describe(node) + ": attribute " +
                             quoted(attribute.name()));
        if (attribute.has_t())
          addType(attribute.t().data_type(), describe(node));
        if (kind.starts_with("d") && attribute.has_i())
          addType(attribute.i(), describe(node));
        if (!kind.starts_with("g"))
          continue;
        const OpForm *inner = nullptr;
        for (const pb::NodeProto &nested : attribute.g().node())
          if (failed(checkNode(nested, *flat.opsetsOf(nested, &opsets), inner)))
            return failure();
        addInitializers(attribute.g());
      }
      return success();
    }
    Group &group = groups[operatorText(node, domain, version)];
    group.add(node);
    int64_t first = firstVersion(key);
    if (first > version && is_contained(known, key))
      group.hint = ", supported from opset " + std::to_string(first);
    else
      group.hint = hintFor(node.op_type(), domain, known);
    return success();
  };
  forms.reserve(flat.nodes.size());
  for (const FlatNode &flatNode : flat.nodes) {
    forms.push_back(nullptr);
    if (failed(checkNode(*flatNode.proto, *flatNode.opsets, forms.back())))
      return failure();
  }
  addInitializers(graph);

  for (const auto &[text, group] : groups)
    problems.push_back(text + group.str());
  return success();
}

} // namespace mlir::qopt::importer
