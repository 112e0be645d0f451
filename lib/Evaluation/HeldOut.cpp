//===- HeldOut.cpp - two models on samples of calibration data ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/HeldOut.h"
#include "qopt/Support/CacheNames.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Parallel.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace mlir::qopt {

Expected<int64_t> countSamples(const LoadedModel &model,
                               const HeldOutOptions &options) {
  Expected<SampleSet> set =
      SampleSet::open(options.data, model.getSignature(), options.samples);
  if (!set)
    return set.takeError();
  return set->size();
}

namespace {

class Evaluation {
public:
  Evaluation(LoadedModel &model, LoadedModel &reference,
             const HeldOutOptions &options)
      : model(model), reference(reference), options(options) {}

  Expected<HeldOutResult> run();

private:
  Error chooseOutput();
  Error runSample(const Sample &sample);
  void compareOutputs(const Sample &sample, ArrayRef<int64_t> shape,
                      int64_t elements, const float *own, const float *other);
  Error judgeRow(const Sample &sample, int64_t row, int64_t length,
                 const float *own, const float *other, int64_t width);
  int64_t idAt(const SampleInput &ids, int64_t index) const;

  LoadedModel &model, &reference;
  const HeldOutOptions &options;
  size_t output = 0;
  /// Index of input_ids, if the output holds logits.
  int idsIndex = -1;
  HeldOutResult result;
};

} // namespace

Error Evaluation::chooseOutput() {
  const Signature &signature = model.getSignature();
  int found = -1;
  for (auto [i, port] : enumerate(signature.outputs)) {
    bool floats =
        StringRef(port.dtype).starts_with("float") || port.dtype == "bfloat16";
    if (floats && cacheOfPresent(port.name).empty() &&
        (found < 0 || port.name == "logits"))
      found = i;
  }
  if (found < 0)
    return invalidData("the model has no output of floats");
  output = found;
  const SignaturePort &port = signature.outputs[output];
  if (port.name == "logits" && port.shape.size() == 3)
    for (auto [i, input] : enumerate(signature.inputs))
      if (input.name == "input_ids" && input.shape.size() == 2)
        idsIndex = i;
  return Error::success();
}

int64_t Evaluation::idAt(const SampleInput &ids, int64_t index) const {
  int64_t value = 0;
  std::memcpy(&value, ids.data.data() + index * ids.type.bytes,
              ids.type.bytes); // little endian, and ids are not negative
  return value;
}

Error Evaluation::judgeRow(const Sample &sample, int64_t row, int64_t length,
                           const float *own, const float *other,
                           int64_t width) {
  const SampleInput &ids = sample.inputs[idsIndex];
  std::vector<uint8_t> padding = sample.padding();
  std::vector<int64_t> positions;
  for (int64_t t = 0; t + 1 < length; ++t) {
    int64_t at = row * length + t;
    if (padding.empty() || (!padding[at] && !padding[at + 1]))
      positions.push_back(t);
    if (idAt(ids, at + 1) < 0 || idAt(ids, at + 1) >= width)
      return invalidData("token " + Twine(idAt(ids, at + 1)) +
                         " is not among the " + Twine(width) + " logits");
  }
  std::vector<Prediction> &all = result.perplexity.predictions;
  size_t begin = all.size();
  all.resize(begin + positions.size());
  parallelFor(0, positions.size(), [&](size_t i) {
    int64_t at = row * length + positions[i];
    all[begin + i] =
        judge(own + at * width, other + at * width, width, idAt(ids, at + 1));
  });
  for (const Prediction &prediction : ArrayRef(all).drop_front(begin))
    if (!prediction.finite)
      return invalidData("the logits are not finite");
  result.perplexity.counts.push_back(positions.size());
  return Error::success();
}

void Evaluation::compareOutputs(const Sample &sample, ArrayRef<int64_t> shape,
                                int64_t elements, const float *own,
                                const float *other) {
  int64_t width = shape.empty() ? 1 : shape.back();
  if (width == 0)
    return;
  std::vector<uint8_t> padding = sample.padding();
  int64_t rows = elements / width;
  for (int64_t row = 0; row < rows; ++row) {
    // The mask speaks of positions: it fits outputs that have a row for each.
    if (int64_t(padding.size()) == rows && padding[row])
      continue;
    double both = 0, mine = 0, wanted = 0;
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      double a = own[i], b = other[i];
      both += a * b;
      mine += a * a;
      wanted += b * b;
      result.noise += (b - a) * (b - a);
    }
    result.signal += wanted;
    // Two zero vectors are the same.
    result.cosines.push_back(
        mine == 0 && wanted == 0 ? 1 : both / std::sqrt(mine * wanted));
  }
}

Error Evaluation::runSample(const Sample &sample) {
  std::vector<DLTensor> in = viewTensors(sample.inputs);
  Expected<std::vector<OutputTensor>> own = model.run(in);
  if (!own)
    return own.takeError();
  Expected<std::vector<OutputTensor>> other = reference.run(in);
  if (!other)
    return other.takeError();
  std::vector<float> ownFloats, otherFloats;
  const OutputTensor &found = (*own)[output], &wanted = (*other)[output];
  const float *a = found.floats(ownFloats), *b = wanted.floats(otherFloats);
  if (!a || !b || found.shape() != wanted.shape())
    return invalidData("the outputs have different shapes");
  compareOutputs(sample, wanted.shape(), wanted.elements(), a, b);
  if (idsIndex < 0)
    return Error::success();
  ArrayRef<int64_t> shape = wanted.shape();
  ArrayRef<int64_t> ids = sample.inputs[idsIndex].shape;
  if (shape.size() != 3 || shape[0] != ids[0] || shape[1] != ids[1])
    return Error::success();
  for (int64_t row = 0; row < shape[0]; ++row)
    if (Error error = judgeRow(sample, row, shape[1], a, b, shape[2]))
      return error;
  return Error::success();
}

Expected<HeldOutResult> Evaluation::run() {
  if (Error error = chooseOutput())
    return std::move(error);
  Expected<SampleSet> set =
      SampleSet::open(options.data, model.getSignature(), options.samples);
  if (!set)
    return set.takeError();
  int64_t end = set->size();
  if (options.end > 0)
    end = std::min(end, options.end);
  for (int64_t i = 0; i < end; ++i) {
    Expected<Sample> sample = set->next();
    if (!sample)
      return sample.takeError();
    if (i < options.begin)
      continue;
    if (Error error = runSample(*sample))
      return invalidData(options.data + ": " + sample->name + ": " +
                         toString(std::move(error)));
    ++result.samples;
  }
  return std::move(result);
}

Expected<HeldOutResult> evaluateHeldOut(LoadedModel &model,
                                        LoadedModel &reference,
                                        const HeldOutOptions &options) {
  return Evaluation(model, reference, options).run();
}

} // namespace mlir::qopt
