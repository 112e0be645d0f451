//===- PageTable.cpp - the table of the layers ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every layer is a body of its own with two rows, so that sorting moves what
// belongs together. Cells carry the key that they are sorted by.
//===----------------------------------------------------------------------===//

#include "Drawings.h"
#include "Page.h"
#include "qopt/Support/Progress.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

std::string decibelText(double value) {
  if (std::isinf(value))
    return "exact";
  std::string text;
  raw_string_ostream(text) << format("%.1f", value);
  return text;
}

namespace {

class Table {
public:
  explicit Table(std::string &text) : os(text) {}
  void write(const ReportData &data);

private:
  void head();
  void layer(const ReportLayer &layer, size_t number);
  void detail(const ReportLayer &layer);
  void fact(StringRef term, const Twine &value) {
    std::string text = value.str();
    if (!text.empty())
      os << "<dt>" << term << "</dt><dd>" << text << "</dd>";
  }
  void figure(StringRef title, StringRef drawing) {
    if (!drawing.empty())
      os << "<div><h3>" << title << "</h3>" << drawing << "</div>";
  }
  void cell(StringRef key, StringRef content, StringRef className = "") {
    os << "<td";
    if (!className.empty())
      os << " class=\"" << className << "\"";
    os << " data-key=\"" << key << "\">" << content << "</td>";
  }
  void decibels(std::optional<double> value, bool meter);

  raw_string_ostream os;
};

} // namespace

/// Digits that sort as the number does.
static std::string keyOf(double value) {
  std::string text;
  raw_string_ostream(text) << format("%.9g", std::isinf(value) ? 1e9 : value);
  return text;
}

void Table::decibels(std::optional<double> value, bool meter) {
  if (!value)
    return cell("", "<span class=\"quiet\">&ndash;</span>");
  std::string text = decibelText(*value);
  if (meter) {
    // 10 dB is ruin, 50 dB as good as float.
    double share = std::min(1.0, std::max(0.02, (*value - 10) / 40));
    StringRef grade = *value < 20 ? " low" : *value < 30 ? " mid" : "";
    raw_string_ostream(text)
        << "<span class=\"meter" << grade
        << "\"><i style=\"width:" << format("%.0f", 100 * share)
        << "%\"></i></span>";
  }
  cell(keyOf(*value), text);
}

void Table::head() {
  struct Column {
    const char *title, *hint;
    bool isText;
  };
  static const Column columns[] = {
      {"Layer", "name of the ONNX node", true},
      {"K&times;N", "shape of the weight", false},
      {"Scheme", "how it is quantized", true},
      {"&alpha;", "share of the range that smoothing moves", false},
      {"Outliers", "columns kept in half precision", false},
      {"Weight dB", "signal to noise ratio of the weight", false},
      {"Act. dB", "signal to noise ratio of the activation", false},
      {"Output dB", "signal to noise ratio of the output", false},
      {"Cosine", "of the output, against float", false},
      {"Max error", "largest error of the output", false},
      {"Size", "of the weight, behind quantization", false}};
  os << "<thead><tr>";
  for (const Column &column : columns) {
    bool isError = StringRef(column.title) == "Output dB";
    os << "<th scope=\"col\"" << (column.isText ? " class=\"left\"" : "")
       << " data-kind=\"" << (column.isText ? "text" : "number") << "\""
       << (isError ? " aria-sort=\"ascending\"" : "")
       << "><button type=\"button\" title=\"" << column.hint << "\">"
       << column.title << "</button></th>";
  }
  os << "</tr></thead>";
}

/// "0, 5, 17 ... (32 columns)"
static std::string listText(ArrayRef<int64_t> columns) {
  std::string text;
  raw_string_ostream stream(text);
  interleaveComma(columns.take_front(64), stream);
  if (columns.size() > 64)
    stream << " ... (" << columns.size() << " columns)";
  return text;
}

