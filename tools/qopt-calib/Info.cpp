//===- Info.cpp - what is in a statistics file ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Info.h"

#include "qopt/Calibration/Diversity.h"
#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

namespace qopt_calib {

/// Columns that reach 6.0 in 1 % of the tokens, however many they are.
static int64_t outliers(const ColumnStatistics &tap) {
  return selectOutliers(tap, {}).candidates;
}

static double p9999(const Histogram &histogram) {
  return chooseRange(histogram, {RangeRule::Observer::Percentile}).hi;
}

static json::Object tapToJSON(const ColumnStatistics &tap) {
  const Histogram &values = tap.histogram();
  return json::Object{{"name", json::fixUTF8(tap.name)},
                      {"columns", tap.columns()},
                      {"tokens", int64_t(tap.tokens)},
                      {"masked", int64_t(tap.masked)},
                      {"lo", values.lo},
                      {"hi", values.hi},
                      {"percentile_99_99", p9999(values)},
                      {"token_absmax_lo", tap.tokenAbsmax().lo},
                      {"token_absmax_hi", tap.tokenAbsmax().hi},
                      {"outlier_columns", outliers(tap)},
                      {"kept_rows", tap.keptRows()}};
}

static void printJSON(const Statistics &statistics) {
  json::Array taps;
  for (const ColumnStatistics &tap : statistics.taps)
    taps.push_back(tapToJSON(tap));
  json::Object root{{"model_sha256", json::fixUTF8(statistics.modelHash)},
                    {"samples", int64_t(statistics.samples)},
                    {"nonfinite_samples", int64_t(statistics.nonfiniteSamples)},
                    {"diversity", measureDiversity(statistics).toJSON()},
                    {"taps", std::move(taps)}};
  outs() << formatv("{0:2}", json::Value(std::move(root))) << "\n";
}

void printInfo(const Statistics &statistics, bool json) {
  if (json)
    return printJSON(statistics);
  outs() << "model      sha256 " << quoteName(statistics.modelHash) << "\n"
         << "samples    " << statistics.samples;
  if (statistics.nonfiniteSamples)
    outs() << ", and " << statistics.nonfiniteSamples
           << " left out for NaN or Inf";
  outs() << "\n";
  Diversity diversity = measureDiversity(statistics);
  if (diversity.measured())
    outs() << formatv("diversity  {0} held-out samples moved the largest "
                      "magnitudes by {1:f2} % and {2} of {3} outlier columns\n",
                      diversity.heldOut, 100 * diversity.growth,
                      diversity.outliersMoved, diversity.outliers);
  if (std::string warning = diversity.warning(); !warning.empty())
    outs() << "           " << warning << "\n";
  outs() << "\n  columns    tokens    masked         lo         hi   99.99 %  "
            "outliers  kept  activation of\n";
  for (const ColumnStatistics &tap : statistics.taps)
    outs() << formatv("{0,9} {1,9} {2,9} {3,10:f3} {4,10:f3} {5,9:f3} {6,9} "
                      "{7,5}  {8}\n",
                      tap.columns(), tap.tokens, tap.masked,
                      double(tap.histogram().lo), double(tap.histogram().hi),
                      p9999(tap.histogram()), outliers(tap), tap.keptRows(),
                      quoteName(tap.name));
}

} // namespace qopt_calib
