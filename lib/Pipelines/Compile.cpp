//===- Compile.cpp - one compile, from a model file to a result -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way of docs/architecture.md: import, the pipeline that the user named
// (simplify, plan, rewrite), with a calibration run in front of it when there
// is data, then lowering and emission. A pipeline cannot run a calibration
// itself: the statistics reach it as a file.
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Compile.h"
#include "CollectReport.h"
#include "Diagnostics.h"
#include "Judged.h"
#include "MeasureSpeed.h"
#include "PipelineText.h"
#include "Vocabularies.h"
#include "qopt/Calibration/Calibrate.h"
#include "qopt/Calibration/Diversity.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "qopt/Export/Export.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/Lowering.h"
#include "qopt/Pipelines/ModelInput.h"
#include "qopt/Pipelines/Presets.h"
#include "qopt/Support/AtomicFile.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Progress.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options)
      : options(options), threads(llvm::hardware_concurrency(options.jobs)),
        context(MLIRContext::Threading::DISABLED),
        diagnostics(context, options.modelPath, options.verbosity,
                    options.progress) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.setThreadPool(threads);
  }

  int run();

private:
  int importInto(OwningOpRef<ModuleOp> &module);
  int runPipeline(ModuleOp module, const PipelineChoice &choice,
                  StringRef statistics);
  int runPart(ModuleOp module, const PipelineChoice &choice,
              StringRef statistics, PipelinePart part);
  int writePlan(ModuleOp module, const PipelineChoice &choice,
                StringRef statistics);
  int measure(StringRef image);
  int writeReport(int64_t libraryBytes);
  int calibrate(std::string &statistics);
  int loadStatistics(ModuleOp module, std::string &statistics);
  LoweringOptions loweringOptions();
  int lower(ModuleOp module, const LoweringOptions &lowering,
            std::unique_ptr<llvm::MemoryBuffer> &result);
  int exportONNX(ModuleOp module);
  int write(StringRef text);
  int writeFile(StringRef path, StringRef bytes);
  int print(ModuleOp module);
  int fail(int code, StringRef text) {
    options.progress->abandon();
    diagnostics.printLine("error: ", text);
    return code;
  }
  /// Code and text after a stage that ended in diagnostics.
  int failed(int code, StringRef fallback) {
    diagnostics.printErrors(fallback);
    return code;
  }

  const CompileOptions &options;
  /// Collected where the plan stands, written at the end.
  ReportData report;
  llvm::DefaultThreadPool threads;
  MLIRContext context;
  DiagnosticCollector diagnostics;
};

int Compilation::importInto(OwningOpRef<ModuleOp> &module) {
  options.progress->begin("import");
  ImportOptions import;
  for (const InputShape &shape : options.shapes)
    import.shapes.push_back({shape.input, shape.dims});
  for (const DimRange &dim : options.dims)
    import.dims.push_back({dim.symbol, dim.min, dim.max, dim.opt});
  import.strictExternalData = options.strictExternalData;
  import.externalDataDir = options.externalDataDir;
  import.warn = [&](StringRef text) {
    if (options.verbosity >= 0)
      diagnostics.printLine("warning: ", text);
  };
  ImportError error;
  module = readModel(options.modelPath, context, import, error);
  if (module)
    return ExitOk;
  options.progress->abandon();
  // The importer's text names the file itself.
  llvm::errs() << "error: " << error.message << "\n";
  return error.status;
}

/// `5 Attention, 10 RotaryEmbedding`, or nothing.
static std::string describeLifted(ModuleOp module) {
  std::string text;
  auto counts = module->getAttrOfType<DictionaryAttr>(onnx::liftedAttrName);
  for (NamedAttribute count :
       counts ? counts.getValue() : ArrayRef<NamedAttribute>())
    if (auto number = dyn_cast<IntegerAttr>(count.getValue()))
      text += (text.empty() ? "" : ", ") + std::to_string(number.getInt()) +
              " " + count.getName().str();
  return text;
}

