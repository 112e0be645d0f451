//===- Drawings.cpp - small pictures as inline SVG ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Drawings.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace llvm;

namespace mlir::qopt {

std::string escapeHTML(StringRef text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

std::string escapeName(StringRef name) {
  std::string quoted = quoteName(name);
  return escapeHTML(StringRef(quoted).drop_front().drop_back());
}

std::string shortNumber(double value) {
  std::string text;
  raw_string_ostream(text) << format("%.3g", value);
  return text;
}

namespace {

/// A picture of `width` by `height` units with room for labels around.
class Picture {
public:
  Picture(StringRef className, int width, int height, StringRef label)
      : os(text) {
    os << "<svg class=\"" << className << "\" viewBox=\"0 0 " << width << " "
       << height << "\" role=\"img\" aria-label=\"" << escapeHTML(label)
       << "\">";
  }
  void line(double x1, double y1, double x2, double y2, StringRef className) {
    os << "<line class=\"" << className << "\" x1=\"" << at(x1) << "\" y1=\""
       << at(y1) << "\" x2=\"" << at(x2) << "\" y2=\"" << at(y2) << "\"/>";
  }
  void rect(double x, double y, double width, double height,
            StringRef className, StringRef title = "") {
    os << "<rect class=\"" << className << "\" x=\"" << at(x) << "\" y=\""
       << at(y) << "\" width=\"" << at(width) << "\" height=\"" << at(height)
       << "\"";
    if (title.empty())
      os << "/>";
    else
      os << "><title>" << title << "</title></rect>";
  }
  void circle(double x, double y, double radius, StringRef className,
              StringRef title) {
    os << "<circle class=\"" << className << "\" cx=\"" << at(x) << "\" cy=\""
       << at(y) << "\" r=\"" << at(radius) << "\"><title>" << title
       << "</title></circle>";
  }
  void label(double x, double y, StringRef anchor, StringRef content,
             StringRef className = "tick") {
    os << "<text class=\"" << className << "\" x=\"" << at(x) << "\" y=\""
       << at(y) << "\" text-anchor=\"" << anchor << "\">" << content
       << "</text>";
  }
  void path(StringRef className, StringRef commands) {
    os << "<path class=\"" << className << "\" d=\"" << commands << "\"/>";
  }
  std::string finish() {
    os << "</svg>";
    return std::move(text);
  }
  /// A coordinate with one decimal.
  static std::string at(double value) {
    std::string text;
    raw_string_ostream(text) << format("%.1f", value);
    StringRef view = text;
    view.consume_back(".0");
    return view.str();
  }

private:
  std::string text;
  raw_string_ostream os;
};

} // namespace

/// All bars as one path: a tenth of the bytes of rectangles.
static std::string bars(const std::vector<double> &heights, double left,
                        double width, double base, double height) {
  std::string commands;
  double step = width / heights.size();
  for (auto [i, share] : enumerate(heights))
    if (share > 0)
      commands += "M" + Picture::at(left + i * step) + " " + Picture::at(base) +
                  "v-" + Picture::at(std::max(0.6, share * height)) + "h" +
                  Picture::at(std::max(0.8, step * 0.86)) + "V" +
                  Picture::at(base) + "z";
  return commands;
}

std::string drawHistogram(const ReportHistogram &histogram, StringRef title,
                          const std::vector<double> &marks) {
  if (histogram.counts.empty())
    return "";
  constexpr int width = 360, height = 130, left = 6, top = 14, base = 108;
  constexpr int right = width - 6;
  Picture picture("plot", width, height, title);
  uint64_t most =
      *std::max_element(histogram.counts.begin(), histogram.counts.end());
  std::vector<double> heights;
  for (uint64_t count : histogram.counts)
    heights.push_back(std::log1p(double(count)) / std::log1p(double(most)));
  picture.path("bar", bars(heights, left, right - left, base, base - top));
  picture.line(left, base, right, base, "axis");
  auto place = [&](double value) {
    return left + (value - histogram.lo) / (histogram.hi - histogram.lo) *
                      (right - left);
  };
  for (double mark : marks)
    for (double side : {-mark, mark})
      if (side > histogram.lo && side < histogram.hi)
        picture.line(place(side), top - 4, place(side), base, "mark");
  picture.label(left, base + 14, "start", shortNumber(histogram.lo));
  picture.label(right, base + 14, "end", shortNumber(histogram.hi));
  if (histogram.lo < 0 && histogram.hi > 0)
    picture.label(place(0), base + 14, "middle", "0");
  return picture.finish();
}

std::string drawColumns(const ReportLayer &layer) {
  if (layer.columnMax.empty())
    return "";
  constexpr int width = 360, height = 130, left = 6, top = 14, base = 108;
  constexpr int right = width - 6;
  Picture picture("plot", width, height, "largest magnitude per column");
  float most = 0;
  for (float value : layer.columnMax)
    most = std::max(most, value);
  if (most == 0)
    most = 1;
  std::vector<double> plain, outlying;
  size_t next = 0;
  for (auto [i, value] : enumerate(layer.columnMax)) {
    bool isOutlier = false;
    for (; next < layer.outliers.size() &&
           layer.outliers[next] < int64_t(i + 1) * layer.columnsPerBucket;
         ++next)
      isOutlier = true;
    plain.push_back(isOutlier ? 0 : value / most);
    outlying.push_back(isOutlier ? value / most : 0);
  }
  double span = right - left;
  picture.path(layer.smoothedMax.empty() ? "bar" : "bar faint",
               bars(plain, left, span, base, base - top));
  if (!layer.smoothedMax.empty()) {
    std::vector<double> smoothed;
    for (float value : layer.smoothedMax)
      smoothed.push_back(std::min(1.0f, value / most));
    picture.path("bar", bars(smoothed, left, span, base, base - top));
  }
  picture.path("bar hot", bars(outlying, left, span, base, base - top));
  if (layer.threshold > 0 && layer.threshold < most) {
    double y = base - layer.threshold / most * (base - top);
    picture.line(left, y, right, y, "mark");
  }
  picture.line(left, base, right, base, "axis");
  picture.label(left, base + 14, "start", "0");
  picture.label(right, base + 14, "end", std::to_string(layer.k - 1));
  picture.label(left, top - 4, "start", shortNumber(most));
  return picture.finish();
}

std::string drawSchemes(const ReportData &data) {
  std::map<std::string, std::pair<int64_t, unsigned>> shares;
  int64_t total = 0;
  for (const ReportLayer &layer : data.layers) {
    if (layer.sharesWeight || layer.shape.empty())
      continue;
    auto &[bytes, count] = shares[layer.scheme];
    bytes += layer.bytesAfter;
    ++count;
    total += layer.bytesAfter;
  }
  if (data.othersAfter) {
    shares["other constants"] = {data.othersAfter, 0};
    total += data.othersAfter;
  }
  if (!total)
    return "";
  std::vector<std::pair<std::string, std::pair<int64_t, unsigned>>> sorted(
      shares.begin(), shares.end());
  llvm::stable_sort(sorted, [](const auto &a, const auto &b) {
    return a.second.first > b.second.first;
  });
  std::string bar, legend;
  unsigned colour = 0;
  for (const auto &[name, share] : sorted) {
    std::string tone = name == "float" ? "tone-float"
                       : name == "other constants"
                           ? "tone-other"
                           : "tone-" + std::to_string(std::min(colour++, 5u));
    double percent = 100.0 * share.first / total;
    std::string text;
    raw_string_ostream(text)
        << escapeHTML(name) << "<span class=\"quiet\"> "
        << (share.second ? std::to_string(share.second) + " layers, " : "")
        << formatBytes(share.first) << "</span>";
    raw_string_ostream(bar)
        << "<span class=\"" << tone
        << "\" style=\"width:" << format("%.3f", percent) << "%\"></span>";
    legend += "<li><i class=\"" + tone + "\"></i>" + text + "</li>";
  }
  return "<div class=\"share\">" + bar + "</div><ul class=\"legend\">" +
         legend + "</ul>";
}

std::string drawPareto(const ReportData &data) {
  std::vector<const ReportLayer *> layers;
  double error = 0, bytes = data.weightsAfter + data.othersAfter;
  for (const ReportLayer &layer : data.layers)
    if (layer.isQuantized && layer.quality && layer.quality->outputSQNR) {
      layers.push_back(&layer);
      error += layer.quality->relativeNoise;
    }
  if (layers.size() < 2 || !(error > 0))
    return "";
  // A kept layer is stored in half precision.
  auto cost = [](const ReportLayer *layer) {
    return std::max<int64_t>(1, layer->bytesBefore / 2 - layer->bytesAfter);
  };
  llvm::stable_sort(layers, [&](const ReportLayer *a, const ReportLayer *b) {
    return a->quality->relativeNoise / cost(a) >
           b->quality->relativeNoise / cost(b);
  });
  constexpr int width = 760, height = 250, left = 58, top = 16, base = 206;
  constexpr int right = width - 18;
  double first = bytes, last = bytes;
  for (const ReportLayer *layer : layers)
    last += cost(layer);
  Picture picture("plot wide", width, height,
                  "error against size when further layers stay in float");
  auto x = [&](double value) {
    return left + (value - first) / (last - first) * (right - left);
  };
  auto y = [&](double value) { return base - value / error * (base - top); };
  for (int i = 0; i <= 4; ++i) {
    double share = i / 4.0;
    picture.line(left, y(share * error), right, y(share * error), "grid");
    picture.label(left - 8, y(share * error) + 4, "end",
                  shortNumber(100 * share) + " %");
    picture.label(left + share * (right - left), base + 18,
                  i == 0   ? "start"
                  : i == 4 ? "end"
                           : "middle",
                  formatBytes(uint64_t(first + share * (last - first))));
  }
  picture.label((left + right) / 2.0, base + 38, "middle",
                "size of all constants");
  std::string commands;
  std::vector<std::pair<double, double>> points{{bytes, error}};
  double sum = error;
  for (const ReportLayer *layer : layers) {
    bytes += cost(layer);
    sum = std::max(0.0, sum - layer->quality->relativeNoise);
    points.emplace_back(bytes, sum);
  }
  for (auto [size, value] : points)
    commands += (commands.empty() ? "M" : "L") + Picture::at(x(size)) + " " +
                Picture::at(y(value));
  picture.path("curve", commands);
  picture.circle(x(points[0].first), y(points[0].second), 5, "point now",
                 "as compiled");
  for (auto [i, layer] : enumerate(layers)) {
    // Points on top of each other tell nothing.
    if (i >= 60 && i % 8)
      continue;
    auto [size, value] = points[i + 1];
    picture.circle(x(size), y(value), 3.5, "point",
                   "also keep " + escapeName(layer->name) + ": " +
                       shortNumber(100 * value / error) + " % of the error, " +
                       formatBytes(uint64_t(size)));
  }
  return picture.finish();
}

} // namespace mlir::qopt
