//===- Samples.cpp - calibration data, fitted to a model's inputs ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything is checked before the first run, so that a calibration of minutes
// does not fail at its end, and so that the message can name the array.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Samples.h"
#include "qopt/Support/CacheNames.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

static Error invalid(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::invalid_argument),
                           message);
}

/// The type in NumPy's letters; nothing for one that NumPy lacks (bfloat16).
static std::optional<NpyType> parseType(StringRef dtype) {
  return StringSwitch<std::optional<NpyType>>(dtype)
      .Case("bool", NpyType{'b', 1})
      .Case("int8", NpyType{'i', 1})
      .Case("int16", NpyType{'i', 2})
      .Case("int32", NpyType{'i', 4})
      .Case("int64", NpyType{'i', 8})
      .Case("uint8", NpyType{'u', 1})
      .Case("uint16", NpyType{'u', 2})
      .Case("uint32", NpyType{'u', 4})
      .Case("uint64", NpyType{'u', 8})
      .Case("float16", NpyType{'f', 2})
      .Case("float32", NpyType{'f', 4})
      .Case("float64", NpyType{'f', 8})
      .Default(std::nullopt);
}

Error SampleSet::readArray(const NpzArchive &archive, const SignaturePort &port,
                           Source &source) {
  auto fail = [&](const Twine &why) {
    return invalid(path + ": array " + quoteName(port.name) + ": " + why);
  };
  Expected<std::unique_ptr<MemoryBuffer>> buffer = archive.read(port.name);
  if (!buffer)
    return fail(toString(buffer.takeError()));
  Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
  if (!array)
    return fail(toString(array.takeError()));
  if (!(array->type == source.type))
    return fail("it holds " + array->type.str() + ", the model takes " +
                port.str());
  if (array->shape.size() != port.shape.size())
    return fail("it has rank " + Twine(array->shape.size()) +
                ", the model takes " + port.str() +
                " (axis 0 holds the samples)");
  if (array->shape.empty())
    return fail("the model takes a scalar, which cannot hold samples");
  if (samples >= 0 && samples != array->shape[0])
    return fail("it holds " + Twine(array->shape[0]) + " samples, " +
                quoteName(samplesFrom) + " holds " + Twine(samples));
  samples = array->shape[0];
  samplesFrom = port.name;
  if (samples == 0)
    return fail("it holds no samples");

  source.shape.assign(array->shape.begin(), array->shape.end());
  source.shape[0] = 1;
  for (auto [axis, dim] : enumerate(port.shape)) {
    int64_t size = source.shape[axis];
    if (dim.size >= 0 && dim.size != size)
      return fail(
          axis == 0
              ? "samples run as a batch of 1, but the model takes " + port.str()
              : "axis " + std::to_string(axis) + " has size " +
                    std::to_string(size) + ", the model takes " + port.str());
    std::vector<std::string> symbols = dim.symbols();
    if (symbols.size() != 1 || symbols[0] != dim.text)
      continue;
    auto [bound, isNew] = bindings.insert({dim.text, size});
    if (!isNew && bound->second != size)
      return fail("axis " + Twine(axis) + " (" + quoteName(dim.text) +
                  ") has size " + Twine(size) + ", another array has " +
                  Twine(bound->second));
  }
  source.bytesPerSample = array->data.size() / samples;
  source.file.buffer = std::move(*buffer);
  source.file.array = std::move(*array);
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

Error SampleSet::fillMissing(const SignaturePort &port, Source &source) {
  StringRef name = port.name;
  bool past = isPast(name);
  auto fail = [&] {
    return invalid(path + ": there is no array for the input " +
                   quoteName(name) + ", " + port.str());
  };
  if (!past && name != "position_ids" && name != "attention_mask" &&
      name != "token_type_ids")
    return fail();

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
    source.shape.push_back(*size);
    count *= *size;
  }
  int64_t length = source.shape.empty() ? 1 : source.shape.back();
  bool filled = fillElements(source.filled, source.type, count,
                             [&](int64_t i) -> int64_t {
                               if (name == "position_ids")
                                 return i % length;
                               return name == "attention_mask";
                             });
  return filled || count == 0 ? Error::success() : fail();
}

Error SampleSet::readArrays(const NpzArchive &archive,
                            const Signature &signature) {
  std::vector<StringRef> known;
  for (const SignaturePort &port : signature.inputs)
    known.push_back(port.name);
  for (const std::string &name : archive.getNames())
    if (!is_contained(known, name))
      return invalid(path + ": array " + quoteName(name) +
                     " is no input of the model" + didYouMean(name, known));

  sources.resize(signature.inputs.size());
  std::vector<size_t> missing;
  for (auto [i, port] : enumerate(signature.inputs)) {
    std::optional<NpyType> type = parseType(port.dtype);
    if (!type)
      return invalid("the input " + quoteName(port.name) + " is " + port.dtype +
                     ", which npz files cannot hold");
    sources[i].type = *type;
    if (!is_contained(archive.getNames(), port.name)) {
      missing.push_back(i);
      continue;
    }
    if (Error error = readArray(archive, port, sources[i]))
      return error;
    if (port.name == "attention_mask" && sources[i].shape.size() == 2)
      maskIndex = i;
  }
  if (samples < 0)
    return invalid(path + ": holds no array");

  // The cache first: the dims of masks may be sums with its length.
  for (bool past : {true, false})
    for (size_t i : missing)
      if (isPast(signature.inputs[i].name) == past)
        if (Error error = fillMissing(signature.inputs[i], sources[i]))
          return error;
  return Error::success();
}

/// Says which file it was; the code still tells a missing file from a bad one.
static Error withPath(StringRef path, Error error) {
  return handleErrors(std::move(error), [&](const StringError &text) -> Error {
    return createStringError(text.convertToErrorCode(),
                             path + ": " + text.getMessage());
  });
}

Expected<SampleSet> SampleSet::open(StringRef path,
                                    const Signature &signature) {
  Expected<NpzArchive> archive = NpzArchive::open(path);
  if (!archive)
    return withPath(path, archive.takeError());
  SampleSet set;
  set.path = path.str();
  if (Error error = set.readArrays(*archive, signature))
    return std::move(error);
  return std::move(set);
}

std::vector<SampleInput> SampleSet::inputs(int64_t sample) const {
  std::vector<SampleInput> result;
  for (const Source &source : sources)
    result.push_back({source.type, source.shape, source.data(sample)});
  return result;
}

std::vector<uint8_t> SampleSet::padding(int64_t sample) const {
  if (maskIndex < 0)
    return {};
  const Source &mask = sources[maskIndex];
  std::vector<uint8_t> result(mask.shape[1]);
  const char *data = mask.data(sample);
  for (size_t row = 0; row < result.size(); ++row) {
    // Zero has the same bytes in every type, but for the sign of a float.
    ArrayRef<char> bytes(data + row * mask.type.bytes, mask.type.bytes);
    result[row] = llvm::all_of(bytes, [](char byte) { return byte == 0; });
  }
  return result;
}

} // namespace mlir::qopt
