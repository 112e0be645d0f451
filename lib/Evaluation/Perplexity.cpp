//===- Perplexity.cpp - a language model over windows of text -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Perplexity.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Parallel.h"

using namespace llvm;

namespace mlir::qopt {

/// Judges the scored positions of one window, a row of the batch.
static Error judgeWindow(const Window &window, int64_t number, int64_t row,
                         const LanguageModel &model,
                         const LanguageModel *reference,
                         PerplexityResult &result) {
  size_t begin = result.predictions.size();
  result.predictions.resize(begin + window.predictions());
  result.counts.push_back(window.predictions());
  MutableArrayRef<Prediction> predictions =
      MutableArrayRef(result.predictions).drop_front(begin);
  // Each position writes its own: no sum depends on the threads.
  parallelFor(0, predictions.size(), [&](size_t i) {
    int64_t position = window.first + i;
    predictions[i] =
        judge(model.logits(row, position),
              reference ? reference->logits(row, position) : nullptr,
              model.width(), window.ids[position + 1]);
  });
  for (auto [i, prediction] : enumerate(predictions))
    if (!prediction.finite)
      return invalidData("window " + Twine(number) + ", position " +
                         Twine(window.first + int64_t(i)) +
                         ": the logits are not finite");
  return Error::success();
}

Expected<PerplexityResult>
evaluatePerplexity(LanguageModel &model, LanguageModel *reference,
                   const WindowList &list, const PerplexityOptions &options) {
  PerplexityResult result;
  int64_t batch = std::max<int64_t>(options.batch, 1);
  for (LanguageModel *each : {&model, reference})
    if (each && each->fixedRows() > 0)
      batch = std::min(batch, each->fixedRows());
  int64_t count = list.windows.size();
  for (int64_t begin = 0; begin < count; begin += batch) {
    std::vector<ArrayRef<int32_t>> texts;
    for (int64_t i = begin; i < std::min(begin + batch, count); ++i)
      texts.push_back(list.windows[i].ids);
    if (Error error = model.run(texts))
      return std::move(error);
    if (options.layers)
      options.layers->setKept(model.keptRows(texts));
    if (reference)
      if (Error error = reference->run(texts))
        return std::move(error);
    if (options.layers)
      if (Error error = options.layers->finishRun())
        return std::move(error);
    if (reference && reference->width() != model.width())
      return invalidData("the model has " + Twine(model.width()) +
                         " logits, the reference " + Twine(reference->width()));
    for (int64_t row = 0; row < int64_t(texts.size()); ++row) {
      const Window &window = list.windows[begin + row];
      for (int32_t id : window.ids)
        if (id >= model.width())
          return invalidData("token " + Twine(id) + " is not among the " +
                             Twine(model.width()) + " logits");
      if (Error error =
              judgeWindow(window, begin + row, row, model, reference, result))
        return std::move(error);
      if (options.progress)
        options.progress(begin + row + 1, result.predictions);
    }
  }
  return std::move(result);
}

} // namespace mlir::qopt
