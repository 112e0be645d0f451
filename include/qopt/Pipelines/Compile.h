//===- Compile.h - one compile, from a model file to a result -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tool `qopt` hands to the compiler. The tool owns the process
// (limits, temporaries, the rename of the result, signals); compileModel owns
// the model. It prints its diagnostics itself and returns an exit code of
// ExitCodes.h.
//===----------------------------------------------------------------------===//

#ifndef QOPT_PIPELINES_COMPILE_H
#define QOPT_PIPELINES_COMPILE_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlir::qopt {

class Progress;
struct ReportEvaluation;

/// What is written to the output (`--emit`). Everything but ONNXQDQ, Obj and
/// SharedLibrary is text.
enum class EmitKind {
  ONNX,
  ONNXQDQ,
  QOpt,
  Linalg,
  LLVM,
  Asm,
  Obj,
  SharedLibrary
};

/// How float weights that are not quantized are stored (`--float-weights`).
/// Preset: F32 with a pipeline that quantizes nothing, F16 with one that does.
enum class FloatWeights { Preset, F16, F32 };

/// What products that are not quantized are computed in (`--float`). BF16:
/// operands rounded to bfloat16, sums in f32.
enum class FloatProducts { F32, BF16 };

/// Key and value caches (`--kv`): past in and present out, as the model has
/// them, or one buffer of the caller that a run updates.
enum class KVCaches { Copy, InPlace };

/// `--shape NAME:1x128`: the full static shape of one input.
struct InputShape {
  std::string input;
  std::vector<int64_t> dims;
};

/// `--dim NAME=128` (min == max: the symbol becomes that number) or
/// `--dim NAME=1..2048,opt=128` (a range that the library checks at each call).
struct DimRange {
  std::string symbol;
  int64_t min = 0;
  int64_t max = 0;
  /// The size to tune for; 0: none given.
  int64_t opt = 0;
};

/// `--quantize REGEX=SCHEME` and `--keep REGEX[=f32|f16]`. A layer is matched
/// by its ONNX node name; the last rule that matches decides.
struct LayerRule {
  std::string pattern;
  /// A scheme of the plan, or the float type that a kept layer's weights take
  /// (empty: as --float-weights says).
  std::string scheme;
  bool keep = false;
};

/// What the result is held against. Negative bounds: none.
struct AccuracyOptions {
  /// `--layer-taps`: the library shows the output of each layer.
  bool layerTaps = false;
  /// `--max-ppl-increase=1%` (0.01): the compile fails beyond it.
  double maxPerplexityIncrease = -1;
  /// `--eval-data`: samples to evaluate on; empty: those at the end of the
  /// calibration data, which the statistics then leave out.
  std::string evalFile;
  /// `--sensitivity`: print what each layer costs, and stop.
  bool sensitivity = false;
  /// `--max-loss=0.5%` (0.005): choose schemes so that perplexity rises by at
  /// most that, or the cosine of another model's output is at least 0.995.
  double maxLoss = -1;
  /// `--target-bits=12`: choose schemes so that the weights of layers take that
  /// many bits each.
  double targetBits = -1;
  /// `--eval-data` with a report and no goal: the report shows what is lost.
  bool forReport = false;

  bool choosesSchemes() const { return maxLoss >= 0 || targetBits >= 0; }
  /// Whether plans are run beside the float model.
  bool runsPlans() const {
    return maxPerplexityIncrease >= 0 || sensitivity || maxLoss >= 0 ||
           forReport;
  }
  /// Whether anything is found out before the result is compiled.
  bool evaluates() const { return runsPlans() || choosesSchemes(); }
};

/// Files beside the output, by the paths that the user gave; an empty one is
/// not wanted. The compiler writes them into its private directory, from where
/// the caller publishes them when everything has succeeded.
struct SideOutputs {
  /// `--emit-plan`, `--report`, `--report-json`, `--node-data`,
  /// `--save-calib`.
  std::string plan, report, reportJSON, nodeData, statistics;
  /// `--report-speed`: the report compares the library with the float model,
  /// both run on this machine.
  bool speed = false;

  struct Entry {
    /// In the private directory, and as the user wants it.
    std::string file, path;
  };
  std::vector<Entry> list() const;
  /// Of a preset that quantizes.
  bool describesPlan() const { return !plan.empty() || wantsReport(); }
  bool wantsReport() const {
    return !report.empty() || !reportJSON.empty() || !nodeData.empty();
  }
};

