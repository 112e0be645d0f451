//===- CompileStatistics.cpp - statistics in front of a plan --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pipeline cannot run a calibration itself: the statistics reach it as a
// file, of a run in here or of --load-calib.
//===----------------------------------------------------------------------===//

#include "Compilation.h"
#include "Vocabularies.h"
#include "qopt/Calibration/Calibrate.h"
#include "qopt/Calibration/Diversity.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Target/TargetISA.h"

#include <malloc.h>

using namespace mlir;
using namespace mlir::qopt;

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
  lowering.triple.clear();
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
  // What the compile has freed would count beside all that the samples need.
  (void)::malloc_trim(0);

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
