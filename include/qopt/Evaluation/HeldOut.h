//===- HeldOut.h - two models on samples of calibration data --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler judges its own result: on samples that took no part in the
// statistics, against the float model. Language models are judged by their
// predictions, others by the error of their first output.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EVALUATION_HELDOUT_H
#define QOPT_EVALUATION_HELDOUT_H

#include "qopt/Calibration/Samples.h"
#include "qopt/Evaluation/Perplexity.h"

namespace mlir::qopt {

struct HeldOutOptions {
  /// What SampleSet::open takes.
  std::string data;
  SampleOptions samples;
  /// The samples [begin, end); end 0: all that follow.
  int64_t begin = 0, end = 0;
};

struct HeldOutResult {
  int64_t samples = 0;
  /// Of language models (an output `logits` per id of `input_ids`): else empty.
  PerplexityResult perplexity;
  /// Sums over the output that was compared: y^2 and (y - y^)^2. Positions that
  /// the mask marks as padding are left out.
  double signal = 0, noise = 0;
  /// Of its vectors, those along the last axis, with those of the reference.
  std::vector<double> cosines;

  bool isLanguageModel() const { return !perplexity.predictions.empty(); }
};

/// Number of samples in the data.
llvm::Expected<int64_t> countSamples(const LoadedModel &model,
                                     const HeldOutOptions &options);

llvm::Expected<HeldOutResult> evaluateHeldOut(LoadedModel &model,
                                              LoadedModel &reference,
                                              const HeldOutOptions &options);

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_HELDOUT_H
