//===- PlanFile.cpp - reads an edited plan --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A field that nobody reads is an error: in a file that people edit, a misspelt
// `outlier` would otherwise be ignored in silence.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace json = llvm::json;

namespace mlir::qopt {

namespace {

class Reader {
public:
  Reader(StringRef path) : path(path) {}
  Error read(const json::Value &root, PlanFile &file);

private:
  Error readLayer(const json::Object &object, PlanFile &file);
  Error readScheme(const json::Object &object, PlanFileLayer &layer);
  Error readOutliers(const json::Value &value, PlanFileLayer &layer);
  Error readRanges(const json::Object &object, PlanFileLayer &layer);
  Error readText(const json::Object &object, StringRef field,
                 std::string &result);
  Error checkFields(const json::Object &object, ArrayRef<StringRef> known);
  Error fail(const Twine &text) {
    return createStringError(path + ": " + where + text);
  }

  StringRef path;
  /// "layer 'x': "
  std::string where;
};

} // namespace

Error Reader::checkFields(const json::Object &object,
                          ArrayRef<StringRef> known) {
  for (const auto &entry : object) {
    StringRef name = entry.first;
    if (!llvm::is_contained(known, name))
      return fail("unknown field " + quoteName(name) + didYouMean(name, known));
  }
  return Error::success();
}

Error Reader::readText(const json::Object &object, StringRef field,
                       std::string &result) {
  const json::Value *value = object.get(field);
  if (!value)
    return Error::success();
  std::optional<StringRef> text = value->getAsString();
  if (!text)
    return fail("'" + field + "' is not a string");
  result = text->str();
  return Error::success();
}

Error Reader::readScheme(const json::Object &object, PlanFileLayer &layer) {
  std::string text;
  if (Error error = readText(object, "scheme", text))
    return error;
  if (text.empty() && !object.get("keep"))
    return fail("neither 'scheme' nor 'keep' is given");
  if (!text.empty()) {
    Expected<SchemeSpec> spec = SchemeSpec::parse(text);
    if (!spec)
      return fail(toString(spec.takeError()));
    layer.scheme = *spec;
  }
  if (const json::Value *keep = object.get("keep")) {
    std::optional<bool> isKept = keep->getAsBoolean();
    if (!isKept)
      return fail("'keep' is neither true nor false");
    if (*isKept)
      layer.scheme = SchemeSpec();
    else if (!layer.scheme.quantizes())
      return fail("'keep' is false, but no scheme says how to quantize it");
  }
  return Error::success();
}

Error Reader::readOutliers(const json::Value &value, PlanFileLayer &layer) {
  const json::Array *array = value.getAsArray();
  if (!array)
    return fail("'outliers' is not a list of columns");
  SchemeSpec &spec = layer.scheme;
  if (!spec.quantizes())
    return Error::success();
  if (spec.method == SchemeSpec::Method::LLMInt8 &&
      spec.mode == SchemeSpec::Mode::Auto)
    spec.mode = SchemeSpec::Mode::Static;
  if (spec.method != SchemeSpec::Method::LLMInt8 ||
      (spec.mode != SchemeSpec::Mode::Static &&
       spec.mode != SchemeSpec::Mode::Guarded))
    return fail("'outliers' goes with llm-int8{mode=static} or "
                "llm-int8{mode=static+guard}, not with " +
                quoteName(spec.str()));
  SmallVector<int64_t> &columns = layer.outliers.emplace();
  for (const json::Value &element : *array) {
    std::optional<int64_t> column = element.getAsInteger();
    if (!column || *column < 0)
      return fail("'outliers' holds something that is not a column");
    columns.push_back(*column);
  }
  llvm::sort(columns);
  if (std::adjacent_find(columns.begin(), columns.end()) != columns.end())
    return fail("'outliers' names a column twice");
  return Error::success();
}

Error Reader::readRanges(const json::Object &object, PlanFileLayer &layer) {
  bool isStatic = layer.scheme.quantizes() &&
                  layer.scheme.activations == SchemeSpec::Activations::Static;
  if (const json::Value *value = object.get("activation_scale")) {
    std::optional<double> scale = value->getAsNumber();
    if (!scale || !(*scale > 0) || !std::isfinite(float(*scale)) ||
        float(*scale) == 0)
      return fail("'activation_scale' is not a number above 0");
    if (isStatic)
      layer.activationScale = float(*scale);
  }
  if (const json::Value *value = object.get("activation_zero_point")) {
    std::optional<int64_t> zero = value->getAsInteger();
    if (!zero || *zero < 0 || *zero > 255)
      return fail("'activation_zero_point' is not an integer from 0 to 255");
    if (isStatic && layer.scheme.zeroPoint)
      layer.zeroPoint = *zero;
  }
  if (isStatic && layer.scheme.zeroPoint &&
      layer.activationScale.has_value() != layer.zeroPoint.has_value())
    return fail("'activation_scale' and 'activation_zero_point' come together");
  return Error::success();
}

Error Reader::readLayer(const json::Object &object, PlanFile &file) {
  std::string name;
  if (Error error = readText(object, "name", name))
    return error;
  if (name.empty())
    return fail("a layer has no 'name'");
  where = "layer " + quoteName(name) + ": ";
  if (Error error =
          checkFields(object, {"name", "op", "k", "n", "shape", "scheme",
                               "keep", "outliers", "alpha", "activation_scale",
                               "activation_zero_point", "storage", "reason",
                               "note", "bytes_before", "bytes_after"}))
    return error;
  PlanFileLayer layer;
  if (Error error = readScheme(object, layer))
    return error;
  if (const json::Value *value = object.get("outliers"))
    if (Error error = readOutliers(*value, layer))
      return error;
  if (const json::Value *value = object.get("alpha")) {
    std::optional<double> number = value->getAsNumber();
    std::optional<StringRef> word = value->getAsString();
    if (number && *number >= 0 && *number <= 1)
      llvm::raw_string_ostream(layer.alpha) << llvm::format("%.17g", *number);
    else if (word && (*word == "off" || *word == "auto"))
      layer.alpha = word->str();
    else
      return fail("'alpha' is a number from 0 to 1, \"auto\" or \"off\"");
  }
  if (Error error = readRanges(object, layer))
    return error;
  if (Error error = readText(object, "reason", layer.reason))
    return error;
  if (Error error = readText(object, "storage", layer.storage))
    return error;
  if (!layer.storage.empty() && layer.storage != "f16" &&
      layer.storage != "f32")
    return fail("'storage' is f16 or f32, not " + quoteName(layer.storage));
  if (!file.layers.try_emplace(name, std::move(layer)).second)
    return fail("it is there twice");
  where.clear();
  return Error::success();
}

Error Reader::read(const json::Value &root, PlanFile &file) {
  const json::Object *object = root.getAsObject();
  const json::Value *version = object ? object->get("qopt_plan") : nullptr;
  if (!version)
    return fail("is not a plan file: it has no field 'qopt_plan'");
  if (version->getAsInteger() != 1)
    return fail("'qopt_plan' is a version that this qopt does not know (1)");
  if (Error error = checkFields(
          *object, {"qopt_plan", "model_sha256", "pipeline", "float_weights",
                    "calibration", "smoothing", "summary", "layers"}))
    return error;
  PlanFileHeader &header = file.header;
  for (auto [field, text] : {std::pair("model_sha256", &header.modelHash),
                             std::pair("pipeline", &header.pipeline),
                             std::pair("float_weights", &header.floatWeights)})
    if (Error error = readText(*object, field, *text))
      return error;
  if (!header.floatWeights.empty() && header.floatWeights != "f16" &&
      header.floatWeights != "f32")
    return fail("'float_weights' is f16 or f32, not " +
                quoteName(header.floatWeights));
  const json::Array *layers = object->getArray("layers");
  if (!layers)
    return fail("there is no list 'layers'");
  for (const json::Value &layer : *layers) {
    const json::Object *fields = layer.getAsObject();
    if (!fields)
      return fail("a layer is not an object");
    if (Error error = readLayer(*fields, file))
      return error;
  }
  return Error::success();
}

Expected<PlanFile> PlanFile::parse(StringRef text, StringRef path) {
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return createStringError(path +
                             ": is not JSON: " + toString(root.takeError()));
  PlanFile file;
  if (Error error = Reader(path).read(*root, file))
    return std::move(error);
  return file;
}

Expected<PlanFile> PlanFile::read(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(
        path + ": cannot be read: " + buffer.getError().message());
  return parse((*buffer)->getBuffer(), path);
}

SchemeAttr PlanFileLayer::attribute(MLIRContext *context,
                                    bool hasStatistics) const {
  SchemeAttr attribute = scheme.scheme(context, hasStatistics || outliers);
  // An empty list is no split.
  if (outliers && outliers->empty() && scheme.mode == SchemeSpec::Mode::Static)
    return attribute.withOutliers(OutlierMode::None);
  return attribute;
}

} // namespace mlir::qopt
