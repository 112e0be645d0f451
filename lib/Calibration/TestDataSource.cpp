//===- TestDataSource.cpp - samples from the test data of ONNX ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder `test_data_set_N` holds input_0.pb, input_1.pb, ..., each one
// tensor, in the order of the model's inputs. A set is one run, whatever its
// batch.
//===----------------------------------------------------------------------===//

#include "SampleSource.h"
#include "qopt/Support/TensorProto.h"
#include "llvm/ADT/STLExtras.h"
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

/// The types of TensorProto.DataType that samples have.
static std::optional<NpyType> typeOf(int64_t dataType) {
  static const NpyType types[] = {
      {'f', 4}, {'u', 1}, {'i', 1}, {'u', 2}, {'i', 2}, {'i', 4}, {'i', 8},
      {0, 0},   {'b', 1}, {'f', 2}, {'f', 8}, {'u', 4}, {'u', 8}};
  if (dataType < 1 || dataType > int64_t(std::size(types)) ||
      types[dataType - 1].bytes == 0) // strings
    return std::nullopt;
  return types[dataType - 1];
}

static Error readInput(const std::string &path, SampleInput &array) {
  array.where = path;
  Expected<std::unique_ptr<MemoryBuffer>> file = readRegularFile(path);
  if (!file)
    return file.takeError();
  Expected<TensorProto> tensor = TensorProto::parse((*file)->getBuffer());
  if (!tensor)
    return tensor.takeError();
  std::optional<NpyType> type = typeOf(tensor->dataType);
  if (!type)
    return invalidData("has the element type " + Twine(tensor->dataType) +
                       ", which is not supported");
  Expected<std::vector<char>> data = tensor->data(type->bytes * 8);
  if (!data)
    return data.takeError();
  array.type = *type;
  array.shape = tensor->shape;
  array.storage = std::move(*data);
  array.data = StringRef(array.storage.data(), array.storage.size());
  return Error::success();
}

Error TestDataSource::next(std::vector<std::optional<SampleInput>> &arrays,
                           std::string &name) {
  const std::string &set = sets[done++];
  name = sys::path::filename(set).str();
  for (auto [i, path] : enumerate(numberedFiles(set, "input_"))) {
    if (i >= signature.inputs.size())
      return invalidData(path + ": the model has only " +
                         Twine(signature.inputs.size()) + " inputs");
    if (Error error = readInput(path, arrays[i].emplace()))
      return invalidData(path + ": " + toString(std::move(error)));
  }
  return Error::success();
}

SourceOr openTestData(StringRef path, const Signature &signature) {
  Expected<std::vector<std::string>> sets = testDataSets(path);
  if (!sets)
    return sets.takeError();
  if (!numberedFiles(path, "input_").empty())
    sets->insert(sets->begin(), path.rtrim('/').str());
  for (const std::string &set : *sets)
    if (numberedFiles(set, "input_").empty())
      return invalidData(set + ": holds no input_0.pb");
  if (sets->empty())
    return nullptr;
  return std::make_unique<TestDataSource>(std::move(*sets), signature);
}

} // namespace mlir::qopt
