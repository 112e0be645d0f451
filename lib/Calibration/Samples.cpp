//===- Samples.cpp - calibration data, fitted to a model's inputs ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all sources have in common: opening the right one, and fitting its
// arrays to the inputs of the model.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Samples.h"
#include "FitSample.h"
#include "SampleSource.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>

using namespace llvm;

namespace mlir::qopt {

Error checkType(const SampleInput &array, const SignaturePort &port) {
  std::optional<NpyType> type = npyTypeOf(port.dtype);
  if (!type)
    return invalidData("the input " + quoteName(port.name) + " is " +
                       port.dtype + ", which calibration data cannot hold");
  if (!(array.type == *type))
    return invalidData(array.where + ": it holds " + array.type.str() +
                       ", the model takes " + port.str());
  return Error::success();
}

Error checkNames(StringRef path, ArrayRef<std::string> names,
                 const Signature &signature) {
  std::vector<StringRef> known;
  for (const SignaturePort &port : signature.inputs)
    known.push_back(port.name);
  for (const std::string &name : names)
    if (!is_contained(known, name))
      return invalidData(path + ": array " + quoteName(name) +
                         " is no input of the model" + didYouMean(name, known));
  return Error::success();
}

uint64_t Sample::hash() const {
  uint64_t result = 0;
  for (const SampleInput &input : inputs)
    result = result * 0x9e3779b97f4a7c15ull + xxh3_64bits(input.data);
  return result ^ (result >> 32);
}

std::vector<uint8_t> Sample::padding() const {
  if (maskIndex < 0)
    return {};
  const SampleInput &mask = inputs[maskIndex];
  int64_t batch = mask.shape[0], length = mask.shape[1], rows = length;
  // With a past, the mask speaks of it too, in front.
  for (const SampleInput &input : inputs)
    if (input.shape.size() == 2 && input.shape[0] == batch &&
        input.type.kind == 'i')
      rows = std::min(rows, input.shape[1]);
  std::vector<uint8_t> result;
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t i = length - rows; i < length; ++i) {
      // Zero has the same bytes in every type, but for the sign of a float.
      unsigned bytes = mask.type.bytes;
      StringRef element = mask.data.substr((row * length + i) * bytes, bytes);
      result.push_back(llvm::all_of(element, [](char c) { return c == 0; }));
    }
  return result;
}

std::string Sample::describeIntegers(const Signature &signature) const {
  std::string text;
  for (auto [port, input] : zip_equal(signature.inputs, inputs)) {
    IntegerArray values(input);
    if (input.where.empty() || !values.isInteger() || values.size() == 0)
      continue;
    int64_t least = 0, largest = 0;
    for (int64_t i = 1; i < values.size(); ++i) {
      if (values[i] < values[least])
        least = i;
      if (values[i] > values[largest])
        largest = i;
    }
    text += ("; array " + quoteName(port.name) + " holds values from " +
             Twine(values[least]) + " (at " + values.position(least) + ") to " +
             Twine(values[largest]) + " (at " + values.position(largest) + ")")
                .str();
  }
  return text;
}

static SourceOr openSource(StringRef path, const Signature &signature,
                           const SampleOptions &options) {
  StringRef extension = sys::path::extension(path);
  if (!sys::fs::is_directory(path))
    return extension == ".npy" || extension == ".bin"
               ? openTokens(path, signature, options)
               : openNpz(path, signature);
  SourceOr sets = openTestData(path, signature);
  if (!sets || *sets)
    return sets;
  return openNpyFolder(path, signature);
}

Expected<SampleSet> SampleSet::open(StringRef path, const Signature &signature,
                                    const SampleOptions &options) {
  SampleSet set;
  set.path = path.str();
  set.signature = &signature;
  set.options = options;
  SourceOr source = openSource(path, signature, options);
  if (!source)
    return source.takeError();
  set.source = std::move(*source);
  return std::move(set);
}

SampleSet::SampleSet(SampleSet &&) noexcept = default;
SampleSet::~SampleSet() = default;

int64_t SampleSet::size() const { return source->size(); }

Expected<Sample> SampleSet::next() {
  Sample sample;
  std::vector<std::optional<SampleInput>> arrays(signature->inputs.size());
  if (Error error = source->next(arrays, sample.name))
    return std::move(error);
  if (Error error = fitSample(path, *signature, options, arrays, sample))
    return std::move(error);
  return std::move(sample);
}

} // namespace mlir::qopt
