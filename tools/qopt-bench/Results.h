//===- Results.h - rows of measurements -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_BENCH_RESULTS_H
#define QOPT_TOOLS_QOPT_BENCH_RESULTS_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// One test of one model. Either `prompt` tokens are read in one call, or
/// `generated` ones in as many calls, behind `depth` others.
struct Result {
  std::string model, quant, isa;
  uint64_t bytes = 0;
  int threads = 0;
  int64_t batch = 1, prompt = 0, generated = 0, depth = 0;
  /// Of each repetition.
  std::vector<double> seconds;

  /// "pp128", "tg32 @ d512", "pp128 x8".
  std::string test() const;
  /// Tokens per second of each repetition, all rows of the batch.
  std::vector<double> speeds() const;
};

enum class Format { Markdown, CSV, JSON, JSONLines };

/// Prints results as they come; the end of the object is the end of the table.
class Printer {
public:
  static std::unique_ptr<Printer> create(Format format, llvm::raw_ostream &os);
  virtual ~Printer() = default;
  virtual void add(const Result &result) = 0;
};

} // namespace bench

#endif // QOPT_TOOLS_QOPT_BENCH_RESULTS_H
