//===- MeasureSpeed.cpp - a library against its float form ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MeasureSpeed.h"
#include "qopt/Evaluation/LoadedModel.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;

namespace mlir::qopt {

/// "input_ids 1x24, attention_mask 1x24"
static std::string describe(const Sample &sample, const Signature &signature) {
  std::string text;
  raw_string_ostream os(text);
  for (auto [input, port] : zip(sample.inputs, signature.inputs)) {
    std::string name = quoteName(port.name, 40);
    os << (text.empty() ? "" : ", ") << StringRef(name).drop_front().drop_back()
       << " ";
    interleave(input.shape, os, "x");
  }
  return text;
}

Expected<ReportSpeed> measureSpeed(StringRef quantized, StringRef reference,
                                   StringRef data, const SampleOptions &options,
                                   unsigned threads) {
  using Clock = std::chrono::steady_clock;
  ModelOptions how;
  how.threads = threads;
  std::unique_ptr<LoadedModel> models[2];
  for (auto [path, model] :
       {std::pair(reference, &models[0]), std::pair(quantized, &models[1])}) {
    auto opened = LoadedModel::open(path, how);
    if (!opened)
      return opened.takeError();
    *model = std::move(*opened);
  }
  const Signature &signature = models[1]->getSignature();
  Expected<SampleSet> set = SampleSet::open(data, signature, options);
  if (!set)
    return set.takeError();
  Expected<Sample> sample = set->next();
  if (!sample)
    return sample.takeError();

  std::vector<DLTensor> inputs = viewTensors(sample->inputs);
  std::vector<double> times[2];
  Clock::time_point start = Clock::now();
  // At least 5 runs and at most 50, for about two seconds; the first warms up.
  for (int run = 0;
       run < 6 || (run < 51 && Clock::now() - start < std::chrono::seconds(2));
       ++run)
    for (int i = 0; i < 2; ++i) {
      Clock::time_point begin = Clock::now();
      Expected<std::vector<OutputTensor>> outputs = models[i]->run(inputs);
      std::chrono::duration<double, std::milli> time = Clock::now() - begin;
      if (!outputs)
        return outputs.takeError();
      if (run)
        times[i].push_back(time.count());
    }
  ReportSpeed speed;
  for (auto [list, median] : {std::pair(&times[0], &speed.floatMs),
                              std::pair(&times[1], &speed.quantizedMs)}) {
    llvm::sort(*list);
    *median = (*list)[list->size() / 2];
  }
  speed.runs = times[0].size();
  speed.threads = models[1]->threads();
  speed.isa = models[1]->isa();
  speed.inputs = describe(*sample, signature);
  return speed;
}

} // namespace mlir::qopt
