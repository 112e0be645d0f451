//===- TokenFile.cpp - texts as token ids ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/TokenFile.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Npy.h"
#include "qopt/Support/Npz.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace mlir::qopt {

/// Integers of any width as int64.
static Expected<std::vector<int64_t>> readIntegers(const NpyArray &array,
                                                   StringRef what) {
  NpyType type = array.type;
  if (type.kind != 'i' || type.bytes < 4)
    return invalidData(what + ": holds " + type.str() +
                       ", expected int32 or int64");
  std::vector<int64_t> result(array.elements);
  const char *data = array.data.data();
  for (int64_t i = 0; i < array.elements; ++i)
    result[i] = type.bytes == 4 ? support::endian::read32le(data + 4 * i)
                                : support::endian::read64le(data + 8 * i);
  if (type.bytes == 4)
    for (int64_t &value : result)
      value = static_cast<int32_t>(value);
  return std::move(result);
}

namespace {

class Reader {
public:
  explicit Reader(StringRef path) : path(path) {}

  Expected<TokenFile> read();

private:
  Error fail(const Twine &why) { return invalidData(path + ": " + why); }
  /// Puts the path in front; the code still tells a missing file from a bad
  /// one.
  Error fail(Error error) {
    return handleErrors(std::move(error), [&](const StringError &text) {
      return createStringError(text.convertToErrorCode(),
                               path + ": " + text.getMessage());
    });
  }

  Error readNpyFile();
  Error readBinary();
  Error readArchive();
  Error readDescription(bool required);
  Error setIds(ArrayRef<int64_t> values);
  Error setOffsets(std::vector<int64_t> offsets, StringRef what);
  Expected<std::pair<NpyFile, std::vector<int64_t>>>
  readMember(const NpzArchive &archive, StringRef name);

  StringRef path;
  TokenFile file;
};

} // namespace

Error Reader::setIds(ArrayRef<int64_t> values) {
  file.ids.reserve(values.size());
  for (auto [i, value] : enumerate(values)) {
    if (value < 0 || value > INT32_MAX)
      return fail("token " + Twine(i) + " is " + Twine(value) +
                  ", which is no token id");
    file.ids.push_back(value);
  }
  return Error::success();
}

Error Reader::setOffsets(std::vector<int64_t> offsets, StringRef what) {
  if (offsets.size() < 2 || offsets.front() != 0 ||
      offsets.back() != int64_t(file.ids.size()) || !is_sorted(offsets))
    return fail(what + " has to rise from 0 to the number of tokens, " +
                Twine(file.ids.size()));
  file.offsets = std::move(offsets);
  file.hasDocuments = true;
  return Error::success();
}

Error Reader::readNpyFile() {
  Expected<NpyFile> npy = readNpy(path);
  if (!npy)
    return fail(npy.takeError());
  const NpyArray &array = npy->array;
  if (array.shape.size() != 1 && array.shape.size() != 2)
    return fail("has rank " + Twine(array.shape.size()) +
                ", expected 1 (a stream) or 2 (a document per row)");
  Expected<std::vector<int64_t>> values = readIntegers(array, path);
  if (!values)
    return values.takeError();
  if (Error error = setIds(*values))
    return error;
  if (array.shape.size() == 2) {
    std::vector<int64_t> offsets;
    for (int64_t row = 0; row <= array.shape[0]; ++row)
      offsets.push_back(row * array.shape[1]);
    if (Error error = setOffsets(std::move(offsets), "the array"))
      return error;
  }
  return readDescription(/*required=*/false);
}

Error Reader::readBinary() {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return fail(buffer.takeError());
  StringRef bytes = (*buffer)->getBuffer();
  if (bytes.size() % 4)
    return fail("its size, " + Twine(bytes.size()) +
                " bytes, is no multiple of 4: expected int32");
  std::vector<int64_t> values(bytes.size() / 4);
  for (auto [i, value] : enumerate(values))
    value =
        static_cast<int32_t>(support::endian::read32le(bytes.data() + 4 * i));
  if (Error error = setIds(values))
    return error;
  return readDescription(/*required=*/true);
}