int Compilation::runPipeline(ModuleOp module, const PipelineChoice &choice,
                             StringRef statistics) {
  options.progress->begin(choice.quantizes() ? "simplify and quantize"
                                             : "simplify");
  if (options.sideOutputs.list().empty()) {
    if (int code = runPart(module, choice, statistics, PipelinePart::Whole))
      return code;
  } else {
    // The plan is read from the module where it stands.
    if (int code = runPart(module, choice, statistics, PipelinePart::Plan))
      return code;
    if (int code = writePlan(module, choice, statistics))
      return code;
    if (!options.dryRun)
      if (int code =
              runPart(module, choice, statistics, PipelinePart::CarryOut))
        return code;
  }
  std::string lifted = describeLifted(module);
  if (options.verbosity > 0 && !lifted.empty())
    diagnostics.printLine("remark: ", "lifted " + lifted);
  return ExitOk;
}

int Compilation::runPart(ModuleOp module, const PipelineChoice &choice,
                         StringRef statistics, PipelinePart part) {
  PassManager pm(&context, ModuleOp::getOperationName());
  std::string error;
  if (mlir::failed(addPipeline(pm, choice, options, statistics, error, part)))
    return fail(ExitUsage, "--pass-pipeline: " + error);
  if (mlir::failed(pm.run(module)))
    return failed(ExitInvalid, "the pipeline failed without a message");
  return ExitOk;
}

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
    for (const TargetISA &isa : getTargetISAs())
      if (options.isas.empty() || llvm::is_contained(options.isas, isa.name))
        report.isas.push_back(isa.name.str());
  if (options.evaluation)
    report.evaluation = *options.evaluation;
  if (!options.sideOutputs.nodeData.empty())
    if (int code = writeFile(options.tempDir + "/nodes.json",
                             writeNodeData(report)))
      return code;
  if (!options.sideOutputs.reportJSON.empty())
    if (int code = writeFile(options.tempDir + "/report.json",
                             writeReportJSON(report)))
      return code;
  if (!options.sideOutputs.report.empty())
    return writeFile(options.tempDir + "/report.html", writeReportHTML(report));
  return ExitOk;
}

/// Compiles the float model with taps for this machine, runs the data through
/// it and leaves the statistics in a file.
int Compilation::calibrate(std::string &statistics) {
  OwningOpRef<ModuleOp> module;
  if (int code = importInto(module))
    return code;
  options.progress->begin("compile for calibration");
  PassManager pm(&context, ModuleOp::getOperationName());
  onnx::buildSimplifyPipeline(pm, options.noLift);
  pm.addPass(createObservePass());
  if (mlir::failed(pm.run(*module)))
    return failed(ExitInvalid, "the model cannot be simplified");

  LoweringOptions lowering = loweringOptions();
  lowering.emit = EmitKind::SharedLibrary;
  lowering.isas = {hostTargetISA().name.str()};
  CalibrationOptions calibration;
  calibration.samples.vocabularies = findVocabularies(*module);
  std::unique_ptr<llvm::MemoryBuffer> image;
  if (int code = lower(*module, lowering, image))
    return code;
  module = nullptr;
  std::string library = options.tempDir + "/calibrate.so";
  if (int code = writeFile(library, image->getBuffer()))
    return code;
  image = nullptr;

  options.progress->begin("calibrate");
  calibration.library = library;
  calibration.data = options.calibFile;
  calibration.maxSamples = options.calibSamples;
  calibration.samples.windowLength = options.calibWindow;
  calibration.threads = options.jobs;
  calibration.progress = [&](uint64_t done, uint64_t total) {
    options.progress->update(done, total, "samples");
  };
  llvm::Expected<Statistics> result = runCalibration(calibration);
  if (!result)
    return fail(ExitInvalid, toString(result.takeError()));
  statistics = options.tempDir + "/statistics.qcal";
  if (llvm::Error error = result->save(statistics))
    return fail(ExitIO, toString(std::move(error)));
  std::string warning = measureDiversity(*result).warning();
  if (!warning.empty() && options.verbosity >= 0)
    diagnostics.printLine("warning: ", warning);
  return ExitOk;
}

/// The file of --load-calib. With --force one of another model is taken, under
/// the name of this one: the passes compare.
int Compilation::loadStatistics(ModuleOp module, std::string &statistics) {
  llvm::Expected<Statistics> loaded = Statistics::load(options.loadCalib);
  if (!loaded)
    return fail(ExitInvalid, toString(loaded.takeError()));
  statistics = options.loadCalib;
  auto hash = module->getAttrOfType<StringAttr>("onnx.source_sha256");
  if (!hash || hash.getValue() == loaded->modelHash)
    return ExitOk;
  std::string other =
      options.loadCalib + ": the statistics belong to another model (sha256 " +
      loaded->modelHash + ", this model has " + hash.str() + ")";
  if (!options.force)
    return fail(ExitInvalid, other + "; --force takes them all the same");
  if (options.verbosity >= 0)
    diagnostics.printLine("warning: ", other);
  loaded->modelHash = hash.str();
  statistics = options.tempDir + "/statistics.qcal";
  if (llvm::Error error = loaded->save(statistics))
    return fail(ExitIO, toString(std::move(error)));
  return ExitOk;
}

