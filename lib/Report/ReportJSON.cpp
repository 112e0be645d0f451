//===- ReportJSON.cpp - the report for programs ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON has no infinity: an error of nothing is null.
//===----------------------------------------------------------------------===//

#include "qopt/Report/Report.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

static void number(json::OStream &os, StringRef field,
                   std::optional<double> value) {
  if (!value)
    return;
  if (std::isfinite(*value))
    os.attribute(field, *value);
  else
    os.attribute(field, nullptr);
}

static void text(json::OStream &os, StringRef field, StringRef value) {
  if (!value.empty())
    os.attribute(field, json::fixUTF8(value));
}

template <typename T>
static void list(json::OStream &os, StringRef field,
                 const std::vector<T> &values) {
  if (values.empty())
    return;
  std::string line;
  raw_string_ostream stream(line);
  for (const T &value : values)
    stream << (line.empty() ? "[" : ", ") << json::Value(value);
  os.attributeBegin(field);
  os.rawValue(line + "]");
  os.attributeEnd();
}

static void histogram(json::OStream &os, StringRef field,
                      const ReportHistogram &histogram) {
  if (histogram.counts.empty())
    return;
  os.attributeObject(field, [&] {
    os.attribute("lo", histogram.lo);
    os.attribute("hi", histogram.hi);
    list(os, "counts", histogram.counts);
  });
}

static void writeQuality(json::OStream &os, const ReportQuality &quality) {
  os.attributeObject("quality", [&] {
    os.attribute("rows", quality.rows);
    number(os, "weight_sqnr_db", quality.weightSQNR);
    number(os, "activation_sqnr_db", quality.activationSQNR);
    number(os, "output_sqnr_db", quality.outputSQNR);
    number(os, "output_cosine", quality.cosine);
    number(os, "output_max_error", quality.maxError);
    number(os, "output_max", quality.maxOutput);
  });
}

static void writeLayer(json::OStream &os, const ReportLayer &layer) {
  text(os, "name", layer.name);
  text(os, "op", layer.opName);
  text(os, "shape", layer.shape);
  text(os, "scheme", layer.scheme);
  text(os, "alpha", layer.alpha);
  text(os, "reason", layer.reason);
  text(os, "note", layer.note);
  text(os, "storage", layer.storage);
  text(os, "outlier_mode", layer.outlierText);
  list(os, "outliers", layer.outliers);
  number(os, "activation_scale", layer.activationScale);
  os.attribute("bytes_before", layer.bytesBefore);
  os.attribute("bytes_after", layer.bytesAfter);
  if (layer.sharesWeight)
    os.attribute("shares_weight", true);
  if (layer.zeroChannels)
    os.attribute("zero_channels", layer.zeroChannels);
  if (layer.quality)
    writeQuality(os, *layer.quality);
  if (layer.tokens)
    os.attribute("tokens", int64_t(layer.tokens));
  histogram(os, "activation_histogram", layer.activation);
  histogram(os, "weight_histogram", layer.weight);
}

static void estimate(json::OStream &os, StringRef field, Estimate value) {
  os.attributeObject(field, [&] {
    number(os, "value", value.value);
    number(os, "error", value.error);
  });
}

static void writeEvaluation(json::OStream &os,
                            const ReportEvaluation &evaluation) {
  os.attributeObject("evaluation", [&] {
    text(os, "data", evaluation.data);
    os.attribute("held_out", evaluation.isHeldOut);
    os.attribute("samples", evaluation.samples);
    if (evaluation.predictions) {
      const ComparisonSummary &comparison = evaluation.comparison;
      os.attribute("predictions", evaluation.predictions);
      estimate(os, "perplexity_float", comparison.reference.perplexity);
      estimate(os, "perplexity", evaluation.perplexity.perplexity);
      estimate(os, "perplexity_ratio", comparison.ratio);
      estimate(os, "kld", comparison.divergence);
      estimate(os, "same_top", comparison.sameTop);
    }
    number(os, "output_cosine", evaluation.cosine);
    number(os, "output_sqnr_db", evaluation.sqnr);
  });
}

std::string writeReportJSON(const ReportData &data) {
  std::string result;
  raw_string_ostream stream(result);
  json::OStream os(stream, /*IndentSize=*/2);
  os.object([&] {
    os.attribute("qopt_report", 1);
    text(os, "version", data.version);
    os.attributeObject("model", [&] {
      text(os, "file", data.model);
      text(os, "sha256", data.modelHash);
      if (data.modelBytes)
        os.attribute("bytes", data.modelBytes);
    });
    text(os, "pipeline", data.pipeline);
    if (data.libraryBytes)
      os.attributeObject("library", [&] {
        text(os, "file", data.libraryPath);
        os.attribute("bytes", data.libraryBytes);
        list(os, "isas", data.isas);
      });
    os.attributeObject("summary", [&] {
      os.attribute("quantized", data.quantized);
      os.attribute("kept", data.kept);
      os.attribute("weight_bytes_before", data.weightsBefore);
      os.attribute("weight_bytes_after", data.weightsAfter);
      os.attribute("other_bytes_before", data.othersBefore);
      os.attribute("other_bytes_after", data.othersAfter);
    });
    if (data.isCalibrated)
      os.attributeObject("calibration", [&] {
        os.attribute("samples", int64_t(data.samples));
        os.attribute("tokens", int64_t(data.tokens));
        os.attribute("masked", int64_t(data.masked));
        os.attribute("nonfinite_samples", int64_t(data.nonfiniteSamples));
      });
    text(os, "alpha", data.alpha);
    if (data.evaluation)
      writeEvaluation(os, *data.evaluation);
    if (data.speed)
      os.attributeObject("speed", [&] {
        os.attribute("float_ms", data.speed->floatMs);
        os.attribute("quantized_ms", data.speed->quantizedMs);
        os.attribute("runs", data.speed->runs);
        os.attribute("threads", data.speed->threads);
        text(os, "isa", data.speed->isa);
        text(os, "inputs", data.speed->inputs);
      });
    os.attributeArray("warnings", [&] {
      for (const std::string &warning : data.warnings)
        os.value(json::fixUTF8(warning));
    });
    os.attributeArray("layers", [&] {
      for (const ReportLayer &layer : data.layers)
        os.object([&] { writeLayer(os, layer); });
    });
  });
  stream << "\n";
  return result;
}

} // namespace mlir::qopt
