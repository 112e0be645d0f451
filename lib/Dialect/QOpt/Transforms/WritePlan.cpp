//===- WritePlan.cpp - the plan as a file that users edit -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One object per layer, one field per line, lists on one line: made for
// reading, for diff and for an editor.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_WRITEPLANPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace json = llvm::json;

/// "[1, 2, 3]"
static std::string listText(ArrayRef<int64_t> values) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(values, os);
  os << "]";
  return text;
}

static void writeLayer(const LayerPlan &layer, json::OStream &os) {
  auto text = [&](StringRef field, StringRef value) {
    if (!value.empty())
      os.attribute(field, json::fixUTF8(value));
  };
  text("name", layer.name);
  text("op", layer.opName);
  if (layer.shape.size() == 2) {
    os.attribute("k", layer.k);
    os.attribute("n", layer.n);
  } else if (!layer.shape.empty()) {
    os.attributeBegin("shape");
    os.rawValue(listText(layer.shape));
    os.attributeEnd();
  }
  text("scheme", layer.scheme ? layer.scheme->str() : "fp32");
  text("reason", layer.reason);
  if (layer.hasOutlierList) {
    os.attributeBegin("outliers");
    os.rawValue(listText(layer.outliers));
    os.attributeEnd();
  }
  double alpha;
  if (!layer.alpha.empty() && llvm::to_float(layer.alpha, alpha))
    os.attribute("alpha", alpha);
  else
    text("alpha", layer.alpha);
  if (layer.activationScale)
    os.attribute("activation_scale", *layer.activationScale);
  if (layer.zeroPoint)
    os.attribute("activation_zero_point", *layer.zeroPoint);
  text("storage", layer.storage);
  text("note", layer.note);
  if (!layer.shape.empty()) {
    os.attribute("bytes_before", layer.bytesBefore);
    os.attribute("bytes_after", layer.bytesAfter);
  }
}

/// A dictionary of numbers, which says which data is behind something.
static void writeOrigin(ModuleOp module, StringRef attribute, StringRef field,
                        json::OStream &os) {
  auto origin = module->getAttrOfType<DictionaryAttr>(attribute);
  if (!origin)
    return;
  os.attributeObject(field, [&] {
    for (NamedAttribute entry : origin) {
      if (auto number = dyn_cast<IntegerAttr>(entry.getValue()))
        os.attribute(entry.getName(), number.getInt());
      else if (auto number = dyn_cast<FloatAttr>(entry.getValue()))
        os.attribute(entry.getName(), number.getValueAsDouble());
      else if (auto word = dyn_cast<StringAttr>(entry.getValue()))
        os.attribute(entry.getName(), word.getValue());
    }
  });
}

std::string qopt::writePlanFile(ModuleOp module, PlanFileHeader header) {
  unsigned bits = header.floatWeights == "f32" ? 32 : 16;
  std::vector<LayerPlan> layers = describePlan(module, bits);
  PlanTotals totals = sumPlan(module, layers, bits);
  if (auto hash = module->getAttrOfType<StringAttr>("onnx.source_sha256");
      hash && header.modelHash.empty())
    header.modelHash = hash.str();

  std::string text;
  llvm::raw_string_ostream stream(text);
  json::OStream os(stream, /*IndentSize=*/2);
  os.object([&] {
    os.attribute("qopt_plan", 1);
    os.attribute("model_sha256", header.modelHash);
    if (!header.pipeline.empty())
      os.attribute("pipeline", json::fixUTF8(header.pipeline));
    os.attribute("float_weights", bits == 32 ? "f32" : "f16");
    writeOrigin(module, calibrationAttrName, "calibration", os);
    writeOrigin(module, smoothingAttrName, "smoothing", os);
    os.attributeObject("summary", [&] {
      os.attribute("quantized", totals.quantized);
      os.attribute("kept", totals.kept);
      os.attribute("bytes_before", totals.weightsBefore + totals.othersBefore);
      os.attribute("bytes_after", totals.weightsAfter + totals.othersAfter);
    });
    os.attributeArray("layers", [&] {
      for (const LayerPlan &layer : layers)
        os.object([&] { writeLayer(layer, os); });
    });
  });
  stream << "\n";
  return text;
}

namespace {

class WritePlanPass final
    : public qopt::impl::WritePlanPassBase<WritePlanPass> {
public:
  using WritePlanPassBase::WritePlanPassBase;

  void runOnOperation() override {
    if (floatWeights != "f16" && floatWeights != "f32") {
      emitError(getOperation().getLoc(), "float-weights is f16 or f32, not '")
          << floatWeights << "'";
      return signalPassFailure();
    }
    llvm::outs() << writePlanFile(getOperation(), {"", "", floatWeights});
    llvm::outs().flush();
    markAllAnalysesPreserved();
  }
};

} // namespace
