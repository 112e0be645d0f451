//===- TextRunner.cpp - a text model, call after call ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TextRunner.h"

#include "qopt/Support/CacheNames.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace mlir::qopt;

namespace bench {

Expected<TextRunner> TextRunner::create(LoadedModel &model) {
  TextRunner result(model);
  auto inModel = [&](Error error) {
    return invalidData(model.getPath() + ": " + toString(std::move(error)));
  };
  Expected<TextInputs> inputs = TextInputs::create(model.getSignature());
  if (!inputs)
    return inModel(inputs.takeError());
  result.inputs = std::move(*inputs);
  result.isInPlace =
      model.getSignature().json.getString("kv_length").has_value();
  if (Error error = result.pairCaches())
    return inModel(std::move(error));
  return std::move(result);
}

Error TextRunner::pairCaches() {
  const Signature &signature = model->getSignature();
  for (size_t input : inputs.caches()) {
    std::string cache = cacheOfPast(signature.inputs[input].name);
    auto present = find_if(signature.outputs, [&](const SignaturePort &port) {
      return cacheOfPresent(port.name) == cache;
    });
    if (present == signature.outputs.end())
      return invalidData("the input " +
                         quoteName(signature.inputs[input].name) +
                         " is a cache that no output continues");
    pairs.push_back({size_t(present - signature.outputs.begin()), input});
  }
  return Error::success();
}

/// Ids inside of the vocabulary, which is the last dim of the logits; the same
/// on every machine. The speed of dense kernels does not depend on them.
std::vector<int32_t> TextRunner::makeTokens(int64_t count) const {
  int64_t vocabulary = 100;
  for (const SignaturePort &port : model->getSignature().outputs)
    if (cacheOfPresent(port.name).empty() && !port.shape.empty() &&
        port.shape.back().size > 0)
      vocabulary = std::min(vocabulary, port.shape.back().size);
  std::vector<int32_t> tokens(count);
  for (int64_t i = 0; i < count; ++i)
    tokens[i] = (uint32_t(past + i + 1) * 2654435761u >> 16) % vocabulary;
  return tokens;
}

Error TextRunner::read(int64_t rows, int64_t count) {
  std::vector<int32_t> tokens = makeTokens(count);
  std::vector<ArrayRef<int32_t>> texts(rows, tokens);
  if (Error error = inputs.set(texts, past, room))
    return invalidData(model->getPath() + ": " + toString(std::move(error)));
  std::vector<DLTensor> in = viewTensors(inputs.inputs());
  if (past > 0)
    for (CachePair pair : pairs)
      in[pair.input] = outputs[pair.output].get();
  Expected<std::vector<OutputTensor>> found = model->run(in);
  if (!found)
    return found.takeError();
  outputs = std::move(*found);
  past += count;
  return Error::success();
}

} // namespace bench