struct CompileOptions {
  /// Path of the model as the user gave it: diagnostics name it, and external
  /// data is resolved against its directory.
  std::string modelPath;
  /// Path that the result will get, for messages only. The compiler never opens
  /// it: it writes to outputFd, with writeResult of Support/AtomicFile.h.
  std::string outputPath;
  int outputFd = -1;
  /// ONNXQDQ: the file beside the output, OUTPUT.data, that takes the weights
  /// if they are too many for one file or if `externalWeights` wants it so.
  int dataFd = -1;
  bool externalWeights = false;
  /// Private directory for intermediate files; the caller removes it.
  std::string tempDir;
  /// Where a reproducer is kept when the process dies; empty: nowhere.
  std::string reproducerDir;
  /// Path of the running executable: what is carried beside it is found by it.
  std::string executablePath;

  SideOutputs sideOutputs;

  /// A preset's name with or without options (`llm-int8{threshold=5.0}`), or
  /// pipeline text `builtin.module(...)`; empty: that of the plan file.
  std::string pipeline = "fp32";
  EmitKind emit = EmitKind::SharedLibrary;
  /// Print the plan on stdout and stop (`--dry-run`).
  bool dryRun = false;
  /// Print the expanded pipeline on stdout and stop (`--print-pipeline`).
  bool printPipeline = false;

  std::vector<InputShape> shapes;
  std::vector<DimRange> dims;
  /// In the order of the command line.
  std::vector<LayerRule> layerRules;
  FloatWeights floatWeights = FloatWeights::Preset;
  FloatProducts floatProducts = FloatProducts::F32;
  /// What machine the library is for (`--mtriple=aarch64-linux-gnu`); empty:
  /// this one. Calibration and evaluation run here all the same.
  std::string triple;
  /// Variants to generate, best last (`--isa=avx2,amx`); empty: all that
  /// the target's architecture has.
  std::vector<std::string> isas;

  /// An edited plan (`--plan`); empty: none.
  std::string planFile;
  /// Take files that belong to another model.
  bool force = false;

  /// Calibration data, in one of the forms of Calibration/Samples.h; empty: no
  /// calibration.
  std::string calibFile;
  /// At most that many samples; 0: all.
  int64_t calibSamples = 0;
  /// Tokens per sample of a file of token ids.
  int64_t calibWindow = 256;
  /// A statistics file instead of a calibration; empty: none.
  std::string loadCalib;

  AccuracyOptions accuracy;
  /// What has been found about the plan, for the report; null: nothing.
  std::shared_ptr<const ReportEvaluation> evaluation;

  KVCaches kvCaches = KVCaches::Copy;
  /// Decomposed ops that stay decomposed (`--no-lift=attention,rotary`), by the
  /// names of getLiftNames().
  std::vector<std::string> noLift;
  /// Leave out the run-time check of Gather indices.
  bool unsafeIndices = false;
  /// A layer with NaN or Inf in its weights stays float instead of being an
  /// error.
  bool allowNonfinite = false;
  /// ONNX's own rule for external data: no symlink, no hard link.
  bool strictExternalData = false;
  /// Directory of external data, instead of the model's; empty: the model's.
  std::string externalDataDir;

  /// Threads of the compiler (and of a calibration run); 0: one per core.
  unsigned jobs = 0;
  /// -1: errors only; 0: warnings; 1: remarks too.
  int verbosity = 0;
  /// Stage lines; never null while compileModel runs.
  Progress *progress = nullptr;

  /// Passes get a statistics file.
  bool hasStatistics() const {
    return !calibFile.empty() || !loadCalib.empty();
  }
  /// Statistics are all that is wanted (`--save-calib` without `-o`).
  bool onlyCalibrates() const {
    return !sideOutputs.statistics.empty() && outputPath.empty() &&
           emit == EmitKind::SharedLibrary && !dryRun;
  }
};

/// Compiles the model and writes the result to options.outputFd. Returns a code
/// of ExitCodes.h; every code but 0 comes after exactly one line `error: ...`
/// on stderr (notes may follow it).
int compileModel(const CompileOptions &options);

/// `qopt --list-ops`: prints the supported operators on stdout.
void printSupportedOps(bool markdown);

} // namespace mlir::qopt

#endif // QOPT_PIPELINES_COMPILE_H
