//===- TestDataSource.cpp - samples from the test data of ONNX ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder `test_data_set_N` holds input_0.pb, input_1.pb, ..., each one
// tensor, in the order of the model's inputs. A set is one run, whatever its
// batch.
//===----------------------------------------------------------------------===//

#include "SampleSource.h"
#include "TensorProto.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace mlir::qopt {

namespace {

class TestDataSource final : public SampleSource {
public:
  TestDataSource(std::vector<std::string> sets, const Signature &signature)
      : sets(std::move(sets)), signature(signature) {}

  int64_t size() const override { return sets.size(); }
  Error next(std::vector<std::optional<SampleInput>> &arrays,
             std::string &name) override;

private:
  std::vector<std::string> sets;
  const Signature &signature;
  size_t done = 0;
};

} // namespace

static std::string inputFile(StringRef set, size_t input) {
  SmallString<256> path(set);
  sys::path::append(path, "input_" + Twine(input) + ".pb");
  return path.str().str();
}

Error TestDataSource::next(std::vector<std::optional<SampleInput>> &arrays,
                           std::string &name) {
  const std::string &set = sets[done++];
  name = sys::path::filename(set).str();
  for (size_t i = 0; sys::fs::exists(inputFile(set, i)); ++i) {
    std::string path = inputFile(set, i);
    if (i >= signature.inputs.size())
      return invalidSample(path + ": the model has only " +
                           Twine(signature.inputs.size()) + " inputs");
    SampleInput &array = arrays[i].emplace();
    array.where = path;
    Expected<std::unique_ptr<MemoryBuffer>> file = readRegularFile(path);
    if (!file)
      return invalidSample(path + ": " + toString(file.takeError()));
    if (Error error = parseTensorProto((*file)->getBuffer(), array))
      return invalidSample(path + ": " + toString(std::move(error)));
    if (array.storage.empty() && !array.data.empty()) {
      array.storage.assign(array.data.begin(), array.data.end());
      array.data = StringRef(array.storage.data(), array.storage.size());
    }
  }
  return Error::success();
}

SourceOr openTestData(StringRef path, const Signature &signature) {
  std::vector<std::string> sets;
  if (sys::fs::exists(inputFile(path, 0)))
    sets.push_back(path.rtrim('/').str());
  std::error_code code;
  for (sys::fs::directory_iterator it(path, code), end; !code && it != end;
       it.increment(code))
    if (sys::path::filename(it->path()).starts_with("test_data_set_"))
      sets.push_back(it->path());
  if (code)
    return createStringError(code, path + ": " + code.message());
  // test_data_set_10 comes after test_data_set_9.
  llvm::sort(sets, [](StringRef a, StringRef b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  for (const std::string &set : sets)
    if (!sys::fs::exists(inputFile(set, 0)))
      return invalidSample(set + ": holds no input_0.pb");
  if (sets.empty())
    return nullptr;
  return std::make_unique<TestDataSource>(std::move(sets), signature);
}

} // namespace mlir::qopt
