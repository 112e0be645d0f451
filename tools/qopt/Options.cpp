//===- Options.cpp - the command line of qopt -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Options.h"
#include "AccuracyFlags.h"
#include "CalibrationFlags.h"
#include "PlanFlags.h"

#include "qopt/Dialect/ONNX/Transforms/LiftNames.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Subprocess.h"
#include "qopt/Target/TargetISA.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {
namespace {

/// The flags. They live inside a struct, so that they are registered when the
/// command line is parsed and not by static constructors.
struct Flags {
  cl::OptionCategory category{"qopt options"};

  cl::opt<std::string> model{cl::Positional, cl::desc("model.onnx"),
                             cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::desc("Output file; '-' is stdout (text only)"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> pipeline{
      "pass-pipeline",
      cl::desc(
          "Preset (fp32, w8a8, llm-int8, smoothquant-int8), with or without "
          "options in braces, or pipeline text 'builtin.module(...)'"),
      cl::value_desc("pipeline"), cl::init("fp32"), cl::cat(category)};
  cl::opt<EmitKind> emit{
      "emit", cl::desc("What to write (default: so)"),
      cl::values(
          clEnumValN(EmitKind::ONNX, "onnx",
                     "the imported model, onnx dialect"),
          clEnumValN(EmitKind::ONNXQDQ, "onnx-qdq",
                     "standard ONNX model, quantized parts as QDQ"),
          clEnumValN(EmitKind::QOpt, "qopt", "after quantization"),
          clEnumValN(EmitKind::Linalg, "linalg", "after lowering to linalg"),
          clEnumValN(EmitKind::LLVM, "llvm", "LLVM IR"),
          clEnumValN(EmitKind::Asm, "asm", "assembly"),
          clEnumValN(EmitKind::Obj, "obj", "object file"),
          clEnumValN(EmitKind::SharedLibrary, "so", "shared library")),
      cl::init(EmitKind::SharedLibrary), cl::cat(category)};
  cl::opt<bool> dryRun{"dry-run",
                       cl::desc("Print the quantization plan and stop"),
                       cl::cat(category)};
  cl::opt<bool> printPipeline{"print-pipeline",
                              cl::desc("Print the expanded pipeline and stop"),
                              cl::cat(category)};

  cl::opt<ListOps> listOps{
      "list-ops",
      cl::desc("Print the supported operators and stop"),
      cl::ValueOptional,
      cl::values(clEnumValN(ListOps::Text, "text", "aligned columns (default)"),
                 clEnumValN(ListOps::Text, "", ""),
                 clEnumValN(ListOps::Markdown, "markdown", "a page")),
      cl::init(ListOps::No),
      cl::cat(category)};

  cl::list<std::string> shapes{
      "shape", cl::desc("Static shape of an input, by name"),
      cl::value_desc("input_ids:1x128"), cl::cat(category)};
  cl::list<std::string> dims{
      "dim", cl::desc("Size or range of a symbolic dim, by name"),
      cl::value_desc("name=128 | name=1..2048[,opt=128]"), cl::cat(category)};
  cl::list<std::string> quantize{
      "quantize", cl::desc("Scheme of the layers whose name matches"),
      cl::value_desc("regex=scheme"), cl::cat(category)};
  cl::list<std::string> keep{
      "keep", cl::desc("Layers that stay float; the last match decides"),
      cl::value_desc("regex[=f16|f32]"), cl::cat(category)};
  cl::opt<FloatWeights> floatWeights{
      "float-weights",
      cl::desc("Storage of weights that are not quantized (default: f16 with a "
               "quantizing preset, f32 without)"),
      cl::values(
          clEnumValN(FloatWeights::Preset, "preset", "as the preset says"),
          clEnumValN(FloatWeights::F16, "f16", "half precision"),
          clEnumValN(FloatWeights::F32, "f32", "single precision")),
      cl::init(FloatWeights::Preset), cl::cat(category)};
  cl::list<std::string> isas{
      "isa",
      cl::desc("Instruction sets to generate code for: amx, avx512vnni, avx2 "
               "(default: all)"),
      cl::value_desc("name,..."), cl::CommaSeparated, cl::cat(category)};

  CalibrationFlags calibration{category};

  cl::opt<KVCaches> kvCaches{
      "kv", cl::desc("Key and value caches (default: copy)"),
      cl::values(clEnumValN(KVCaches::Copy, "copy", "past in, present out"),
                 clEnumValN(KVCaches::InPlace, "inplace",
                            "one buffer of the caller for both, and a length")),
      cl::init(KVCaches::Copy), cl::cat(category)};
  cl::list<std::string> noLift{
      "no-lift",
      cl::desc("Leave decomposed ops as they are: layer-norm, rms-norm, gelu, "
               "swish, rotary, attention, all"),
      cl::value_desc("name,..."), cl::CommaSeparated, cl::cat(category)};
  cl::opt<bool> unsafeIndices{
      "unsafe-indices", cl::desc("Leave out the run-time check of indices"),
      cl::cat(category)};
  cl::opt<bool> allowNonfinite{
      "allow-nonfinite",
      cl::desc("Keep layers with NaN or Inf weights in float, instead of "
               "refusing the model"),
      cl::cat(category)};
  cl::opt<bool> strictExternalData{
      "strict-external-data",
      cl::desc("Refuse external data behind symbolic or hard links"),
      cl::cat(category)};
  cl::opt<std::string> externalDataDir{
      "external-data-dir",
      cl::desc("Directory of external data (default: the model's)"),
      cl::value_desc("dir"), cl::cat(category)};
  cl::opt<bool> externalWeights{
      "external-weights",
      cl::desc("With --emit=onnx-qdq: weights in OUTPUT.data beside the model "
               "(default: when they do not fit into it)"),
      cl::cat(category)};
  cl::opt<bool> force{
      "force",
      cl::desc("Replace the target of an output that is a symbolic link; take "
               "a plan of another model"),
      cl::cat(category)};

  cl::opt<std::string> memoryLimit{
      "memory-limit",
      cl::desc("Address space of the compile (default: 90 % of RAM; 0: none)"),
      cl::value_desc("2G"), cl::cat(category)};
  cl::opt<uint64_t> timeLimit{
      "time-limit",
      cl::desc("Seconds until the compile is given up (default: "
               "none)"),
      cl::value_desc("s"), cl::init(0), cl::cat(category)};
  cl::opt<unsigned> jobs{"j",
                         cl::desc("Threads (default: one per core)"),
                         cl::value_desc("n"),
                         cl::Prefix,
                         cl::init(0),
                         cl::cat(category)};
  cl::opt<ProgressMode> progress{
      "progress", cl::desc("Progress on stderr (default: auto)"),
      cl::values(clEnumValN(ProgressMode::Auto, "auto",
                            "a bar on a terminal, else a line per stage"),
                 clEnumValN(ProgressMode::Plain, "plain", "a line per stage"),
                 clEnumValN(ProgressMode::None, "none", "nothing")),
      cl::init(ProgressMode::Auto), cl::cat(category)};
  cl::opt<bool> verbose{"v", cl::desc("Remarks too"), cl::cat(category)};
  cl::opt<bool> quiet{"q", cl::desc("Errors only"), cl::cat(category)};
  cl::opt<bool> inProcess{
      "in-process",
      cl::desc("No worker process: no limits, no containment (for debuggers)"),
      cl::Hidden, cl::cat(category)};

  AccuracyFlags accuracy{category};
  PlanFlags plan{category};

  // From the parent to its worker.
  cl::opt<int> workerFd{"worker-output-fd", cl::ReallyHidden, cl::init(-1),
                        cl::cat(category)};
  cl::opt<int> workerDataFd{"worker-data-fd", cl::ReallyHidden, cl::init(-1),
                            cl::cat(category)};
  cl::opt<std::string> workerTemp{"worker-temp-dir", cl::ReallyHidden,
                                  cl::cat(category)};
  cl::opt<std::string> workerReproducer{"worker-reproducer-dir",
                                        cl::ReallyHidden, cl::cat(category)};
};

} // namespace

static bool usageError(const Twine &message) {
  errs() << "error: " << message << "\n";
  return false;
}

/// `NAME:1x128`; the name may hold colons.
static bool parseShape(StringRef text, std::vector<InputShape> &shapes) {
  auto [name, sizes] = text.rsplit(':');
  InputShape shape{name.str(), {}};
  SmallVector<StringRef> parts;
  sizes.split(parts, 'x');
  bool valid = !name.empty() && name.size() != text.size();
  for (StringRef part : parts) {
    int64_t dim;
    if (sizes == "scalar" && parts.size() == 1)
      break;
    valid &= !part.getAsInteger(10, dim) && dim >= 0;
    if (valid)
      shape.dims.push_back(dim);
  }
  if (!valid)
    return usageError("--shape " + text +
                      ": expected NAME:1x128 (NAME:scalar for rank 0)");
  shapes.push_back(std::move(shape));
  return true;
}

/// `NAME=128` or `NAME=1..2048[,opt=128]`; the name may hold an equals sign.
static bool parseDim(StringRef text, std::vector<DimRange> &dims) {
  StringRef rest = text;
  DimRange range;
  bool valid = true;
  if (auto [left, opt] = rest.rsplit(",opt="); left.size() != rest.size()) {
    valid &= !opt.getAsInteger(10, range.opt) && range.opt > 0;
    rest = left;
  }
  auto [name, sizes] = rest.rsplit('=');
  valid &= !name.empty() && name.size() != rest.size();
  auto [low, high] = sizes.split("..");
  valid &= !low.getAsInteger(10, range.min) && range.min >= 0;
  if (low.size() == sizes.size())
    range.max = range.min;
  else
    valid &= !high.getAsInteger(10, range.max) && range.max >= range.min;
  valid &= !range.opt || (range.min <= range.opt && range.opt <= range.max);
  if (!valid)
    return usageError("--dim " + text +
                      ": expected NAME=128 or NAME=1..2048[,opt=128]");
  range.symbol = name.str();
  dims.push_back(std::move(range));
  return true;
}

/// `REGEX=SCHEME`, or `REGEX[=f16|f32]` for a kept layer.
static bool parseRule(StringRef text, bool keep,
                      std::vector<LayerRule> &rules) {
  auto [pattern, scheme] = text.rsplit('=');
  if (keep && scheme != "f16" && scheme != "f32") {
    pattern = text;
    scheme = "";
  }
  StringRef flag = keep ? "--keep " : "--quantize ";
  if (pattern.empty() || (!keep && scheme.empty()))
    return usageError(
        flag + text +
        (keep ? ": expected REGEX[=f16|f32]" : ": expected REGEX=SCHEME"));
  std::string reason;
  if (!Regex(pattern).isValid(reason))
    return usageError(flag + text + ": invalid regular expression: " + reason);
  rules.push_back({pattern.str(), scheme.str(), keep});
  return true;
}

/// Names of TargetISA.h.
static bool checkISAs(ArrayRef<std::string> names) {
  SmallVector<StringRef> known;
  for (const TargetISA &isa : getTargetISAs())
    known.push_back(isa.name);
  for (const std::string &name : names)
    if (!findTargetISA(name))
      return usageError("--isa: unknown instruction set " + quoteName(name) +
                        didYouMean(name, known) +
                        " (known: " + join(known, ", ") + ")");
  return true;
}

/// Names of LiftNames.h.
static bool checkLiftNames(ArrayRef<std::string> names) {
  ArrayRef<StringRef> known = onnx::getLiftNames();
  for (const std::string &name : names)
    if (!is_contained(known, name))
      return usageError("--no-lift: unknown name " + quoteName(name) +
                        didYouMean(name, known) +
                        " (known: " + join(known, ", ") + ")");
  return true;
}

/// `2G`, `512M`, `0`; a plain number is bytes.
static bool parseBytes(StringRef text, uint64_t &bytes) {
  unsigned shift = 0;
  StringRef number = text;
  if (!number.consume_back_insensitive("iB"))
    number.consume_back("B");
  if (number.consume_back_insensitive("K"))
    shift = 10;
  else if (number.consume_back_insensitive("M"))
    shift = 20;
  else if (number.consume_back_insensitive("G"))
    shift = 30;
  else if (number.consume_back_insensitive("T"))
    shift = 40;
  if (number.getAsInteger(10, bytes) || bytes > (UINT64_MAX >> shift))
    return usageError("--memory-limit=" + text + ": expected a size like 2G");
  bytes <<= shift;
  return true;
}

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
  compile.isas.assign(flags.isas.begin(), flags.isas.end());
  if (!checkISAs(compile.isas))
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
