//===- Smooth.h - the parts of SmoothQuant --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operation can take the factors of an activation, what the factors are
// (Xiao et al. 2022, arXiv 2211.10438), and how far to go.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H

#include "qopt/Calibration/Statistics.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

namespace mlir::qopt {

/// An operation that can divide its channels, and everything that reads them.
struct ScalePair {
  ScaleAbsorbingOpInterface producer;
  /// One per channel of the producer.
  int64_t numFactors = 0;
  /// Whether the factor may differ from 1: nothing but readers sees it.
  std::vector<bool> isFree;
  struct Reader {
    ContractionOpInterface op;
    /// The factor of each column, or ScaleLayout::none.
    SmallVector<int32_t> factors;
  };
  SmallVector<Reader> readers;
  /// What the factors pass on their way, with their places in its first result.
  SmallVector<std::pair<ScalePassingOpInterface, ScaleLayout>> passed;
};

/// The operation at or in front of `activation` that can take one factor per
/// channel such that only products with constant weights see a difference.
/// Nothing if there is none; `reason` says why.
std::optional<ScalePair> findScalePair(Value activation, std::string &reason);

/// How far the range of activations moves into the weights.
struct Alpha {
  enum class Kind { Off, Auto, Given };
  Kind kind = Kind::Off;
  double value = 0.5;

  /// "off", "auto" or a number within [0, 1].
  static std::optional<Alpha> parse(StringRef text);
  /// `qopt.alpha`: a float, or one of the words.
  static std::optional<Alpha> read(Attribute attribute);
};

/// Activations that share their factors, and what is known about them.
struct SmoothGroup {
  struct Reader {
    ContractionOpInterface op;
    /// The factor of each column, or ScaleLayout::none.
    SmallVector<int32_t> factors;
    const ColumnStatistics *statistics = nullptr;
    /// Whether it will be quantized.
    bool isWanted = false;
  };
  int64_t numFactors = 0;
  std::vector<bool> isFree;
  SmallVector<Reader> readers;
  Alpha alpha;
};

struct SmoothChoice {
  /// s; empty: nothing is to be smoothed.
  SmallVector<float> factors;
  /// Off with a search that found nothing better.
  Alpha alpha;
  /// A search was asked for, but there are no sample rows.
  bool hadNoRows = false;
};

/// Finds s. With alpha = auto that which makes the error of the quantized
/// products smallest; no smoothing at all is a candidate too. Changes nothing
/// in the IR, and may run in parallel.
FailureOr<SmoothChoice> chooseFactors(const SmoothGroup &group);

/// factors[of[k]] for each column k, 1 for columns without.
SmallVector<float> factorsOfColumns(ArrayRef<float> factors,
                                    ArrayRef<int32_t> of);

/// Raises wx[k] to the largest magnitude in row k of the weight.
void raiseToRowAbsmax(ContractionOpInterface op, MutableArrayRef<float> wx);

/// s[k] = max(1e-5, ax[k]^alpha / max(1e-5, wx[k])^(1 - alpha)); 1 for a column
/// that is always 0, for weights that are not finite and where a weight times s
/// would not be.
SmallVector<float> smoothingFactors(ArrayRef<float> ax, ArrayRef<float> wx,
                                    double alpha);

/// A copy of the contraction's weight with row k multiplied by factors[k].
Value makeScaledWeight(ContractionOpInterface op, ArrayRef<float> factors,
                       OpBuilder &builder);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H
