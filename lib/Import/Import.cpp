//===- Import.cpp - ONNX protobuf file to onnx dialect module -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the steps is the order of the reasons a user sees: the file, the
// rules of the graph, what is not supported (all of it at once), the options,
// the tensors, the types. Nothing is built before the rules hold.
//===----------------------------------------------------------------------===//

#include "qopt/Import/Import.h"
#include "GraphBuilder.h"
#include "ModelChecks.h"
#include "ModelFile.h"
#include "SupportCheck.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;

namespace mlir::qopt {

using namespace importer;

namespace {
/// At most that many problems are listed; the count of the others follows.
constexpr size_t maxProblemsShown = 64;

LogicalResult refuseProblems(ArrayRef<std::string> problems,
                             Reporter &reporter) {
  if (problems.empty())
    return success();
  size_t shown = std::min(problems.size(), maxProblemsShown);
  std::string text = join(problems.take_front(shown), "; ");
  if (problems.size() > shown)
    text += "; and " + std::to_string(problems.size() - shown) + " more";
  return reporter.unsupported("not supported: " + text);
}

/// The hash of the file covers external data too, by way of its own hash.
std::string sourceHash(const ModelFile &file, const ExternalData &external) {
  if (!external.wasUsed())
    return file.sha256;
  SHA256 hash;
  hash.update(file.sha256);
  hash.update(external.hash());
  return toHex(hash.final(), /*LowerCase=*/true);
}
} // namespace

OwningOpRef<ModuleOp> importModel(StringRef path, MLIRContext &context,
                                  const ImportOptions &options,
                                  ImportError &error) {
  context.loadDialect<onnx::ONNXDialect, func::FuncDialect>();
  error = {};
  Reporter reporter(path == "-" ? "<stdin>" : path, options, error);
  ModelFile file;
  FlatGraph flat;
  std::vector<const OpForm *> forms;
  std::vector<std::string> problems;
  Signature signature;
  auto isStandard = [](StringRef op) { return firstVersion(op) != 0; };
  if (failed(readModelFile(path, reporter, file)) ||
      failed(flatten(*file.proto, isStandard, reporter, flat)) ||
      failed(checkGraph(file.proto->graph(), flat, reporter)) ||
      failed(checkSupport(flat, file.proto->graph(), &context, reporter, forms,
                          problems)) ||
      failed(refuseProblems(problems, reporter)) ||
      failed(readSignature(file.proto->graph(), &context, reporter, signature)))
    return {};

  ExternalData external(path, reporter);
  GraphBuilder builder(&context, external, reporter);
  OwningOpRef<ModuleOp> module =
      builder.build(*file.proto->mutable_graph(), flat, forms, signature);
  if (!module)
    return {};

  Builder attributes(&context);
  auto set = [&](StringRef name, Attribute value) {
    (*module)->setAttr(name, value);
  };
  auto opset = flat.opsets.front().find("");
  if (opset != flat.opsets.front().end())
    set("onnx.opset", attributes.getI64IntegerAttr(opset->second));
  set("onnx.source_sha256",
      attributes.getStringAttr(sourceHash(file, external)));
  std::string producer = file.proto->producer_name();
  if (!file.proto->producer_version().empty())
    producer += " " + file.proto->producer_version();
  set("onnx.producer", attributes.getStringAttr(producer));
  if (!signature.ranges.empty()) {
    NamedAttrList ranges;
    for (const auto &[symbol, range] : signature.ranges)
      ranges.set(symbol, attributes.getDenseI64ArrayAttr(range));
    set("onnx.dim_ranges", ranges.getDictionary(&context));
  }
  return module;
}

} // namespace mlir::qopt