LoweringOptions Compilation::loweringOptions() {
  LoweringOptions lowering;
  lowering.emit = options.emit;
  lowering.isas = options.isas;
  lowering.tempDir = options.tempDir;
  lowering.executablePath = options.executablePath;
  lowering.jobs = options.jobs;
  lowering.progress = options.progress;
  for (const DimRange &dim : options.dims)
    if (dim.min != dim.max)
      lowering.ranges.push_back({dim.symbol, dim.min, dim.max});
  return lowering;
}

int Compilation::lower(ModuleOp module, const LoweringOptions &lowering,
                       std::unique_ptr<llvm::MemoryBuffer> &result) {
  options.progress->begin("lower");
  recordElementTypes(module);
  PassManager pm(&context, ModuleOp::getOperationName());
  onnx::buildExpandPipeline(pm);
  ConvertONNXToLinalgPassOptions conversion;
  conversion.unsafeIndices = options.unsafeIndices;
  pm.addPass(createConvertONNXToLinalgPass(conversion));
  if (mlir::failed(pm.run(module)))
    return failed(ExitUnsupported, "the model cannot be lowered");
  // What follows cannot be a fault of the model: every op has been understood.
  if (mlir::failed(lowerAndEmit(module, lowering, result))) {
    // But the disk of the intermediate files may be full, as the system says
    // or, in the linker, by its signal 7.
    std::string full =
        std::make_error_code(std::errc::no_space_on_device).message();
    bool isIO = diagnostics.mentions(full) || diagnostics.mentions("full disk");
    return failed(isIO ? ExitIO : ExitInternal,
                  "code generation failed without a message");
  }
  return ExitOk;
}

/// The model for other runtimes. What cannot be written has no form in ONNX.
int Compilation::exportONNX(ModuleOp module) {
  options.progress->begin("export");
  PassManager pm(&context, ModuleOp::getOperationName());
  buildExportPipeline(pm);
  if (mlir::failed(pm.run(module)))
    return failed(ExitUnsupported, "the model cannot be exported");
  ExportOptions exports;
  exports.dataFd = options.dataFd;
  exports.dataName =
      llvm::sys::path::filename(options.outputPath).str() + ".data";
  exports.externalData = options.externalWeights;
  FailureOr<std::string> model = exportModel(module, exports);
  if (mlir::failed(model)) {
    bool isFull = diagnostics.mentions(
        std::make_error_code(std::errc::no_space_on_device).message());
    return failed(isFull ? ExitIO : ExitUnsupported,
                  "the model cannot be exported");
  }
  return write(*model);
}

int Compilation::write(StringRef text) {
  if (std::error_code error = writeResult(options.outputFd, text))
    return fail(ExitIO, options.outputPath + ": " + error.message());
  return ExitOk;
}

int Compilation::writeFile(StringRef path, StringRef bytes) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os.write(bytes.data(), bytes.size());
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return fail(ExitIO, path.str() + ": " + error.message());
  return ExitOk;
}

int Compilation::print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  // Weights are megabytes of digits; the bytes are in the ONNX file.
  flags.elideLargeElementsAttrs(16);
  flags.elideLargeResourceString(64);
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  module->print(os, flags);
  return write(text);
}

