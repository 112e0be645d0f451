//===- Report.h - what a compile did, for people and for programs ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The page is one file: its style, its drawings and its few lines of script are
// inside, nothing is loaded from elsewhere, and a name out of a model is text
// and nothing but text. The JSON has the same content, versioned.
//===----------------------------------------------------------------------===//

#ifndef QOPT_REPORT_REPORT_H
#define QOPT_REPORT_REPORT_H

#include "qopt/Evaluation/Metrics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir::qopt {

/// Counts in bins of one width from `lo` to `hi`; none: nothing is known.
struct ReportHistogram {
  double lo = 0, hi = 0;
  std::vector<uint64_t> counts;
};

/// Of a layer, on rows that the calibration kept; dB are infinite without
/// noise.
struct ReportQuality {
  int64_t rows = 0;
  double weightSQNR = 0;
  /// Absent where activations stay float or nothing was observed.
  std::optional<double> activationSQNR;
  std::optional<double> outputSQNR, cosine, maxError, maxOutput;
  /// Noise over signal of the output.
  double relativeNoise = 0;
};

struct ReportLayer {
  std::string name, opName, shape;
  int64_t k = 0, n = 0;
  bool isQuantized = false;
  /// As users write it, or "float".
  std::string scheme;
  std::string alpha, storage, reason, note;
  /// "3", "dynamic", ...; empty: no matter of this scheme.
  std::string outlierText;
  std::vector<int64_t> outliers;
  /// Columns without a list that stand for themselves.
  std::optional<double> activationScale;
  int64_t bytesBefore = 0, bytesAfter = 0;
  bool sharesWeight = false;
  int64_t zeroChannels = 0;

  std::optional<ReportQuality> quality;
  ReportHistogram activation, weight;
  uint64_t tokens = 0;
  /// Largest magnitude per column, and the same behind smoothing; one entry per
  /// column, or per bucket of `columnsPerBucket` of them.
  std::vector<float> columnMax, smoothedMax;
  int64_t columnsPerBucket = 1;
  /// From which magnitude a column is an outlier; 0: none.
  double threshold = 0;
};

struct ReportSpeed {
  /// Median milliseconds of one call.
  double floatMs = 0, quantizedMs = 0;
  int64_t runs = 0, threads = 0;
  std::string isa, inputs;
};

/// The quantized model beside the float one, on samples.
struct ReportEvaluation {
  /// Name of the file, and whether its samples are those of the calibration
  /// that the statistics left out.
  std::string data;
  bool isHeldOut = false;
  int64_t samples = 0;
  /// Of a language model; without predictions the two that follow are empty.
  int64_t predictions = 0;
  PerplexitySummary perplexity;
  ComparisonSummary comparison;
  /// Of the output: mean over its vectors, and dB.
  double cosine = 0, sqnr = 0;
};

struct ReportData {
  std::string model, modelHash, pipeline, version;
  std::string libraryPath;
  /// Of the ONNX file with its external data (0: not known), and the library
  /// (0: none was made).
  int64_t modelBytes = 0, libraryBytes = 0;
  std::vector<std::string> isas;
  unsigned quantized = 0, kept = 0;
  int64_t weightsBefore = 0, weightsAfter = 0;
  int64_t othersBefore = 0, othersAfter = 0;

  bool isCalibrated = false;
  uint64_t samples = 0, tokens = 0, masked = 0, nonfiniteSamples = 0;
  /// As the module says it; empty: no smoothing.
  std::string alpha;
  std::vector<std::string> warnings;
  std::optional<ReportSpeed> speed;
  std::optional<ReportEvaluation> evaluation;
  std::vector<ReportLayer> layers;
};

std::string writeReportJSON(const ReportData &data);
std::string writeReportHTML(const ReportData &data);
/// The layers' output SQNR as an overlay of Model Explorer.
std::string writeNodeData(const ReportData &data);

} // namespace mlir::qopt

#endif // QOPT_REPORT_REPORT_H
