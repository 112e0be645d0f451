//===- Flags.h - the flags of qopt ------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_FLAGS_H
#define QOPT_TOOLS_QOPT_FLAGS_H

#include "AccuracyFlags.h"
#include "CalibrationFlags.h"
#include "Options.h"
#include "PlanFlags.h"

#include "llvm/Support/CommandLine.h"

namespace mlir::qopt {

namespace cl = llvm::cl;

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
  cl::opt<FloatProducts> floatProducts{
      "float",
      cl::desc("Arithmetic of products that are not quantized (default: f32)"),
      cl::values(
          clEnumValN(FloatProducts::F32, "f32", "single precision"),
          clEnumValN(FloatProducts::BF16, "bf16",
                     "operands in bfloat16, sums in f32; for AMX tiles")),
      cl::init(FloatProducts::F32), cl::cat(category)};
  cl::opt<std::string> triple{
      "mtriple",
      cl::desc("Machine to generate code for: x86_64-linux-gnu, "
               "aarch64-linux-gnu (default: this one)"),
      cl::value_desc("triple"), cl::cat(category)};
  cl::list<std::string> isas{
      "isa",
      cl::desc("Instruction sets to generate code for: amx, avx512vnni, "
               "avxvnni, avx2; "
               "i8mm, dotprod, neon (default: all of the machine)"),
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

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_FLAGS_H
