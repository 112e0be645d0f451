//===- NodeData.cpp - the layers' errors as an overlay of a graph ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model Explorer's custom node data: values by node, and thresholds that color
// them. Its ONNX adapter takes the name of a node for its id. Without the id of
// a graph around them, they belong to the graph that is shown.
//===----------------------------------------------------------------------===//

#include "qopt/Report/Report.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <set>

using namespace llvm;

namespace mlir::qopt {

/// Of the output where rows are known, else of the weight. A layer without
/// error has no place on a scale.
static std::optional<double> decibels(const ReportLayer &layer) {
  if (!layer.isQuantized || !layer.quality)
    return std::nullopt;
  double value = layer.quality->outputSQNR.value_or(layer.quality->weightSQNR);
  if (!std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string writeNodeData(const ReportData &data) {
  static constexpr std::pair<int, const char *> thresholds[] = {
      {20, "#d73027"}, {30, "#fc8d59"}, {40, "#fee08b"}, {1000, "#91cf60"}};
  std::string result;
  raw_string_ostream stream(result);
  json::OStream os(stream, /*IndentSize=*/2);
  // A name that two layers share would be one key twice.
  std::set<std::string> written;
  os.object([&] {
    os.attributeObject("results", [&] {
      for (const ReportLayer &layer : data.layers) {
        std::optional<double> value = decibels(layer);
        std::string name = json::fixUTF8(layer.name);
        if (!value || !written.insert(name).second)
          continue;
        os.attributeObject(name, [&] {
          os.attributeBegin("value");
          os.rawValue(formatv("{0:F2}", *value).str());
          os.attributeEnd();
          os.attribute("scheme", json::fixUTF8(layer.scheme));
        });
      }
    });
    os.attributeArray("thresholds", [&] {
      for (const std::pair<int, const char *> &threshold : thresholds)
        os.object([&] {
          os.attribute("value", threshold.first);
          os.attribute("bgColor", threshold.second);
        });
    });
  });
  stream << "\n";
  return result;
}

} // namespace mlir::qopt
