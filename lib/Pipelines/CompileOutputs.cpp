//===- CompileOutputs.cpp - plan and report of a compile ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files beside the result. They are written to the private directory; the
// parent publishes them when everything has succeeded.
//===----------------------------------------------------------------------===//

#include "CollectReport.h"
#include "Compilation.h"
#include "MeasureSpeed.h"
#include "Vocabularies.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "qopt/Support/WriteFile.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::qopt;

/// A number or a word.
static std::string describeAttribute(Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto number = dyn_cast_or_null<FloatAttr>(attribute))
    os << llvm::format("%g", number.getValueAsDouble());
  else if (auto word = dyn_cast_or_null<StringAttr>(attribute))
    os << word.getValue();
  return text;
}

int Compilation::writePlan(ModuleOp module, const PipelineChoice &choice,
                           StringRef statistics) {
  unsigned bits = floatWeightBits(choice, options);
  if (options.sideOutputs.wantsReport()) {
    FailureOr<ReportData> collected = collectReport(module, bits, statistics);
    if (mlir::failed(collected))
      return failed(ExitInvalid, "the report failed without a message");
    report = std::move(*collected);
    report.model = llvm::sys::path::filename(options.modelPath).str();
    report.pipeline = options.pipeline;
    if (auto smoothing =
            module->getAttrOfType<DictionaryAttr>(smoothingAttrName))
      report.alpha = describeAttribute(smoothing.get("alpha"));
  }
  if (options.sideOutputs.plan.empty())
    return ExitOk;
  return writeFile(options.tempDir + "/plan.json",
                   writePlanFile(module, {"", options.pipeline,
                                          bits == 32 ? "f32" : "f16"}));
}

/// Compiles the float model for this machine and runs both.
int Compilation::measure(StringRef image) {
  std::string quantized = options.tempDir + "/measured.so";
  std::string reference = options.tempDir + "/float.so";
  if (int code = writeFile(quantized, image))
    return code;
  OwningOpRef<ModuleOp> module;
  if (int code = importInto(module))
    return code;
  PassManager pm(&context, ModuleOp::getOperationName());
  onnx::buildSimplifyPipeline(pm, options.noLift);
  if (mlir::failed(pm.run(*module)))
    return failed(ExitInvalid, "the model cannot be simplified");
  SampleOptions samples;
  samples.vocabularies = findVocabularies(*module);
  samples.windowLength = options.calibWindow;
  LoweringOptions lowering = loweringOptions();
  lowering.emit = EmitKind::SharedLibrary;
  lowering.triple.clear();
  lowering.isas = {hostTargetISA().name.str()};
  std::unique_ptr<llvm::MemoryBuffer> floatImage;
  if (int code = lower(*module, lowering, floatImage))
    return code;
  if (int code = writeFile(reference, floatImage->getBuffer()))
    return code;
  options.progress->begin("measure");
  // A compile that has judged its plan has no calibration of its own.
  const std::string &data =
      options.calibFile.empty() ? options.accuracy.evalFile : options.calibFile;
  llvm::Expected<ReportSpeed> speed =
      measureSpeed(quantized, reference, data, samples, options.jobs);
  if (!speed)
    return fail(ExitInvalid, "--report-speed: " + toString(speed.takeError()));
  report.speed = std::move(*speed);
  return ExitOk;
}

/// When everything else has been done, of which it tells.
int Compilation::writeReport(int64_t libraryBytes) {
  if (!options.sideOutputs.wantsReport())
    return ExitOk;
  report.version = QOPT_VERSION;
  report.libraryPath = llvm::sys::path::filename(options.outputPath).str();
  report.libraryBytes = libraryBytes;
  uint64_t modelBytes = 0;
  if (!llvm::sys::fs::file_size(options.modelPath, modelBytes))
    report.modelBytes = modelBytes;
  if (libraryBytes)
    for (const TargetISA &isa : findTargetMachine(options.triple)->isas)
      if (options.isas.empty() || llvm::is_contained(options.isas, isa.name))
        report.isas.push_back(isa.name.str());
  if (options.evaluation)
    report.evaluation = *options.evaluation;
  if (!options.sideOutputs.nodeData.empty())
    if (int code =
            writeFile(options.tempDir + "/nodes.json", writeNodeData(report)))
      return code;
  if (!options.sideOutputs.reportJSON.empty())
    if (int code = writeFile(options.tempDir + "/report.json",
                             writeReportJSON(report)))
      return code;
  if (!options.sideOutputs.report.empty())
    return writeFile(options.tempDir + "/report.html", writeReportHTML(report));
  return ExitOk;
}

int Compilation::writeFile(StringRef path, StringRef bytes) {
  if (std::error_code error = qopt::writeFile(path, bytes))
    return fail(ExitIO, path.str() + ": " + error.message());
  return ExitOk;
}

std::vector<SideOutputs::Entry> SideOutputs::list() const {
  std::vector<Entry> entries;
  for (auto [file, path] :
       {std::pair("plan.json", &plan), std::pair("report.html", &report),
        std::pair("report.json", &reportJSON),
        std::pair("nodes.json", &nodeData),
        std::pair("statistics.qcal", &statistics)})
    if (!path->empty())
      entries.push_back({file, *path});
  return entries;
}
