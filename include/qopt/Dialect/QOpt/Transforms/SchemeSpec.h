//===- SchemeSpec.h - schemes as users write them -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One grammar for presets, rules on the command line and plan files:
//
//   NAME | NAME{key=value ...}       fp32, w8a8, llm-int8, w8a16
//
//   weights=channel|tensor|group:N   one scale per output channel, per tensor,
//                                    or per N rows of K within a channel
//   activations=token|tensor|static  a scale per row, or one for the whole
//                                    activation, at run time; or one from
//                                    statistics
//   zero-point=true                  unsigned activation codes with a zero
//   point observer=minmax|percentile|mse|entropy   which range of the
//   statistics a
//                                    static scale covers
//   mode=auto|static|static+guard|dynamic|dynamic-row|bitsandbytes   outlier
//                                    columns (llm-int8); auto: static with
//                                    statistics, else dynamic
//   threshold=NUMBER|auto frequency=NUMBER cap=N     which columns are outliers
//   alpha=NUMBER|auto|off            smoothing of this layer
//
// The scheme that a layer gets in the end (`#qopt.scheme`) is what statistics
// make of this.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_SCHEMESPEC_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_SCHEMESPEC_H

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace mlir::qopt {

struct SchemeSpec {
  enum class Method { FP32, W8A8, LLMInt8, W8A16 };
  enum class Activations { Token, Tensor, Static };
  enum class Mode { Auto, Static, Guarded, Dynamic, DynamicRow, BitsAndBytes };
  enum class Observer { MinMax, Percentile, MSE, Entropy };

  Method method = Method::FP32;
  Granularity weights = Granularity::Channel;
  /// Rows of K that share a scale; 0 unless `weights` is Group.
  int64_t groupSize = 0;
  Activations activations = Activations::Token;
  bool zeroPoint = false;
  Observer observer = Observer::MinMax;
  Mode mode = Mode::Auto;
  /// Magnitude from which a value counts as an outlier; 0: no outliers; none:
  /// as many columns as raise the signal to noise ratio (threshold=auto).
  std::optional<double> threshold = 6.0;
  /// Static lists: share of tokens that must hit, and most columns.
  double frequency = 0.01;
  int64_t cap = 32;
  /// Smoothing of this layer: a number within [0, 1], auto, off, or as
  /// everywhere when empty.
  std::string alpha;

  bool quantizes() const { return method != Method::FP32; }
  StringRef methodName() const;
  /// Whether it cannot be carried out without statistics.
  bool needsStatistics() const;

  /// Messages name the key, and the nearest known one.
  static llvm::Expected<SchemeSpec> parse(StringRef text);
  /// Shortest text that parses to the same.
  std::string str() const;

  /// The attribute for a layer; with Auto, `hasStatistics` decides about
  /// outliers. Not for FP32.
  SchemeAttr scheme(MLIRContext *context, bool hasStatistics) const;
};

/// "fp32, w8a8, llm-int8, w8a16"
StringRef schemeNames();

/// Splits `REGEX=SPEC` at the last '=' outside the braces of the spec; the
/// second part is empty without one.
std::pair<StringRef, StringRef> splitRule(StringRef text);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_SCHEMESPEC_H
