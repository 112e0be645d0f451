//===- Compile.cpp - one compile, from a model file to a result -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way of docs/architecture.md: import, the pipeline that the user named
// (simplify, plan, rewrite), with a calibration run in front of it when there
// is data, then lowering and emission.
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Compile.h"
#include "Compilation.h"
#include "Judged.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "qopt/Export/Export.h"
#include "qopt/Pipelines/ModelInput.h"
#include "qopt/Pipelines/Presets.h"
#include "qopt/Support/AtomicFile.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::qopt;

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

LoweringOptions Compilation::loweringOptions() {
  LoweringOptions lowering;
  lowering.emit = options.emit;
  lowering.triple = options.triple;
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
  onnx::buildExpandPipeline(pm, /*kernels=*/true);
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
        lowers * stagesOf(options.isas.empty()
                              ? findTargetMachine(options.triple)->isas.size()
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
    onnx::buildExpandPipeline(pm,
                              /*kernels=*/options.emit != EmitKind::ONNXQDQ);
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
