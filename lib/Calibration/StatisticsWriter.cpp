//===- StatisticsWriter.cpp - statistics to a file ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything is in an order of its own, so that equal statistics make equal
// files: taps by their place in the model, bins by value, rows by hash.
//===----------------------------------------------------------------------===//

#include "StatisticsFile.h"
#include "qopt/Calibration/Diversity.h"
#include "qopt/Support/NpzWriter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <list>

using namespace llvm;

namespace mlir::qopt {

class StatisticsWriter {
public:
  explicit StatisticsWriter(const Statistics &statistics)
      : statistics(statistics) {
    archive.addText(metaName, meta());
    for (auto [i, tap] : enumerate(statistics.taps))
      addTap(std::to_string(i) + ".", tap);
  }

  Error write(StringRef path) { return archive.write(path); }

private:
  std::string meta() const;
  void addTap(const std::string &prefix, const ColumnStatistics &tap);
  void addHistogram(const std::string &name, const Histogram &histogram);

  const Statistics &statistics;
  NpzWriter archive;
  // What the archive refers to and the statistics do not hold in one piece.
  std::list<std::vector<uint64_t>> integers;
  std::list<std::vector<float>> floats;
};

std::string StatisticsWriter::meta() const {
  std::string text;
  raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/1);
  Diversity diversity = measureDiversity(statistics);
  out.object([&] {
    out.attribute("format", formatName);
    out.attribute("version", formatVersion);
    out.attribute("observer", observerVersion);
    out.attribute("model_sha256", statistics.modelHash);
    out.attribute("samples", int64_t(statistics.samples));
    out.attribute("held_out_samples", int64_t(statistics.heldOutSamples));
    out.attribute("nonfinite_samples", int64_t(statistics.nonfiniteSamples));
    out.attributeArray("edges", [&] {
      for (float edge : exceedanceEdges())
        out.value(double(edge));
    });
    out.attribute("diversity", diversity.toJSON());
    out.attributeArray("taps", [&] {
      for (const ColumnStatistics &tap : statistics.taps)
        out.object([&] {
          out.attribute("name", tap.name);
          out.attribute("number", tap.number);
          out.attribute("columns", tap.columns());
          out.attribute("tokens", int64_t(tap.tokens));
          out.attribute("masked", int64_t(tap.masked));
          out.attribute("base_tokens", int64_t(tap.base().tokens));
        });
    });
  });
  os << '\n';
  return text;
}

/// Pairs of bin and count, where the count is not 0.
void StatisticsWriter::addHistogram(const std::string &name,
                                    const Histogram &histogram) {
  std::vector<uint64_t> &pairs = integers.emplace_back();
  for (auto [bin, count] : enumerate(histogram.bins()))
    if (count)
      pairs.insert(pairs.end(), {uint64_t(bin), count});
  archive.addArray<uint64_t>(name, {int64_t(pairs.size() / 2), 2}, pairs);
}

void StatisticsWriter::addTap(const std::string &prefix,
                              const ColumnStatistics &tap) {
  int64_t columns = tap.columns();
  archive.addArray<float>(prefix + "lo", columns, tap.lo);
  archive.addArray<float>(prefix + "hi", columns, tap.hi);
  archive.addArray<uint64_t>(prefix + "hits",
                             {int64_t(exceedanceEdges().size()), columns},
                             tap.counts);
  archive.addArray<float>(prefix + "base_absmax", columns, tap.base().absmax);
  archive.addArray<uint64_t>(prefix + "base_hits", columns, tap.base().hits);
  addHistogram(prefix + "histogram", tap.values);
  addHistogram(prefix + "token_absmax", tap.rowAbsmax);
  floats.push_back({tap.rowAbsmax.lo, tap.rowAbsmax.hi});
  archive.addArray<float>(prefix + "token_absmax_range", 2, floats.back());

  std::vector<uint64_t> &counts = integers.emplace_back();
  std::vector<float> &rows = floats.emplace_back();
  for (int64_t i = 0; i < tap.keptRows(); ++i) {
    counts.push_back(tap.keptCount(i));
    ArrayRef<float> row = tap.keptRow(i);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  archive.addArray<float>(prefix + "rows", {tap.keptRows(), columns}, rows);
  archive.addArray<uint64_t>(prefix + "row_counts", tap.keptRows(), counts);
}

Error Statistics::save(StringRef path) const {
  return StatisticsWriter(*this).write(path);
}

} // namespace mlir::qopt
