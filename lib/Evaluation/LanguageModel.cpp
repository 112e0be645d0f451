//===- LanguageModel.cpp - texts in, logits out ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/LanguageModel.h"

#include "qopt/Support/CacheNames.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace mlir::qopt {

static bool isFloat(const SignaturePort &port) {
  return StringRef(port.dtype).starts_with("float") || port.dtype == "bfloat16";
}

/// The output that is called so, or that alone can be the logits; -1: none.
static int findLogits(const Signature &signature, StringRef name) {
  int found = -1;
  for (auto [i, port] : enumerate(signature.outputs)) {
    if (port.name == name || (name.empty() && port.name == "logits"))
      return i;
    if (name.empty() && found < 0 && isFloat(port) && port.shape.size() == 3 &&
        cacheOfPresent(port.name).empty())
      found = i;
  }
  return found;
}

Expected<LanguageModel> LanguageModel::create(LoadedModel &model, StringRef ids,
                                              StringRef logits) {
  LanguageModel result;
  result.model = &model;
  const Signature &signature = model.getSignature();
  Expected<TextInputs> inputs = TextInputs::create(signature, ids);
  if (!inputs)
    return invalidData(model.getPath() + ": " + toString(inputs.takeError()));
  result.inputs = std::move(*inputs);
  int output = findLogits(signature, logits);
  if (output < 0)
    return invalidData(model.getPath() + ": the model has no output " +
                       (logits.empty()
                            ? std::string("that can be logits (float, "
                                          "rank 3)")
                            : quoteName(logits)));
  result.output = output;
  const SignaturePort &port = signature.outputs[output];
  if (!isFloat(port) || port.shape.size() != 3)
    return invalidData(model.getPath() + ": the output " +
                       quoteName(port.name) + " is " + port.str() +
                       ", expected logits [batch, positions, vocabulary]");
  return std::move(result);
}

int64_t LanguageModel::vocabulary() const {
  return model->getSignature().outputs[output].shape[2].size;
}

std::vector<bool>
LanguageModel::keptRows(ArrayRef<ArrayRef<int32_t>> texts) const {
  std::vector<bool> result(shape[0] * shape[1]);
  for (auto [row, text] : enumerate(texts))
    std::fill_n(result.begin() + row * shape[1], text.size(), true);
  return result;
}

Error LanguageModel::run(ArrayRef<ArrayRef<int32_t>> texts) {
  if (Error error = inputs.set(texts))
    return invalidData(model->getPath() + ": " + toString(std::move(error)));
  Expected<std::vector<OutputTensor>> results =
      model->run(viewTensors(inputs.inputs()));
  if (!results)
    return results.takeError();
  outputs = std::move(*results);
  OutputTensor logits = std::move(outputs[output]);
  outputs.clear(); // the caches are large
  outputs.push_back(std::move(logits));
  data = outputs.front().floats(converted);
  ArrayRef<int64_t> dims = outputs.front().shape();
  if (!data || dims.size() != 3 || dims[0] != inputs.batch() ||
      dims[1] != inputs.positions() || dims[2] == 0)
    return invalidData(
        model->getPath() +
        ": the logits have a row for each text and position, these "
        "do not");
  shape.assign(dims.begin(), dims.end());
  return Error::success();
}

} // namespace mlir::qopt
