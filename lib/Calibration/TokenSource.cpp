//===- TokenSource.cpp - samples from files of token ids ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Documents are cut into windows, each on its own with an empty cache. What
// remains behind the last whole window of a document is left out, unless it is
// all there is of it.
//===----------------------------------------------------------------------===//

#include "SampleSource.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/TextInputs.h"
#include "qopt/Support/TokenFile.h"

using namespace llvm;

namespace mlir::qopt {

namespace {

class TokenSource final : public SampleSource {
public:
  TokenSource(StringRef path, TokenFile file, TextInputs inputs,
              const Signature &signature)
      : path(path.str()), file(std::move(file)), text(std::move(inputs)),
        signature(signature) {}

  void cut(int64_t length);

  int64_t size() const override { return windows.size(); }
  Error next(std::vector<std::optional<SampleInput>> &arrays,
             std::string &name) override;

private:
  std::string path;
  TokenFile file;
  TextInputs text;
  const Signature &signature;
  /// Begin and length.
  std::vector<std::pair<int64_t, int64_t>> windows;
  size_t done = 0;
};

} // namespace

void TokenSource::cut(int64_t length) {
  for (int64_t i = 0; i < file.documents(); ++i) {
    int64_t begin = file.offsets[i], end = file.offsets[i + 1];
    if (end - begin < length && end > begin)
      windows.push_back({begin, end - begin});
    for (; begin + length <= end; begin += length)
      windows.push_back({begin, length});
  }
}

Error TokenSource::next(std::vector<std::optional<SampleInput>> &arrays,
                        std::string &name) {
  auto [begin, length] = windows[done++];
  name = "the window at token " + std::to_string(begin);
  if (Error error = text.set(ArrayRef<int32_t>(file.ids).slice(begin, length)))
    return invalidData(path + ": " + toString(std::move(error)));
  for (auto [i, input] : enumerate(text.inputs())) {
    SampleInput &array = arrays[i].emplace();
    array.type = input.type;
    array.shape = input.shape;
    array.storage = input.data;
    array.data = StringRef(array.storage.data(), array.storage.size());
    // The others are not in the file.
    if (signature.inputs[i].name == text.idsName())
      array.where = path;
  }
  return Error::success();
}

SourceOr openTokens(StringRef path, const Signature &signature,
                    const SampleOptions &options) {
  Expected<TokenFile> file = readTokenFile(path);
  if (!file)
    return file.takeError();
  Expected<TextInputs> inputs = TextInputs::create(signature);
  if (!inputs)
    return invalidData(path + ": " + toString(inputs.takeError()));
  auto table = options.vocabularies.find(inputs->idsName().str());
  if (table != options.vocabularies.end())
    if (Error error = file->checkIds(table->second, path))
      return std::move(error);
  int64_t length = options.windowLength;
  if (int64_t fixed = inputs->fixedLength(); fixed >= 0)
    length = std::min(length, fixed);
  if (inputs->fixedRows() > 1)
    return invalidData(path +
                       ": samples run as a batch of 1, but the model "
                       "takes " +
                       Twine(inputs->fixedRows()));
  auto source = std::make_unique<TokenSource>(path, std::move(*file),
                                              std::move(*inputs), signature);
  source->cut(length);
  if (source->size() == 0)
    return invalidData(path + ": holds no tokens");
  return std::move(source);
}

} // namespace mlir::qopt
