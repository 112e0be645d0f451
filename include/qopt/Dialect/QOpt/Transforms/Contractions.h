//===- Contractions.h - the contractions of a model, as the plan sees them ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, order and eligibility of contractions and the grouping of those that
// read one activation. qopt-plan and qopt-observe share this, so that
// statistics find their way back to the operations.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_CONTRACTIONS_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_CONTRACTIONS_H

#include "mlir/IR/BuiltinOps.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"

namespace mlir::qopt {

/// Attributes of the plan on contractions (see the qopt dialect).
constexpr llvm::StringLiteral schemeAttrName = "qopt.scheme";
/// What the scheme was made of, as text (SchemeSpec.h).
constexpr llvm::StringLiteral recipeAttrName = "qopt.recipe";
constexpr llvm::StringLiteral keepAttrName = "qopt.keep";
constexpr llvm::StringLiteral outliersAttrName = "qopt.outliers";
/// Of a static activation scale: f32, and with a zero point i32.
constexpr llvm::StringLiteral activationScaleAttrName = "qopt.activation_scale";
constexpr llvm::StringLiteral activationZeroPointAttrName =
    "qopt.activation_zero_point";
/// Alpha of smoothing for the layer: f64 within [0, 1], "auto" or "off"; behind
/// qopt-smooth what was used.
constexpr llvm::StringLiteral alphaAttrName = "qopt.alpha";
/// What quantization takes from the mean of each output channel, to be given
/// back by the bias: f32 [N].
constexpr llvm::StringLiteral biasCorrectionAttrName = "qopt.bias_correction";
/// A remark of the plan on a layer that has a scheme.
constexpr llvm::StringLiteral noteAttrName = "qopt.note";
/// The type in which a kept layer's weight is stored, when a rule asks for it.
constexpr llvm::StringLiteral weightsAttrName = "qopt.weights";
/// The type in which a float product rounds its operands, when it is not f32.
constexpr llvm::StringLiteral productsAttrName = "qopt.products";
/// Factors s of smoothing that nothing in front could take: f32, one per row of
/// the weight.
constexpr llvm::StringLiteral smoothAttrName = "qopt.smooth";
/// All factors s by which the columns of the activation were divided, folded
/// into the operation in front or not: f32 [K]. Statistics describe the
/// activation before that.
constexpr llvm::StringLiteral smoothedAttrName = "qopt.smoothed";
/// On the module: alpha of smoothing and the data behind it.
constexpr llvm::StringLiteral smoothingAttrName = "qopt.smoothing";
/// On the module: the data that lists of outliers and static scales come from.
constexpr llvm::StringLiteral calibrationAttrName = "qopt.calibration";
/// On the module: names of the calibration taps.
constexpr llvm::StringLiteral tapsAttrName = "qopt.taps";

/// Name of the ONNX node, from the location; empty if there is none.
StringRef nodeName(Operation *op);

/// All contractions of the module, in program order.
SmallVector<ContractionOpInterface> collectContractions(ModuleOp module);

/// The value of the contraction's weight if it is a constant, else null.
ElementsAttr constantWeight(ContractionOpInterface op);

/// K and N of a constant weight of rank 2.
std::pair<int64_t, int64_t> weightShape(ContractionOpInterface op);

/// Why the contraction cannot be quantized by its form; empty: it can.
std::string whyNotQuantizable(ContractionOpInterface op);

/// Whether the result reaches an output of the function and meets no norm,
/// residual (sum of two computed values) or other contraction on any way: the
/// head of a model, whose errors nothing dampens.
bool isLastProjection(ContractionOpInterface op);

/// An activation that quantizable contractions read.
struct Tap {
  /// Name of the first reader, made unique in the module.
  std::string name;
  Value activation;
  SmallVector<ContractionOpInterface> readers;
};
SmallVector<Tap> collectTaps(ModuleOp module);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_CONTRACTIONS_H