Error Reader::readDescription(bool required) {
  SmallString<128> name(path);
  sys::path::replace_extension(name, ".json");
  if (!required && !sys::fs::exists(name))
    return Error::success();
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(name);
  if (!buffer)
    return createStringError(
        errorToErrorCode(buffer.takeError()),
        name + ": cannot be read; int32 ids need this file beside them, with "
               "vocab_size");
  auto wrong = [&](const Twine &why) { return invalidData(name + ": " + why); };
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return wrong("is not JSON: " + toString(value.takeError()));
  const json::Object *object = value->getAsObject();
  if (!object)
    return wrong("expected an object");
  file.vocabularySize = object->getInteger("vocab_size");
  if (required && !file.vocabularySize)
    return wrong("vocab_size is missing");
  if (file.vocabularySize && *file.vocabularySize <= 0)
    return wrong("vocab_size is " + Twine(*file.vocabularySize));
  file.sourceSha256 = object->getString("source_sha256").value_or("").str();
  if (std::optional<int64_t> bos = object->getInteger("bos")) {
    if (*bos < 0 || *bos > INT32_MAX)
      return wrong("bos is " + Twine(*bos) + ", which is no token id");
    file.bos = *bos;
  }
  if (const json::Value *entry = object->get("offsets")) {
    const json::Array *array = entry->getAsArray();
    std::vector<int64_t> offsets;
    for (const json::Value &number : array ? *array : json::Array())
      offsets.push_back(number.getAsInteger().value_or(-1));
    if (file.hasDocuments)
      return wrong("offsets beside an array whose rows are documents");
    if (Error error = setOffsets(std::move(offsets), "offsets"))
      return error;
  }
  return file.vocabularySize ? file.checkIds(*file.vocabularySize, path)
                             : Error::success();
}

Expected<std::pair<NpyFile, std::vector<int64_t>>>
Reader::readMember(const NpzArchive &archive, StringRef name) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = archive.read(name);
  if (!buffer)
    return fail("array '" + name + "': " + toString(buffer.takeError()));
  Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
  if (!array)
    return fail("array '" + name + "': " + toString(array.takeError()));
  Expected<std::vector<int64_t>> values =
      readIntegers(*array, (path + ": array '" + name + "'").str());
  if (!values)
    return values.takeError();
  return std::pair(NpyFile{std::move(*buffer), std::move(*array)},
                   std::move(*values));
}

Error Reader::readArchive() {
  Expected<NpzArchive> archive = NpzArchive::open(path);
  if (!archive)
    return fail(archive.takeError());
  const std::vector<std::string> &names = archive->getNames();
  if (is_contained(names, "tokens") && is_contained(names, "offsets")) {
    auto tokens = readMember(*archive, "tokens");
    if (!tokens)
      return tokens.takeError();
    auto offsets = readMember(*archive, "offsets");
    if (!offsets)
      return offsets.takeError();
    if (tokens->first.array.shape.size() != 1)
      return fail("array 'tokens' has rank " +
                  Twine(tokens->first.array.shape.size()) + ", expected 1");
    if (Error error = setIds(tokens->second))
      return error;
    return setOffsets(std::move(offsets->second), "array 'offsets'");
  }
  if (!is_contained(names, "input_ids"))
    return fail("expected the arrays tokens and offsets, or input_ids");
  auto ids = readMember(*archive, "input_ids");
  if (!ids)
    return ids.takeError();
  ArrayRef<int64_t> shape = ids->first.array.shape;
  if (shape.size() != 2)
    return fail("array 'input_ids' has rank " + Twine(shape.size()) +
                ", expected 2");
  std::vector<int64_t> mask(ids->second.size(), 1);
  if (is_contained(names, "attention_mask")) {
    auto read = readMember(*archive, "attention_mask");
    if (!read)
      return read.takeError();
    if (ArrayRef<int64_t>(read->first.array.shape) != shape)
      return fail("attention_mask has another shape than input_ids");
    mask = std::move(read->second);
  }
  std::vector<int64_t> kept, offsets = {0};
  for (int64_t row = 0; row < shape[0]; ++row) {
    for (int64_t i = row * shape[1]; i < (row + 1) * shape[1]; ++i)
      if (mask[i] != 0)
        kept.push_back(ids->second[i]);
    offsets.push_back(kept.size());
  }
  if (Error error = setIds(kept))
    return error;
  return setOffsets(std::move(offsets), "array 'input_ids'");
}

Expected<TokenFile> Reader::read() {
  StringRef extension = sys::path::extension(path);
  Error error = extension == ".npy"   ? readNpyFile()
                : extension == ".bin" ? readBinary()
                : extension == ".npz" ? readArchive()
                                      : fail("expected .npy, .bin or .npz");
  if (error)
    return std::move(error);
  if (file.ids.empty())
    return fail("holds no tokens");
  if (file.offsets.empty())
    file.offsets = {0, int64_t(file.ids.size())};
  return std::move(file);
}

Expected<TokenFile> readTokenFile(StringRef path) {
  return Reader(path).read();
}

bool TokenFile::splitAt(int32_t bos) {
  if (ids.empty() || ids.front() != bos)
    return false;
  offsets.clear();
  for (auto [i, id] : enumerate(ids))
    if (id == bos)
      offsets.push_back(i);
  offsets.push_back(ids.size());
  hasDocuments = true;
  return true;
}

Error TokenFile::checkIds(int64_t vocabulary, StringRef path) const {
  for (auto [i, id] : enumerate(ids))
    if (id < 0 || id >= vocabulary)
      return invalidData(path + ": token " + Twine(i) + " is " + Twine(id) +
                         ", the vocabulary has " + Twine(vocabulary));
  return Error::success();
}

} // namespace mlir::qopt
