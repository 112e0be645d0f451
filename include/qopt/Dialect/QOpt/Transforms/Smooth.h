//===- Smooth.h - the parts of SmoothQuant --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operation can take the factors of an activation, and what the factors
// are (Xiao et al. 2022, arXiv 2211.10438).
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

namespace mlir::qopt {

/// An operation that can divide its channels, and everything that reads them.
struct ScalePair {
  ScaleAbsorbingOpInterface producer;
  SmallVector<ContractionOpInterface> readers;
  /// What the readers read, each once.
  SmallVector<Value> activations;
};

/// The operation at or in front of `activation` that can take one factor per
/// channel such that only products with constant weights see a difference.
/// Nothing if there is none; `reason` says why.
std::optional<ScalePair> findScalePair(Value activation, std::string &reason);

/// Raises wx[k] to the largest magnitude in row k of the weight.
void raiseToRowAbsmax(ContractionOpInterface op, MutableArrayRef<float> wx);

/// s[k] = max(1e-5, ax[k]^alpha / max(1e-5, wx[k])^(1 - alpha)); 1 for a column
/// that is always 0, for weights that are not finite and where a weight times s
/// would not be.
SmallVector<float> smoothingFactors(ArrayRef<float> ax, ArrayRef<float> wx,
                                    double alpha);

/// Gives the contraction a copy of its weight with row k multiplied by
/// factors[k].
void scaleWeightRows(ContractionOpInterface op, ArrayRef<float> factors,
                     OpBuilder &builder);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_SMOOTH_H