int Compilation::run() {
  std::string error;
  std::optional<PipelineChoice> choice = parsePipelineChoice(options, error);
  if (!choice)
    return fail(ExitUsage, "--pass-pipeline: " + error);
  if (options.emit == EmitKind::ONNX && !options.dryRun &&
      !options.sideOutputs.list().empty())
    return fail(ExitUsage, "--emit=onnx stops in front of the plan that "
                           "--emit-plan and --report tell about");
  // Before anything takes time: an option that is misspelt or missing.
  PassManager whole(&context, ModuleOp::getOperationName());
  if (mlir::failed(addPipeline(whole, *choice, options, "", error)))
    return fail(ExitUsage, "--pass-pipeline: " + error);
  if (options.printPipeline) {
    whole.printAsTextualPipeline(llvm::outs());
    llvm::outs() << "\n";
    return ExitOk;
  }

  bool calibrates = !options.calibFile.empty();
  bool lowers = !options.dryRun && options.emit != EmitKind::ONNX &&
                options.emit != EmitKind::ONNXQDQ &&
                options.emit != EmitKind::QOpt;
  // Of one lowering: linalg, buffers, code, link, and kernels per variant.
  auto stagesOf = [](size_t variants) { return 4 + variants; };
  if (options.onlyCalibrates())
    options.progress->setStageCount(3 + stagesOf(1));
  else
    options.progress->setStageCount(
        1 + (options.emit != EmitKind::ONNX) +
        (options.emit == EmitKind::ONNXQDQ) + calibrates * (3 + stagesOf(1)) +
        lowers * stagesOf(options.isas.empty() ? getTargetISAs().size()
                                               : options.isas.size()) +
        options.sideOutputs.speed * (2 + stagesOf(1)));
  std::string statistics;
  if (calibrates)
    if (int code = calibrate(statistics))
      return code;
  if (options.onlyCalibrates())
    return ExitOk;

  OwningOpRef<ModuleOp> module;
  if (int code = importInto(module))
    return code;
  if (options.emit == EmitKind::ONNX && !options.dryRun)
    return print(*module);
  if (!options.loadCalib.empty())
    if (int code = loadStatistics(*module, statistics))
      return code;
  if (int code = runPipeline(*module, *choice, statistics))
    return code;
  if (options.dryRun) {
    options.progress->end();
    printPlan(*module, llvm::outs(), floatWeightBits(*choice, options));
    if (std::string lifted = describeLifted(*module); !lifted.empty())
      llvm::outs() << "lifted from parts: " << lifted << "\n";
    return writeReport(0);
  }
  if (options.kvCaches == KVCaches::InPlace) {
    PassManager pm(&context, ModuleOp::getOperationName());
    // An Attention with a past of its own shows how it grows.
    onnx::buildExpandPipeline(pm);
    pm.addPass(createInplaceCachesPass());
    if (mlir::failed(pm.run(*module)))
      return failed(ExitUnsupported, "--kv=inplace: not possible");
  }
  if (options.emit == EmitKind::QOpt || options.emit == EmitKind::ONNXQDQ)
    if (int code = writeReport(0))
      return code;
  if (options.emit == EmitKind::QOpt)
    return print(*module);
  if (options.emit == EmitKind::ONNXQDQ)
    return exportONNX(*module);
  LoweringOptions lowering = loweringOptions();
  lowering.quant = choice->preset.empty() ? "custom" : choice->preset;
  std::unique_ptr<llvm::MemoryBuffer> result;
  if (int code = lower(*module, lowering, result))
    return code;
  if (options.sideOutputs.speed)
    if (int code = measure(result->getBuffer()))
      return code;
  if (int code = writeReport(result->getBufferSize()))
    return code;
  return write(result->getBuffer());
}

} // namespace

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

/// Takes what the command line leaves open from the plan file.
static int takeFromPlanFile(CompileOptions &options) {
  llvm::Expected<PlanFile> plan = PlanFile::read(options.planFile);
  if (!plan) {
    llvm::errs() << "error: " << llvm::toString(plan.takeError()) << "\n";
    return ExitInvalid;
  }
  if (options.pipeline.empty())
    options.pipeline = plan->header.pipeline;
  if (options.pipeline.empty()) {
    llvm::errs() << "error: " << options.planFile
                 << ": names no pipeline: add --pass-pipeline=PRESET\n";
    return ExitUsage;
  }
  if (options.floatWeights == FloatWeights::Preset)
    options.floatWeights =
        plan->header.floatWeights == "f32"   ? FloatWeights::F32
        : plan->header.floatWeights == "f16" ? FloatWeights::F16
                                             : FloatWeights::Preset;
  return ExitOk;
}

int qopt::compileModel(const CompileOptions &options) {
  CompileOptions taken = options;
  if (!options.planFile.empty())
    if (int code = takeFromPlanFile(taken))
      return code;
  if (taken.accuracy.evaluates() && !taken.printPipeline)
    return compileJudged(taken);
  return Compilation(taken).run();
}
