//===- FitSample.cpp - arrays to the inputs of a model --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that a symbol names must agree between arrays; the same sizes then tell
// how large the missing inputs are.
//===----------------------------------------------------------------------===//

#include "FitSample.h"
#include "SampleSource.h"
#include "qopt/Support/CacheNames.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

int64_t IntegerArray::operator[](int64_t i) const {
  unsigned bytes = array.type.bytes;
  uint64_t value = 0;
  std::memcpy(&value, array.data.data() + i * bytes, bytes); // little endian
  unsigned shift = 64 - 8 * bytes;
  return array.type.kind == 'u' ? int64_t(value)
                                : int64_t(value << shift) >> shift;
}

std::string IntegerArray::position(int64_t i) const {
  std::string text;
  for (int64_t dim : llvm::reverse(array.shape)) {
    text.insert(0,
                std::to_string(dim ? i % dim : 0) + (text.empty() ? "" : ", "));
    i /= std::max<int64_t>(dim, 1);
  }
  return "[" + text + "]";
}

namespace {

class Fitter {
public:
  Fitter(StringRef path, const SampleOptions &options, Sample &sample)
      : path(path), options(options), sample(sample) {}

  Error check(const SampleInput &array, const SignaturePort &port);
  Error checkValues(const SampleInput &array, const SignaturePort &port);
  Error fill(const SignaturePort &port, SampleInput &array);

private:
  StringRef path;
  const SampleOptions &options;
  const Sample &sample;
  DimBindings bindings;
};

} // namespace

Error Fitter::check(const SampleInput &array, const SignaturePort &port) {
  auto fail = [&](const Twine &why) {
    return invalidData(array.where + ": " + why);
  };
  if (Error error = checkType(array, port))
    return error;
  if (array.shape.size() != port.shape.size())
    return fail("it has rank " + Twine(array.shape.size()) +
                ", the model takes " + port.str());
  for (auto [axis, dim] : enumerate(port.shape)) {
    int64_t size = array.shape[axis];
    if (dim.size >= 0 && dim.size != size)
      return fail("axis " + Twine(axis) + " has size " + Twine(size) +
                  ", the model takes " + port.str());
    std::vector<std::string> symbols = dim.symbols();
    if (symbols.size() != 1 || symbols[0] != dim.text)
      continue;
    auto [bound, isNew] = bindings.insert({dim.text, size});
    if (!isNew && bound->second != size)
      return fail("axis " + Twine(axis) + " (" + quoteName(dim.text) +
                  ") has size " + Twine(size) + ", another array has " +
                  Twine(bound->second));
  }
  return Error::success();
}

Error Fitter::checkValues(const SampleInput &array, const SignaturePort &port) {
  auto vocabulary = options.vocabularies.find(port.name);
  IntegerArray values(array);
  if (vocabulary == options.vocabularies.end() || !values.isInteger())
    return Error::success();
  for (int64_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] < vocabulary->second)
      continue;
    std::string why = (Twine(values[i]) + ", but the model's table has " +
                       Twine(vocabulary->second) + " entries")
                          .str();
    if (array.where.empty())
      return invalidData(path + ": " + sample.name + " is too long: " +
                         quoteName(port.name) + " reaches " + why);
    return invalidData(array.where + ": " + sample.name + " holds at " +
                       values.position(i) + " the id " + why);
  }
  return Error::success();
}

/// Fills `bytes` with elements of an integer, boolean or float type.
template <typename ValueAt>
static bool fillElements(std::vector<char> &bytes, NpyType type, int64_t count,
                         ValueAt valueAt) {
  bytes.resize(count * type.bytes);
  for (int64_t i = 0; i < count; ++i) {
    char *out = bytes.data() + i * type.bytes;
    int64_t value = valueAt(i);
    if (type.kind != 'f') {
      std::memcpy(out, &value, type.bytes); // little endian
    } else if (type.bytes == 4) {
      float number = value;
      std::memcpy(out, &number, sizeof number);
    } else {
      return false;
    }
  }
  return true;
}

/// Whether exporters call the cache of a decoder so.
static bool isPast(StringRef name) { return !cacheOfPast(name).empty(); }

Error Fitter::fill(const SignaturePort &port, SampleInput &array) {
  StringRef name = port.name;
  bool past = isPast(name);
  bool positions = name == "position_ids" || name == "cache_position";
  auto fail = [&] {
    return invalidData(path + ": there is no array for the input " +
                       quoteName(name) + ", " + port.str());
  };
  std::optional<NpyType> type = npyTypeOf(port.dtype);
  if (!past && !positions && name != "attention_mask" &&
      name != "token_type_ids" && name != "use_cache_branch")
    return fail();
  if (!type)
    return invalidData("the input " + quoteName(name) + " is " + port.dtype +
                       ", which calibration data cannot hold");
  array.type = *type;
  int64_t count = 1;
  for (const SignatureDim &dim : port.shape) {
    // What no array binds is the length of the cache: it starts empty.
    if (past)
      for (const std::string &symbol : dim.symbols())
        bindings.insert({symbol, 0});
    std::optional<int64_t> size = dim.evaluate(bindings);
    if (!size && past && dim.text.empty())
      size = 0;
    if (!size)
      return fail();
    array.shape.push_back(*size);
    count *= *size;
  }
  int64_t length = array.shape.empty() ? 1 : array.shape.back();
  bool filled =
      fillElements(array.storage, array.type, count, [&](int64_t i) -> int64_t {
        if (positions)
          return i % length;
        return name == "attention_mask";
      });
  array.data = StringRef(array.storage.data(), array.storage.size());
  return filled || count == 0 ? Error::success() : fail();
}

Error fitSample(StringRef path, const Signature &signature,
                const SampleOptions &options,
                std::vector<std::optional<SampleInput>> &arrays,
                Sample &sample) {
  Fitter fitter(path, options, sample);
  sample.inputs.resize(arrays.size());
  for (auto [i, port] : enumerate(signature.inputs)) {
    if (!arrays[i])
      continue;
    if (Error error = fitter.check(*arrays[i], port))
      return error;
    if (port.name == "attention_mask" && arrays[i]->shape.size() == 2)
      sample.maskIndex = i;
    sample.inputs[i] = std::move(*arrays[i]);
  }
  // The cache first: the dims of masks may be sums with its length.
  for (bool past : {true, false})
    for (auto [i, port] : enumerate(signature.inputs))
      if (!arrays[i] && isPast(port.name) == past)
        if (Error error = fitter.fill(port, sample.inputs[i]))
          return error;
  for (auto [i, port] : enumerate(signature.inputs))
    if (Error error = fitter.checkValues(sample.inputs[i], port))
      return error;
  return Error::success();
}

} // namespace mlir::qopt
