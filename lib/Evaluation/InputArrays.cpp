//===- InputArrays.cpp - the arrays of an npz file as inputs --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Embeddings.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/ModelRun.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Npz.h"
#include "qopt/Support/TextInputs.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

static Expected<NpyFile> readMember(const NpzArchive &archive, StringRef path,
                                    StringRef name) {
  auto fail = [&](Error error) {
    return invalidData(path + ": array " + quoteName(name) + ": " +
                       toString(std::move(error)));
  };
  Expected<std::unique_ptr<MemoryBuffer>> buffer = archive.read(name);
  if (!buffer)
    return fail(buffer.takeError());
  Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
  if (!array)
    return fail(array.takeError());
  return NpyFile{std::move(*buffer), std::move(*array)};
}

static Expected<NpzArchive> openArchive(StringRef path) {
  Expected<NpzArchive> archive = NpzArchive::open(path);
  if (archive)
    return archive;
  return handleErrors(archive.takeError(), [&](const StringError &text) {
    return createStringError(text.convertToErrorCode(),
                             path + ": " + text.getMessage());
  });
}

Expected<InputArrays> InputArrays::open(StringRef path,
                                        const Signature &signature) {
  Expected<NpzArchive> archive = openArchive(path);
  if (!archive)
    return archive.takeError();
  InputArrays result;
  ArrayRef<int64_t> idsShape;
  std::vector<size_t> missing;
  result.sources.resize(signature.inputs.size());
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const SignaturePort &port = signature.inputs[i];
    Source &source = result.sources[i];
    if (!is_contained(archive->getNames(), port.name)) {
      missing.push_back(i);
      continue;
    }
    Expected<NpyFile> file = readMember(*archive, path, port.name);
    if (!file)
      return file.takeError();
    source.file = std::move(*file);
    const NpyArray &array = source.file.array;
    auto fail = [&](const Twine &why) {
      return invalidData(path + ": array " + quoteName(port.name) + ": " + why);
    };
    std::optional<NpyType> type = npyTypeOf(port.dtype);
    if (!type || !(array.type == *type) ||
        array.shape.size() != port.shape.size() || array.shape.empty())
      return fail("it holds " + array.type.str() + " of rank " +
                  Twine(array.shape.size()) + ", the model takes " +
                  port.str());
    for (auto [axis, dim] : enumerate(port.shape))
      if (axis > 0 && dim.size >= 0 && dim.size != array.shape[axis])
        return fail("axis " + Twine(axis) + " has size " +
                    Twine(array.shape[axis]) + ", the model takes " +
                    port.str());
    if (result.count >= 0 && array.shape[0] != result.count)
      return fail("it holds " + Twine(array.shape[0]) + " samples, others " +
                  Twine(result.count));
    result.count = array.shape[0];
    if (result.count == 0)
      return fail("it holds no samples");
    source.type = array.type;
    source.shape = array.shape;
    source.bytesPerSample = array.data.size() / result.count;
    if (port.name == "attention_mask" && array.shape.size() == 2)
      result.maskIndex = i;
    if (port.name == "input_ids" && array.shape.size() == 2)
      idsShape = source.shape;
  }
  for (size_t i : missing) {
    const SignaturePort &port = signature.inputs[i];
    Source &source = result.sources[i];
    bool ones = port.name == "attention_mask";
    std::optional<NpyType> type = npyTypeOf(port.dtype);
    if (idsShape.empty() || !type || type->kind == 'f' ||
        (!ones && port.name != "token_type_ids" && port.name != "position_ids"))
      return invalidData(path + ": there is no array for the input " +
                         quoteName(port.name) + ", " + port.str());
    source.type = *type;
    source.shape.assign(idsShape.begin(), idsShape.end());
    source.bytesPerSample = idsShape[1] * type->bytes;
    source.filled.resize(idsShape[0] * source.bytesPerSample);
    for (int64_t at = 0; at < idsShape[0] * idsShape[1]; ++at) {
      int64_t value = port.name == "position_ids" ? at % idsShape[1] : ones;
      std::memcpy(source.filled.data() + at * type->bytes, &value,
                  type->bytes); // little endian
    }
  }
  if (result.count < 0)
    return invalidData(path + ": holds none of the model's inputs");
  return std::move(result);
}

std::vector<DLTensor> InputArrays::batch(int64_t begin, int64_t size) {
  std::vector<DLTensor> result;
  for (Source &source : sources) {
    source.shape[0] = size;
    const char *data = source.file.buffer ? source.file.array.data.data()
                                          : source.filled.data();
    result.push_back(viewTensor(source.type, source.shape,
                                {data + begin * source.bytesPerSample,
                                 size_t(size) * source.bytesPerSample}));
  }
  return result;
}

std::vector<bool> InputArrays::mask(int64_t sample) const {
  std::vector<bool> result;
  if (maskIndex < 0)
    return result;
  const Source &source = sources[maskIndex];
  const char *data =
      source.file.array.data.data() + sample * source.bytesPerSample;
  for (int64_t i = 0; i < source.shape[1]; ++i)
    result.push_back(
        llvm::any_of(ArrayRef(data + i * source.type.bytes, source.type.bytes),
                     [](char byte) { return byte != 0; }));
  return result;
}

std::vector<bool> InputArrays::masks(int64_t begin, int64_t size) const {
  std::vector<bool> result;
  for (int64_t i = begin; i < begin + size; ++i) {
    std::vector<bool> one = mask(i);
    result.insert(result.end(), one.begin(), one.end());
  }
  return result;
}

Expected<std::pair<std::vector<float>, SmallVector<int64_t, 4>>>
readFloats(StringRef path, StringRef name) {
  Expected<NpzArchive> archive = openArchive(path);
  if (!archive)
    return archive.takeError();
  if (!is_contained(archive->getNames(), name))
    return invalidData(path + ": has no array " + quoteName(name));
  Expected<NpyFile> file = readMember(*archive, path, name);
  if (!file)
    return file.takeError();
  const NpyArray &array = file->array;
  if (!(array.type == NpyType{'f', 4}) || array.shape.empty())
    return invalidData(path + ": array " + quoteName(name) + " holds " +
                       array.type.str() + ", expected float32");
  std::vector<float> values(array.elements);
  std::memcpy(values.data(), array.data.data(), array.data.size());
  return std::pair(std::move(values), array.shape);
}

} // namespace mlir::qopt
