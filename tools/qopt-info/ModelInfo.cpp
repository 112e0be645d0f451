//===- ModelInfo.cpp - what is in a model.onnx ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the importer's summary. A model that qopt cannot compile is shown all
// the same, with the reasons; only a file that is no valid model is an error.
//===----------------------------------------------------------------------===//

#include "ModelInfo.h"

#include "qopt/Import/Summary.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

namespace qopt_info {

static std::string domainName(StringRef domain) {
  return domain.empty() ? "ai.onnx" : domain.str();
}

static json::Array portsToJson(const std::vector<ModelSummary::Port> &ports) {
  json::Array array;
  for (const ModelSummary::Port &port : ports) {
    json::Object object{{"name", port.name}, {"dtype", port.dtype}};
    if (port.ranked) {
      json::Array dims;
      for (const std::string &dim : port.dims) {
        int64_t size;
        if (StringRef(dim).getAsInteger(10, size))
          dims.push_back(json::fixUTF8(dim));
        else
          dims.push_back(size);
      }
      object["shape"] = std::move(dims);
    }
    array.push_back(std::move(object));
  }
  return array;
}

static void printJson(const ModelSummary &summary) {
  json::Object opsets, ops;
  for (const auto &[domain, version] : summary.opsets)
    opsets[json::fixUTF8(domainName(domain))] = version;
  for (const ModelSummary::OpCount &op : summary.ops)
    ops[json::fixUTF8(domainName(op.domain) + "." + op.op)] = int64_t(op.count);
  json::Object root{{"inputs", portsToJson(summary.inputs)},
                    {"outputs", portsToJson(summary.outputs)},
                    {"ir_version", summary.irVersion},
                    {"opset_import", std::move(opsets)},
                    {"producer", json::fixUTF8(summary.producer)},
                    {"functions", int64_t(summary.functions)},
                    {"parameters", int64_t(summary.parameters)},
                    {"parameter_bytes", int64_t(summary.parameterBytes)},
                    {"operators", std::move(ops)},
                    {"unsupported", json::Array(summary.unsupported)},
                    {"source_sha256", summary.sha256}};
  outs() << formatv("{0:2}", json::Value(std::move(root))) << "\n";
}

static void printPorts(StringRef title,
                       const std::vector<ModelSummary::Port> &ports) {
  size_t width = 0;
  for (const ModelSummary::Port &port : ports)
    width = std::max(width, quoteName(port.name).size());
  outs() << title << "\n";
  for (const ModelSummary::Port &port : ports) {
    // A dim is a number or a name that the model chose.
    auto shown = [](const std::string &dim) {
      return StringRef(quoteName(dim)).drop_front().drop_back().str();
    };
    outs() << "  " << left_justify(quoteName(port.name), width) << "  "
           << port.dtype;
    if (port.ranked)
      outs() << "[" << join(map_range(port.dims, shown), ", ") << "]";
    outs() << "\n";
  }
}

static void printText(StringRef path, const ModelSummary &summary) {
  outs() << path << "\n";
  printPorts("inputs", summary.inputs);
  printPorts("outputs", summary.outputs);
  outs() << "model\n  ir version     " << summary.irVersion
         << "\n  opsets         ";
  interleaveComma(summary.opsets, outs(), [](const auto &opset) {
    outs() << quoteName(domainName(opset.first)) << " " << opset.second;
  });
  outs() << "\n  producer       " << quoteName(summary.producer)
         << "\n  parameters     " << summary.parameters << " ("
         << formatBytes(summary.parameterBytes) << ")\n"
         << "  functions      " << summary.functions << "\n"
         << "  sha256         " << summary.sha256 << "\n"
         << "operators\n";
  for (const ModelSummary::OpCount &op : summary.ops)
    outs() << formatv("{0,8}  ", op.count)
           << StringRef(quoteName(domainName(op.domain) + "." + op.op))
                  .drop_front()
                  .drop_back()
           << "\n";
  if (summary.unsupported.empty())
    return;
  outs() << "not supported\n";
  for (const std::string &problem : summary.unsupported)
    outs() << "  " << problem << "\n";
}

int printModel(StringRef path, bool asJson) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  ModelSummary summary;
  ImportError error;
  if (!summarizeModel(path, context, ImportOptions(), summary, error)) {
    errs() << "error: " << error.message << "\n";
    return error.status;
  }
  if (asJson)
    printJson(summary);
  else
    printText(path, summary);
  return ExitOk;
}

} // namespace qopt_info
