//===- Embeddings.cpp - vectors of a model against those of a reference ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Embeddings.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

static Expected<size_t> findOutput(const LoadedModel &model, StringRef name) {
  for (auto [i, port] : enumerate(model.getSignature().outputs)) {
    bool floats =
        StringRef(port.dtype).starts_with("float") || port.dtype == "bfloat16";
    if (name.empty() ? floats && !port.shape.empty() : port.name == name)
      return i;
  }
  return invalidData(model.getPath() +
                     (name.empty() ? std::string(": no output is a float array")
                                   : ": has no output " + quoteName(name)));
}

namespace {

/// Runs one of the two models and gives a vector per sample.
class Embedder {
public:
  Embedder(LoadedModel &model, size_t output, Pooling pooling)
      : model(model), output(output), pooling(pooling) {}

  Error run(ArrayRef<DLTensor> in, int64_t size) {
    Expected<std::vector<OutputTensor>> results = model.run(in);
    if (!results)
      return results.takeError();
    outputs = std::move(*results);
    data = outputs[output].floats(converted);
    shape = outputs[output].shape();
    if (!data || shape.empty() || shape[0] != size)
      return invalidData(model.getPath() + ": the output " +
                         quoteName(model.getSignature().outputs[output].name) +
                         " has no row per sample");
    if (pooling != Pooling::None && shape.size() != 3)
      return invalidData(model.getPath() +
                         ": only an output [samples, positions, "
                         "width] can be pooled");
    return Error::success();
  }

  std::vector<double> vector(int64_t row, const std::vector<bool> &mask) const {
    int64_t elements = 1;
    for (int64_t dim : shape.drop_front())
      elements *= dim;
    ArrayRef<float> values(data + row * elements, elements);
    bool masked = shape.size() == 3 && int64_t(mask.size()) == shape[1];
    if (pooling == Pooling::First)
      return {values.begin(), values.begin() + shape[2]};
    if (pooling == Pooling::None && !masked)
      return {values.begin(), values.end()};

    std::vector<double> result;
    int64_t kept = 0;
    if (pooling == Pooling::Mean)
      result.resize(shape[2]);
    for (int64_t position = 0; position < shape[1]; ++position) {
      if (masked && !mask[position])
        continue;
      ++kept;
      ArrayRef<float> at = values.slice(position * shape[2], shape[2]);
      if (pooling == Pooling::None)
        result.insert(result.end(), at.begin(), at.end());
      else
        for (auto [sum, value] : llvm::zip(result, at))
          sum += value;
    }
    if (pooling == Pooling::Mean)
      for (double &value : result)
        value /= std::max<int64_t>(kept, 1);
    return result;
  }

private:
  LoadedModel &model;
  size_t output;
  Pooling pooling;
  std::vector<OutputTensor> outputs;
  std::vector<float> converted;
  const float *data = nullptr;
  ArrayRef<int64_t> shape;
};

/// Sums over samples.
struct Totals {
  std::vector<double> cosines;
  double largestError = 0, signal = 0, noise = 0;

  void add(ArrayRef<double> found, ArrayRef<double> wanted) {
    double both = 0, own = 0, other = 0;
    for (auto [a, b] : llvm::zip(found, wanted)) {
      both += a * b;
      own += a * a;
      other += b * b;
      noise += (a - b) * (a - b);
      double error = std::abs(a - b);
      // NaN stays.
      if (!(error <= largestError))
        largestError = error;
    }
    signal += other;
    // Two zero vectors are the same.
    cosines.push_back(own == 0 && other == 0 ? 1
                                             : both / std::sqrt(own * other));
  }
};

} // namespace

static EmbeddingSummary summarize(const Totals &totals) {
  EmbeddingSummary result;
  result.samples = totals.cosines.size();
  result.cosine = meanOf(totals.cosines);
  result.leastSample =
      llvm::min_element(totals.cosines) - totals.cosines.begin();
  result.least = totals.cosines[result.leastSample];
  std::vector<double> sorted = totals.cosines;
  llvm::sort(sorted);
  result.median = percentile(sorted, 0.5);
  result.largestError = totals.largestError;
  result.sqnr = 10 * std::log10(totals.signal / totals.noise);
  return result;
}

Expected<EmbeddingSummary> evaluateEmbeddings(LoadedModel &model,
                                              LoadedModel *reference,
                                              ArrayRef<float> expected,
                                              InputArrays &inputs,
                                              const EmbeddingOptions &options) {
  Expected<size_t> output = findOutput(model, options.output);
  if (!output)
    return output.takeError();
  std::string name = model.getSignature().outputs[*output].name;
  Embedder own(model, *output, options.pooling);
  std::optional<Embedder> other;
  if (reference) {
    Expected<size_t> same = findOutput(*reference, name);
    if (!same)
      return same.takeError();
    other.emplace(*reference, *same, options.pooling);
  }
  int64_t samples = inputs.samples();
  if (!other && (expected.empty() || expected.size() % samples))
    return invalidData("the expected array does not hold " + Twine(samples) +
                       " samples");
  size_t width = expected.size() / samples;
  if (options.limit > 0)
    samples = std::min(samples, options.limit);

  Totals totals;
  int64_t batch = std::max<int64_t>(options.batch, 1);
  for (int64_t begin = 0; begin < samples; begin += batch) {
    int64_t size = std::min(batch, samples - begin);
    std::vector<DLTensor> in = inputs.batch(begin, size);
    if (Error error = own.run(in, size))
      return std::move(error);
    if (options.layers)
      options.layers->setKept(inputs.masks(begin, size));
    if (other)
      if (Error error = other->run(in, size))
        return std::move(error);
    if (options.layers)
      if (Error error = options.layers->finishRun())
        return std::move(error);
    for (int64_t row = 0; row < size; ++row) {
      std::vector<bool> mask = inputs.mask(begin + row);
      std::vector<double> found = own.vector(row, mask), wanted;
      if (other) {
        wanted = other->vector(row, mask);
      } else {
        ArrayRef<float> values = expected.slice((begin + row) * width, width);
        wanted.assign(values.begin(), values.end());
      }
      if (found.size() != wanted.size())
        return invalidData(
            "output " + quoteName(name) + " has " + Twine(found.size()) +
            " values per sample, expected " + Twine(wanted.size()));
      totals.add(found, wanted);
      width = wanted.size();
    }
    if (options.progress)
      options.progress(begin + size, samples);
  }
  EmbeddingSummary result = summarize(totals);
  result.output = name;
  result.width = width;
  return std::move(result);
}

} // namespace mlir::qopt
