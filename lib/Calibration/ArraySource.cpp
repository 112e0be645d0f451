//===- ArraySource.cpp - samples along axis 0 of arrays -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An npz archive or a folder of npy files. Files of a folder are mapped; small
// members of an archive are unpacked before the first run, so that damage shows
// at once, large ones as they are needed.
//===----------------------------------------------------------------------===//

#include "SampleSource.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Npz.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace mlir::qopt {

/// Members of an archive up to this size are unpacked as a whole.
static constexpr uint64_t wholeBytes = 4 << 20;

namespace {

/// One array; `stream` gives its data unless `file` holds it.
struct Column {
  size_t input;
  std::string where;
  NpyFile file;
  std::optional<NpzStream> stream;
  /// What was read with the header.
  std::vector<char> ahead;
  SmallVector<int64_t, 4> shape;
  int64_t bytesPerSample = 0;

  Error read(int64_t sample, SampleInput &result);
};

class ArraySource final : public SampleSource {
public:
  ArraySource(StringRef path, const Signature &signature)
      : path(path.str()), signature(signature) {}

  Error openArchive();
  Error openFolder();

  int64_t size() const override { return samples; }
  Error next(std::vector<std::optional<SampleInput>> &arrays,
             std::string &name) override;

private:
  Error addMember(StringRef name, Column &column);
  Error add(const NpyArray &array, Column column);
  /// The array belongs to the first input that has its name.
  Column columnOf(StringRef name, std::string where) const;

  std::string path;
  const Signature &signature;
  std::optional<NpzArchive> archive;
  std::vector<Column> columns;
  int64_t samples = -1, done = 0;
  /// Which array said so, for messages.
  std::string samplesFrom;
};

} // namespace

Error Column::read(int64_t sample, SampleInput &result) {
  result.where = where;
  result.type = file.array.type;
  result.shape = shape;
  if (!stream) {
    result.data =
        file.array.data.substr(sample * bytesPerSample, bytesPerSample);
    return Error::success();
  }
  size_t head = std::min<size_t>(ahead.size(), bytesPerSample);
  result.storage.assign(ahead.begin(), ahead.begin() + head);
  ahead.erase(ahead.begin(), ahead.begin() + head);
  result.storage.resize(bytesPerSample);
  if (Error error =
          stream->read(MutableArrayRef<char>(result.storage).drop_front(head)))
    return invalidData(where + ": " + toString(std::move(error)));
  result.data = StringRef(result.storage.data(), result.storage.size());
  return Error::success();
}

Column ArraySource::columnOf(StringRef name, std::string where) const {
  Column column;
  column.where = std::move(where);
  column.input = llvm::find_if(signature.inputs,
                               [&](const SignaturePort &port) {
                                 return port.name == name;
                               }) -
                 signature.inputs.begin();
  return column;
}

Error ArraySource::add(const NpyArray &array, Column column) {
  const SignaturePort &port = signature.inputs[column.input];
  auto fail = [&](const Twine &why) {
    return invalidData(column.where + ": " + why);
  };
  SampleInput head;
  head.type = array.type;
  head.where = column.where;
  if (Error error = checkType(head, port))
    return error;
  if (array.shape.size() != port.shape.size())
    return fail("it has rank " + Twine(array.shape.size()) +
                ", the model takes " + port.str() +
                " (axis 0 holds the samples)");
  if (array.shape.empty())
    return fail("the model takes a scalar, which cannot hold samples");
  if (samples >= 0 && samples != array.shape[0])
    return fail("it holds " + Twine(array.shape[0]) + " samples, " +
                quoteName(samplesFrom) + " holds " + Twine(samples));
  samples = array.shape[0];
  samplesFrom = port.name;
  if (samples == 0)
    return fail("it holds no samples");
  if (port.shape[0].size >= 0 && port.shape[0].size != 1)
    return fail("samples run as a batch of 1, but the model takes " +
                port.str());
  column.shape.assign(array.shape.begin(), array.shape.end());
  column.shape[0] = 1;
  column.bytesPerSample = array.elements / samples * array.type.bytes;
  column.file.array = array;
  columns.push_back(std::move(column));
  return Error::success();
}

