//===- LayerTaps.h - the outputs of layers, shown for comparison ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Libraries compiled with --layer-taps show what every contraction computes.
// The same names stand for the same layers in the float and in a quantized
// library of one model.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_LAYERTAPS_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_LAYERTAPS_H

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

namespace mlir::qopt {

/// On a contraction: factors that smoothing multiplied its output columns by,
/// f32 [N].
constexpr llvm::StringLiteral outputScaleAttrName = "qopt.output_scale";

/// Remembers factors on the output columns, on top of those before.
void noteOutputScale(Operation *op, ArrayRef<float> factors);

/// The contractions with f32 rows as results, each with a name of its own: that
/// of its node, with #2, #3 behind it where others have the same.
SmallVector<std::pair<std::string, ContractionOpInterface>>
nameLayers(ModuleOp module);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_LAYERTAPS_H
