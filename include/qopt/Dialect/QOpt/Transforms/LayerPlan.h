//===- LayerPlan.h - the plan, layer by layer -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the attributes of the plan say about each contraction, and what it
// costs: the table of `--dry-run`, the plan file and the report are views of
// this.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_LAYERPLAN_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_LAYERPLAN_H

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir::qopt {

struct LayerPlan {
  ContractionOpInterface op;
  /// Unique in the module.
  std::string name;
  /// `onnx.MatMul`
  std::string opName;
  /// Of the weight, when it is a constant; K and N when it is a matrix.
  SmallVector<int64_t> shape;
  int64_t k = 0, n = 0;

  /// What the layer gets, with everything that was decided; none: it stays
  /// float, for `reason`.
  std::optional<SchemeSpec> scheme;
  SchemeAttr attribute;
  std::string reason;
  /// Columns split off by a list that is fixed at compile time.
  SmallVector<int64_t> outliers;
  bool hasOutlierList = false;
  /// Of smoothing, a number or "off"; empty without.
  std::string alpha;
  std::optional<float> activationScale;
  std::optional<int32_t> zeroPoint;
  /// "f16" or "f32" where a rule says how a kept weight is stored.
  std::string storage;
  /// Remarks on a layer with a scheme.
  std::string note;

  /// Of the weight, scales and tail included.
  int64_t bytesBefore = 0, bytesAfter = 0;
  /// The same weight was counted for a layer in front.
  bool sharesWeight = false;

  /// "64x128", or empty without a constant weight.
  std::string shapeText() const;
  /// "3", "3 guarded", "dynamic", "dynamic-row" or empty.
  std::string outlierText() const;
};

struct PlanTotals {
  unsigned quantized = 0, kept = 0;
  /// Weights of the layers, and all other constants.
  int64_t weightsBefore = 0, weightsAfter = 0;
  int64_t othersBefore = 0, othersAfter = 0;
};

/// Names of the layers, made unique by "#2", "#3".
std::vector<std::string> layerNames(ArrayRef<ContractionOpInterface> ops);

/// All contractions in program order. `floatWeightBits` (16 or 32) is the size
/// in which weights of float layers will be stored.
std::vector<LayerPlan> describePlan(ModuleOp module, unsigned floatWeightBits);
PlanTotals sumPlan(ModuleOp module, ArrayRef<LayerPlan> layers,
                   unsigned floatWeightBits);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_LAYERPLAN_H