Error ArraySource::addMember(StringRef name, Column &column) {
  auto fail = [&](Error error) {
    return invalidData(column.where + ": " + toString(std::move(error)));
  };
  if (archive->sizeOf(name) <= wholeBytes) {
    Expected<std::unique_ptr<MemoryBuffer>> buffer = archive->read(name);
    if (!buffer)
      return fail(buffer.takeError());
    Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
    if (!array)
      return fail(array.takeError());
    column.file.buffer = std::move(*buffer);
    return add(*array, std::move(column));
  }
  Expected<NpzStream> stream = archive->stream(name);
  if (!stream)
    return fail(stream.takeError());
  std::vector<char> start(npyStartBytes);
  if (Error error = stream->read(start))
    return fail(std::move(error));
  uint64_t offset = 0;
  Expected<NpyArray> array = parseNpyStart(
      StringRef(start.data(), start.size()), stream->size(), offset);
  if (!array)
    return fail(array.takeError());
  column.ahead.assign(start.begin() + offset, start.end());
  column.stream.emplace(std::move(*stream));
  return add(*array, std::move(column));
}

Error ArraySource::openArchive() {
  Expected<NpzArchive> opened = NpzArchive::open(path);
  if (!opened)
    // The code still tells a missing file from a bad one.
    return handleErrors(
        opened.takeError(), [&](const StringError &text) -> Error {
          return createStringError(text.convertToErrorCode(),
                                   path + ": " + text.getMessage());
        });
  archive.emplace(std::move(*opened));
  if (Error error = checkNames(path, archive->getNames(), signature))
    return error;
  for (const SignaturePort &port : signature.inputs) {
    if (!is_contained(archive->getNames(), port.name))
      continue;
    Column column =
        columnOf(port.name, path + ": array " + quoteName(port.name));
    if (Error error = addMember(port.name, column))
      return error;
  }
  return columns.empty() ? invalidData(path + ": holds no array")
                         : Error::success();
}

Error ArraySource::openFolder() {
  std::vector<std::string> files, names;
  std::error_code code;
  for (sys::fs::directory_iterator it(path, code), end; !code && it != end;
       it.increment(code))
    if (StringRef(it->path()).ends_with(".npy"))
      files.push_back(it->path());
  if (code)
    return createStringError(code, path + ": " + code.message());
  llvm::sort(files);
  for (const std::string &file : files)
    names.push_back(sys::path::stem(file).str());
  if (files.empty())
    return invalidData(path + ": holds neither NAME.npy nor test_data_set_0");
  if (Error error = checkNames(path, names, signature))
    return error;
  for (auto [file, name] : zip_equal(files, names)) {
    Column column = columnOf(name, file);
    Expected<NpyFile> npy = readNpy(file);
    if (!npy)
      return invalidData(file + ": " + toString(npy.takeError()));
    NpyArray array = npy->array;
    column.file = std::move(*npy);
    if (Error error = add(array, std::move(column)))
      return error;
  }
  return Error::success();
}

Error ArraySource::next(std::vector<std::optional<SampleInput>> &arrays,
                        std::string &name) {
  name = "sample " + std::to_string(done);
  for (Column &column : columns)
    if (Error error = column.read(done, arrays[column.input].emplace()))
      return error;
  ++done;
  return Error::success();
}

SourceOr openNpz(StringRef path, const Signature &signature) {
  auto source = std::make_unique<ArraySource>(path, signature);
  if (Error error = source->openArchive())
    return std::move(error);
  return std::move(source);
}

SourceOr openNpyFolder(StringRef path, const Signature &signature) {
  auto source = std::make_unique<ArraySource>(path, signature);
  if (Error error = source->openFolder())
    return std::move(error);
  return std::move(source);
}

} // namespace mlir::qopt
