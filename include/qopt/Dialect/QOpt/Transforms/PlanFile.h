//===- PlanFile.h - the plan as a file that users edit --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `--emit-plan` writes all decisions as JSON, `--plan` reads them back. Of a
// layer the user may edit `scheme` (SchemeSpec.h), `keep`, `outliers`, `alpha`,
// `activation_scale`, `activation_zero_point` and `storage`; the other fields
// tell what is known and are not read. See docs/plan.md.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_PLANFILE_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_PLANFILE_H

#include "qopt/Dialect/QOpt/Transforms/LayerPlan.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::qopt {

/// What the file says beside the layers.
struct PlanFileHeader {
  /// SHA-256 of the ONNX file; empty when it is not known.
  std::string modelHash;
  /// The preset, with its options.
  std::string pipeline;
  /// "f16" or "f32".
  std::string floatWeights;
};

/// One layer of a plan file.
struct PlanFileLayer {
  /// FP32: kept.
  SchemeSpec scheme;
  std::string reason;
  std::optional<SmallVector<int64_t>> outliers;
  std::string alpha;
  std::optional<float> activationScale;
  std::optional<int32_t> zeroPoint;
  std::string storage;

  /// The attribute of a layer that is quantized.
  SchemeAttr attribute(MLIRContext *context, bool hasStatistics) const;
};

struct PlanFile {
  PlanFileHeader header;
  llvm::StringMap<PlanFileLayer> layers;

  /// Checks everything that needs no model. Messages name the file, the layer
  /// and the field.
  static llvm::Expected<PlanFile> read(StringRef path);
  static llvm::Expected<PlanFile> parse(StringRef text, StringRef path);
};

/// The plan of the module as the text of a plan file. An empty `modelHash` is
/// taken from the module.
std::string writePlanFile(ModuleOp module, PlanFileHeader header);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_PLANFILE_H
