//===- Results.cpp - rows of measurements ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables and field names are those of llama-bench, so that what reads its
// output reads this.
//===----------------------------------------------------------------------===//

#include "Results.h"

#include "qopt/Evaluation/Metrics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace llvm;
using mlir::qopt::Estimate;
using mlir::qopt::meanOf;

namespace bench {

std::string Result::test() const {
  std::string text = prompt ? formatv("pp{0}", prompt).str()
                            : formatv("tg{0}", generated).str();
  if (batch > 1)
    text += formatv(" x{0}", batch).str();
  if (depth > 0)
    text += formatv(" @ d{0}", depth).str();
  return text;
}

std::vector<double> Result::speeds() const {
  std::vector<double> result;
  for (double time : seconds)
    result.push_back(double(batch * (prompt + generated)) / time);
  return result;
}

namespace {

/// Standard deviation of the samples that an estimate was made of.
double deviation(const Estimate &estimate, size_t samples) {
  return estimate.error * std::sqrt(double(samples));
}

/// The fields of a result, in the order of the columns of CSV.
json::Object describe(const Result &result, bool withSamples) {
  std::vector<double> speeds = result.speeds();
  auto nanoseconds = [](double time) { return int64_t(time * 1e9); };
  Estimate time = meanOf(result.seconds), speed = meanOf(speeds);
  size_t samples = speeds.size();
  json::Object object{{"model_filename", result.model},
                      {"model_size", int64_t(result.bytes)},
                      {"model_type", result.quant},
                      {"isa", result.isa},
                      {"n_threads", result.threads},
                      {"n_batch", result.batch},
                      {"n_prompt", result.prompt},
                      {"n_gen", result.generated},
                      {"n_depth", result.depth},
                      {"avg_ns", nanoseconds(time.value)},
                      {"stddev_ns", nanoseconds(deviation(time, samples))},
                      {"avg_ts", speed.value},
                      {"stddev_ts", deviation(speed, samples)}};
  if (withSamples) {
    json::Array ns, ts;
    for (auto [seconds, speed] : zip_equal(result.seconds, speeds)) {
      ns.push_back(nanoseconds(seconds));
      ts.push_back(speed);
    }
    object["samples_ns"] = std::move(ns);
    object["samples_ts"] = std::move(ts);
  }
  return object;
}

class MarkdownPrinter : public Printer {
public:
  explicit MarkdownPrinter(raw_ostream &os) : os(os) {
    os << "| model | size | quant | isa | threads | test | t/s |\n"
          "| --- | ---: | --- | --- | ---: | ---: | ---: |\n";
    os.flush();
  }
  void add(const Result &result) override {
    Estimate speed = meanOf(result.speeds());
    os << formatv("| {0} | {1:F2} MiB | {2} | {3} | {4} | {5} | {6:F2} ± "
                  "{7:F2} |\n",
                  sys::path::filename(result.model),
                  double(result.bytes) / (1 << 20), result.quant, result.isa,
                  result.threads, result.test(), speed.value,
                  deviation(speed, result.seconds.size()));
    os.flush();
  }

private:
  raw_ostream &os;
};

class CSVPrinter : public Printer {
public:
  explicit CSVPrinter(raw_ostream &os) : os(os) {}
  void add(const Result &result) override {
    // An object of LLVM is not in the order of its making.
    static constexpr StringLiteral columns[] = {
        "model_filename", "model_size", "model_type", "isa",     "n_threads",
        "n_batch",        "n_prompt",   "n_gen",      "n_depth", "avg_ns",
        "stddev_ns",      "avg_ts",     "stddev_ts"};
    if (!std::exchange(hasHead, true))
      os << join(std::begin(columns), std::end(columns), ",") << "\n";
    json::Object object = describe(result, false);
    interleave(
        columns, os,
        [&](StringRef column) {
          const json::Value &value = *object.get(column);
          if (std::optional<StringRef> text = value.getAsString())
            writeQuoted(*text);
          else
            os << value;
        },
        ",");
    os << "\n";
    os.flush();
  }

private:
  /// A quote inside of quotes is doubled.
  void writeQuoted(StringRef text) {
    os << '"';
    for (char c : text)
      os << (c == '"' ? "\"\"" : StringRef(&c, 1));
    os << '"';
  }

  raw_ostream &os;
  bool hasHead = false;
};

/// One object a line, or all in an array.
class JSONPrinter : public Printer {
public:
  JSONPrinter(raw_ostream &os, bool lines) : os(os), lines(lines) {}
  ~JSONPrinter() override {
    if (!lines)
      os << formatv("{0:2}", json::Value(std::move(results))) << "\n";
  }
  void add(const Result &result) override {
    json::Value value(describe(result, true));
    if (!lines) {
      results.push_back(std::move(value));
      return;
    }
    os << value << "\n";
    os.flush();
  }

private:
  raw_ostream &os;
  bool lines;
  json::Array results;
};

} // namespace

std::unique_ptr<Printer> Printer::create(Format format, raw_ostream &os) {
  switch (format) {
  case Format::Markdown:
    return std::make_unique<MarkdownPrinter>(os);
  case Format::CSV:
    return std::make_unique<CSVPrinter>(os);
  case Format::JSON:
  case Format::JSONLines:
    return std::make_unique<JSONPrinter>(os, format == Format::JSONLines);
  }
  llvm_unreachable("all formats are covered");
}

} // namespace bench
