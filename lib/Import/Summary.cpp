//===- Summary.cpp - what is in a model, without compiling it -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads as much of a model as the importer does before it builds anything, and
// lists what would stop it instead of stopping.
//===----------------------------------------------------------------------===//

#include "qopt/Import/Summary.h"
#include "DataTypes.h"
#include "ModelChecks.h"
#include "ModelFile.h"
#include "SupportCheck.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "llvm/ADT/StringSet.h"
#include <map>

using namespace llvm;

namespace mlir::qopt {

using namespace importer;

namespace {
ModelSummary::Port summarizePort(const pb::ValueInfoProto &value) {
  ModelSummary::Port port;
  port.name = value.name();
  if (!value.type().has_tensor_type()) {
    port.dtype = value.type().value_case() == pb::TypeProto::VALUE_NOT_SET
                     ? "no type"
                     : "not a tensor";
    port.ranked = false;
    return port;
  }
  const pb::TypeProto::Tensor &tensor = value.type().tensor_type();
  port.dtype = dataTypeName(tensor.elem_type()).str();
  port.ranked = tensor.has_shape();
  for (const pb::TensorShapeProto::Dimension &dim : tensor.shape().dim())
    port.dims.push_back(dim.has_dim_value() ? std::to_string(dim.dim_value())
                        : dim.dim_param().empty() ? "?"
                                                  : dim.dim_param());
  return port;
}

/// Bits of one element of a data type; 0 for those without a fixed size.
uint64_t bitsOf(int64_t dataType) {
  StringRef name = dataTypeName(dataType);
  if (name.empty() || name == "string")
    return 0;
  if (name == "bool" || name.starts_with("float8"))
    return 8;
  if (name == "float")
    return 32;
  if (name == "double" || name == "complex64")
    return 64;
  if (name == "bfloat16")
    return 16;
  if (name == "complex128")
    return 128;
  if (name == "float4e2m1")
    return 4;
  uint64_t bits = 0;
  name.take_back(name.size() - name.find_first_of("0123456789"))
      .getAsInteger(10, bits);
  return bits;
}

void countParameters(const pb::TensorProto &tensor, ModelSummary &summary) {
  uint64_t count = 0;
  if (!countElements({tensor.dims().data(), size_t(tensor.dims_size())}, count))
    return;
  summary.parameters += count;
  summary.parameterBytes += count * bitsOf(tensor.data_type()) / 8;
}
} // namespace

bool summarizeModel(StringRef path, MLIRContext &context,
                    const ImportOptions &options, ModelSummary &summary,
                    ImportError &error) {
  context.loadDialect<onnx::ONNXDialect>();
  error = {};
  summary = {};
  Reporter reporter(path == "-" ? "<stdin>" : path, options, error);
  ModelFile file;
  FlatGraph flat;
  std::vector<const OpForm *> forms;
  auto isStandard = [](StringRef op) { return firstVersion(op) != 0; };
  if (failed(readModelFile(path, reporter, file)) ||
      failed(flatten(*file.proto, isStandard, reporter, flat)) ||
      failed(checkGraph(file.proto->graph(), flat, reporter)) ||
      failed(checkSupport(flat, file.proto->graph(), &context, reporter, forms,
                          summary.unsupported)))
    return false;

  const pb::ModelProto &model = *file.proto;
  const pb::GraphProto &graph = model.graph();
  summary.irVersion = model.ir_version();
  summary.producer = model.producer_name();
  if (!model.producer_version().empty())
    summary.producer += " " + model.producer_version();
  summary.sha256 = file.sha256;
  summary.functions = model.functions_size();
  for (const auto &entry : flat.opsets.front())
    summary.opsets.emplace_back(entry.first().str(), entry.second);
  llvm::sort(summary.opsets);

  std::map<std::pair<std::string, std::string>, uint64_t> histogram;
  for (const FlatNode &node : flat.nodes) {
    StringRef domain = canonicalDomain(node.proto->domain());
    ++histogram[{domain.str(), node.proto->op_type()}];
    // Constants that exporters write as nodes are parameters too.
    if (node.proto->op_type() == "Constant" && domain.empty())
      for (const pb::AttributeProto &attribute : node.proto->attribute())
        if (attribute.has_t())
          countParameters(attribute.t(), summary);
  }
  for (const auto &[key, count] : histogram)
    summary.ops.push_back({key.first, key.second, count});
  llvm::sort(summary.ops, [](const ModelSummary::OpCount &a,
                             const ModelSummary::OpCount &b) {
    return std::make_tuple(b.count, std::ref(a.domain), std::ref(a.op)) <
           std::make_tuple(a.count, std::ref(b.domain), std::ref(b.op));
  });

  StringSet<> initializers;
  for (const pb::TensorProto &tensor : graph.initializer()) {
    initializers.insert(tensor.name());
    countParameters(tensor, summary);
  }
  for (const pb::ValueInfoProto &input : graph.input())
    if (!initializers.contains(input.name()))
      summary.inputs.push_back(summarizePort(input));
  for (const pb::ValueInfoProto &output : graph.output())
    summary.outputs.push_back(summarizePort(output));
  return true;
}

} // namespace mlir::qopt