void Table::detail(const ReportLayer &layer) {
  os << "<tr class=\"detail\"><td colspan=\"11\"><dl class=\"facts\">";
  fact("operation", escapeHTML(layer.opName));
  fact(layer.isQuantized ? "what was done" : "why it stays in float",
       escapeHTML(layer.isQuantized ? layer.note : layer.reason));
  if (!layer.outliers.empty())
    fact("outlier columns", listText(layer.outliers));
  fact("stored as", escapeHTML(layer.storage));
  if (layer.activationScale)
    fact("activation scale", shortNumber(*layer.activationScale));
  if (!layer.shape.empty())
    fact("bytes of the weight",
         Twine(layer.bytesBefore) + " &rarr; " + Twine(layer.bytesAfter) +
             (layer.sharesWeight ? " (shared with a layer above)" : ""));
  if (layer.zeroChannels)
    fact("channels of zeros", Twine(layer.zeroChannels));
  if (layer.tokens)
    fact("tokens observed", Twine(layer.tokens));
  if (layer.quality && layer.quality->maxOutput)
    fact("measured on", Twine(layer.quality->rows) + " rows; largest output " +
                            shortNumber(*layer.quality->maxOutput));
  os << "</dl><div class=\"figures\">";
  std::vector<double> marks;
  if (layer.threshold > 0)
    marks.push_back(layer.threshold);
  if (layer.activationScale)
    marks.push_back(127 * *layer.activationScale);
  figure("Activation (counts, log)",
         drawHistogram(layer.activation, "histogram of the activation", marks));
  figure("Weight (counts, log)",
         drawHistogram(layer.weight, "histogram of the weight", {}));
  std::string columns = "Largest magnitude per column";
  if (!layer.smoothedMax.empty())
    columns += ", before and behind smoothing";
  figure(columns, drawColumns(layer));
  os << "</div></td></tr>";
}

void Table::layer(const ReportLayer &layer, size_t number) {
  std::string name = escapeName(layer.name);
  os << "<tbody><tr class=\"row\">";
  cell(std::to_string(number),
       "<button type=\"button\" aria-expanded=\"true\"><bdi class=\"mono\">" +
           name + "</bdi></button>",
       "left name");
  cell(layer.shape.empty() ? "" : std::to_string(layer.k * layer.n),
       escapeHTML(layer.shape));
  cell(escapeHTML(layer.scheme),
       layer.isQuantized ? escapeHTML(layer.scheme)
                         : "<span class=\"quiet\">float</span>",
       "left");
  cell(layer.alpha == "off" ? "0" : escapeHTML(layer.alpha),
       escapeHTML(layer.alpha));
  std::string outliers = escapeHTML(layer.outlierText), key;
  if (!layer.outliers.empty() && layer.k)
    raw_string_ostream(outliers)
        << " <span class=\"quiet\">"
        << format("%.1f", 100.0 * layer.outliers.size() / layer.k)
        << "%</span>";
  if (!layer.outlierText.empty())
    key = layer.outliers.empty() && layer.outlierText != "0"
              ? std::to_string(layer.k)
              : std::to_string(layer.outliers.size());
  cell(key, outliers);
  const ReportQuality none, &quality = layer.quality ? *layer.quality : none;
  decibels(layer.quality ? std::optional(quality.weightSQNR) : std::nullopt,
           false);
  decibels(quality.activationSQNR, false);
  decibels(quality.outputSQNR, true);
  std::string cosine;
  if (quality.cosine)
    raw_string_ostream(cosine) << format("%.5f", *quality.cosine);
  cell(quality.cosine ? keyOf(*quality.cosine) : "", cosine);
  cell(quality.maxError ? keyOf(*quality.maxError) : "",
       quality.maxError ? shortNumber(*quality.maxError) : "");
  cell(std::to_string(layer.bytesAfter),
       layer.shape.empty() ? "" : formatBytes(layer.bytesAfter));
  os << "</tr>";
  detail(layer);
  os << "</tbody>";
}

void Table::write(const ReportData &data) {
  os << "<table id=\"layers\">";
  head();
  // Worst first; what stays in float has no error and comes last.
  std::vector<std::pair<double, size_t>> order;
  for (auto [i, entry] : enumerate(data.layers)) {
    double error = entry.isQuantized ? 1e8 : 1e9;
    if (entry.quality && entry.quality->outputSQNR)
      error = std::min(1e7, *entry.quality->outputSQNR);
    order.emplace_back(error, i);
  }
  llvm::sort(order);
  for (auto [error, i] : order)
    layer(data.layers[i], i);
  os << "</table>";
}

std::string layerTable(const ReportData &data) {
  std::string text;
  Table(text).write(data);
  return text;
}

} // namespace mlir::qopt
