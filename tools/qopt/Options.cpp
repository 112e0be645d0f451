//===- Options.cpp - the command line of qopt -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Flags.h"
#include "OptionValues.h"

#include "qopt/Support/Subprocess.h"
#include "qopt/Target/TargetISA.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

/// llvm::cl explains itself in several lines that start with the program's
/// name; ours is one line.
static bool parseErrorLine(StringRef text, StringRef program) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::string prefix = (sys::path::filename(program) + ": ").str();
  std::string message;
  for (StringRef line : lines) {
    line.consume_front(prefix);
    line = line.split("  Try: ").first.rtrim(". !");
    line.consume_front("Unknown command line argument ");
    if (line.consume_front("Did you mean "))
      message += "; did you mean " + line.str();
    else if (!line.empty())
      message += (message.empty() ? "" : "; ") + line.str();
  }
  if (text.contains("Unknown command line argument"))
    message = "unknown flag " + message;
  return usageError(message + " (see --help)");
}

/// Parses with llvm::cl. Some of its complaints go to the stream that it is
/// given and some to stderr itself, so stderr is taken away meanwhile.
static bool parseFlags(int argc, const char *const *argv,
                       std::string &complaints) {
  int saved = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  int memory = ::memfd_create("qopt-stderr", MFD_CLOEXEC);
  if (saved >= 0 && memory >= 0)
    ::dup2(memory, STDERR_FILENO);
  raw_string_ostream stream(complaints);
  bool parsed = cl::ParseCommandLineOptions(
      argc, argv,
      "qopt: compiles an ONNX model, quantized as a preset says, to a shared "
      "library\n",
      &stream);
  if (saved >= 0 && memory >= 0) {
    ::dup2(saved, STDERR_FILENO);
    char buffer[4096];
    ssize_t size = ::pread(memory, buffer, sizeof buffer, 0);
    if (size > 0)
      complaints.append(buffer, size);
  }
  ::close(saved);
  ::close(memory);
  return parsed;
}

bool producesOutput(const CompileOptions &options) {
  return !options.dryRun && !options.printPipeline &&
         !options.onlyCalibrates() && !options.accuracy.sensitivity;
}

static void printVersion(raw_ostream &os) {
  os << "qopt " QOPT_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
}

bool parseCommandLine(int argc, const char *const *argv,
                      DriverOptions &options) {
  static Flags flags;
  cl::HideUnrelatedOptions(flags.category);
  cl::SetVersionPrinter(printVersion);
  std::string complaints;
  if (!parseFlags(argc, argv, complaints))
    return parseErrorLine(complaints, argv[0]);

  options.listOps = flags.listOps;
  if (options.listOps != ListOps::No)
    return true;

  CompileOptions &compile = options.compile;
  compile.modelPath = flags.model;
  compile.outputPath = flags.output;
  compile.pipeline = flags.pipeline;
  flags.plan.apply(compile);
  compile.force = flags.force;
  // The file names the preset that it was made with.
  if (!compile.planFile.empty() && !flags.pipeline.getNumOccurrences())
    compile.pipeline.clear();
  compile.emit = flags.emit;
  compile.dryRun = flags.dryRun;
  compile.printPipeline = flags.printPipeline;
  if (compile.modelPath.empty())
    return usageError("no model given (see --help)");
  for (const std::string &text : flags.shapes)
    if (!parseShape(text, compile.shapes))
      return false;
  for (const std::string &text : flags.dims)
    if (!parseDim(text, compile.dims))
      return false;

  // --keep and --quantize form one list in the order of the command line.
  std::map<unsigned, std::pair<std::string, bool>> ordered;
  for (unsigned i = 0; i < flags.quantize.size(); ++i)
    ordered[flags.quantize.getPosition(i)] = {flags.quantize[i], false};
  for (unsigned i = 0; i < flags.keep.size(); ++i)
    ordered[flags.keep.getPosition(i)] = {flags.keep[i], true};
  for (auto &[position, rule] : ordered)
    if (!parseRule(rule.first, rule.second, compile.layerRules))
      return false;

  compile.floatWeights = flags.floatWeights;
  compile.floatProducts = flags.floatProducts;
  compile.isas.assign(flags.isas.begin(), flags.isas.end());
  compile.triple = flags.triple;
  if (!checkISAs(compile.triple, compile.isas))
    return false;
  compile.noLift.assign(flags.noLift.begin(), flags.noLift.end());
  if (!checkLiftNames(compile.noLift))
    return false;
  std::string error;
  if (!flags.calibration.apply(compile, error) ||
      !flags.plan.check(compile, error))
    return usageError(error);
  if (!flags.accuracy.apply(compile, error))
    return usageError(error);
  if (compile.sideOutputs.speed &&
      findTargetMachine(compile.triple) != findTargetMachine(""))
    return usageError("--report-speed: this machine cannot run a library for " +
                      compile.triple);
  compile.kvCaches = flags.kvCaches;
  compile.unsafeIndices = flags.unsafeIndices;
  compile.allowNonfinite = flags.allowNonfinite;
  compile.strictExternalData = flags.strictExternalData;
  compile.externalDataDir = flags.externalDataDir;
  compile.jobs = flags.jobs;
  if (flags.verbose && flags.quiet)
    return usageError("-v and -q exclude each other");
  compile.verbosity = flags.quiet ? -1 : flags.verbose ? 1 : 0;
  options.progress = flags.quiet && !flags.progress.getNumOccurrences()
                         ? ProgressMode::None
                         : ProgressMode(flags.progress);
  options.force = flags.force;
  options.inProcess = flags.inProcess;

  options.memoryLimit = usableMemoryBytes() / 10 * 9;
  if (flags.memoryLimit.getNumOccurrences() &&
      !parseBytes(flags.memoryLimit, options.memoryLimit))
    return false;
  options.timeLimit = flags.timeLimit;

  options.isWorker = !flags.workerTemp.empty();
  compile.outputFd = flags.workerFd;
  compile.dataFd = flags.workerDataFd;
  compile.tempDir = flags.workerTemp;
  compile.reproducerDir = flags.workerReproducer;

  bool isExport = compile.emit == EmitKind::ONNXQDQ;
  compile.externalWeights = flags.externalWeights;
  if (compile.externalWeights && !isExport)
    return usageError("--external-weights without --emit=onnx-qdq");
  if (isExport && compile.kvCaches == KVCaches::InPlace)
    return usageError("--kv=inplace: ONNX has no buffer of the caller; leave "
                      "it out with --emit=onnx-qdq");
  bool binary = isExport || compile.emit == EmitKind::Obj ||
                compile.emit == EmitKind::SharedLibrary;
  if (!producesOutput(compile))
    return true;
  if (compile.outputPath.empty()) {
    if (binary)
      return usageError("no output given: add -o FILE");
    compile.outputPath = "-";
  }
  if (binary && writesToStdout(compile))
    return usageError(Twine(isExport ? "a model" : "a library or object") +
                      " cannot go to stdout: -o FILE");
  return true;
}

} // namespace mlir::qopt
