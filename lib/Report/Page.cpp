//===- Page.cpp - the report for people -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The policy in the head allows one script, by its hash: whatever a name might
// smuggle in could not run, even if escaping failed.
//===----------------------------------------------------------------------===//

#include "Page.h"
#include "Drawings.h"
#include "qopt/Support/Progress.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mlir::qopt {

namespace {

class Page {
public:
  Page(const ReportData &data, std::string &text) : data(data), os(text) {}
  void write();

private:
  void head();
  void cards();
  void card(const Twine &value, const Twine &label, const Twine &remark = "") {
    ++numCards;
    cardText << "<div class=\"card\"><span>" << label << "</span><b>" << value
             << "</b><span>" << remark << "</span></div>";
  }
  void errorCard();
  void evaluationCard();
  void warnings();
  void section(StringRef title, StringRef remark, StringRef content) {
    if (content.empty())
      return;
    os << "<section><h2>" << title << "</h2>";
    if (!remark.empty())
      os << "<p>" << remark << "</p>";
    os << content << "</section>";
  }
  void table();

  const ReportData &data;
  raw_string_ostream os;
  std::string cardsHTML;
  raw_string_ostream cardText{cardsHTML};
  unsigned numCards = 0;
};

} // namespace

static std::string fixed(double value, const char *form) {
  std::string text;
  raw_string_ostream(text) << format(form, value);
  return text;
}

void Page::head() {
  SHA256 hash;
  hash.update(pageScript());
  std::string policy = "default-src 'none'; style-src 'unsafe-inline'; "
                       "script-src 'sha256-" +
                       encodeBase64(hash.final()) + "'";
  std::string title = escapeName(data.model);
  os << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
     << "<meta http-equiv=\"Content-Security-Policy\" content=\"" << policy
     << "\"><meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">"
     << "<title>" << title << " - qopt report</title><style>" << pageStyle()
     << "</style></head>\n<body><main><header><h1><bdi>" << title
     << "</bdi> <span class=\"badge\">" << escapeHTML(data.pipeline)
     << "</span></h1></header>\n";
}

/// The mean of the layers in noise, which is what adds up, and the worst one.
void Page::errorCard() {
  double worst = INFINITY, noise = 0;
  unsigned count = 0;
  const ReportLayer *which = nullptr;
  for (const ReportLayer &layer : data.layers)
    if (layer.quality && layer.quality->outputSQNR) {
      ++count;
      noise += layer.quality->relativeNoise;
      if (*layer.quality->outputSQNR < worst) {
        worst = *layer.quality->outputSQNR;
        which = &layer;
      }
    }
  if (!which)
    return;
  card(decibelText(noise ? -10 * std::log10(noise / count) : INFINITY) + " dB",
       "output SQNR of a layer", "worst " + decibelText(worst) + " dB");
}

/// What the whole model loses; that of a layer alone is another card.
void Page::evaluationCard() {
  if (!data.evaluation)
    return;
  const ReportEvaluation &evaluation = *data.evaluation;
  if (!evaluation.predictions) {
    card(fixed(evaluation.cosine, "%.5f"), "cosine of the output",
         decibelText(evaluation.sqnr) + " dB against float");
    return;
  }
  const ComparisonSummary &comparison = evaluation.comparison;
  card(fixed(comparison.reference.perplexity.value, "%.3f") + " &rarr; " +
           fixed(evaluation.perplexity.perplexity.value, "%.3f"),
       "perplexity",
       fixed(100 * (comparison.ratio.value - 1), "%+.2f") + " &plusmn; " +
           fixed(100 * comparison.ratio.error, "%.2f %%"));
  card(fixed(comparison.divergence.value, "%.5f"), "KL divergence",
       "&plusmn; " + fixed(comparison.divergence.error, "%.5f") +
           ", same top " + fixed(100 * comparison.sameTop.value, "%.1f %%"));
}

void Page::cards() {
  int64_t before = data.weightsBefore + data.othersBefore;
  int64_t after = data.weightsAfter + data.othersAfter;
  card(formatBytes(before) + " &rarr; " + formatBytes(after), "constants",
       after ? fixed(double(before) / after, "%.2fx smaller") : "");
  if (data.libraryBytes) {
    std::string isas;
    for (const std::string &isa : data.isas)
      isas += (isas.empty() ? "" : ", ") + isa;
    card(formatBytes(data.libraryBytes), "library", escapeHTML(isas));
  }
  int64_t elements = 0, bytes = 0;
  for (const ReportLayer &layer : data.layers)
    if (!layer.sharesWeight) {
      elements += layer.bytesBefore / 4;
      bytes += layer.bytesAfter;
    }
  if (elements)
    card(fixed(double(bytes) / elements, "%.2f"), "bytes per layer weight",
         "4 in float");
  card(Twine(data.quantized), "layers quantized",
       Twine(data.kept) + " in float");
  if (data.isCalibrated)
    card(Twine(data.samples) + (data.samples == 1 ? " sample" : " samples"),
         "calibration", Twine(data.tokens) + " tokens");
  evaluationCard();
  errorCard();
  if (data.speed)
    card(fixed(data.speed->floatMs / data.speed->quantizedMs, "%.2fx"),
         "speed, against float",
         fixed(data.speed->floatMs, "%.2f ms") + " &rarr; " +
             fixed(data.speed->quantizedMs, "%.2f ms"));
  if (numCards > 6)
    os << "<div class=\"cards two\" style=\"--half:" << (numCards + 1) / 2
       << "\">";
  else
    os << "<div class=\"cards\">";
  os << cardsHTML << "</div>\n";
}

void Page::warnings() {
  if (data.warnings.empty())
    return;
  os << "<section class=\"warnings\"><h2>Worth a look</h2><ul>";
  for (const std::string &warning : data.warnings)
    os << "<li>" << escapeHTML(warning) << "</li>";
  os << "</ul></section>\n";
}

void Page::table() {
  os << "<section><div class=\"tools\"><h2>Layers</h2><input id=\"filter\" "
        "type=\"search\" placeholder=\"Filter by name, scheme ...\" "
        "aria-label=\"Filter layers\" hidden></div><div class=\"scroll\">"
     << layerTable(data) << "</div></section>\n";
}

void Page::write() {
  head();
  cards();
  warnings();
  section("What the constants are made of", "", drawSchemes(data));
  section("Error against size",
          "Where it would go if further layers stayed in float, the one that "
          "buys most per byte first. Errors are noise over signal of each "
          "layer's output alone; 100 % is the plan as it was compiled.",
          drawPareto(data));
  table();
  os << "<footer>";
  if (!data.modelHash.empty())
    os << "model sha256 <code>" << escapeHTML(data.modelHash) << "</code><br>";
  if (data.evaluation) {
    os << "evaluated on " << data.evaluation->samples
       << (data.evaluation->samples == 1 ? " sample" : " samples") << " of "
       << escapeHTML(data.evaluation->data);
    if (data.evaluation->isHeldOut)
      os << " that the statistics left out";
    if (data.evaluation->predictions)
      os << ", " << data.evaluation->predictions << " predictions";
    os << "<br>";
  }
  if (data.speed)
    os << "speed: median of " << data.speed->runs << " calls, "
       << data.speed->threads << " threads, " << escapeHTML(data.speed->isa)
       << ", " << escapeHTML(data.speed->inputs) << "<br>";
  os << "qopt " << escapeHTML(data.version) << "</footer></main><script>"
     << pageScript() << "</script></body></html>\n";
}

std::string writeReportHTML(const ReportData &data) {
  std::string text;
  Page(data, text).write();
  return text;
}

} // namespace mlir::qopt
