//===- TestData.cpp - the test-data folders of ONNX -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestData.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Npy.h"
#include "qopt/Support/TensorProto.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using mlir::qopt::invalidData;

namespace runner {

static Expected<Tensor> readTensor(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer =
      mlir::qopt::readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  Expected<mlir::qopt::TensorProto> proto =
      mlir::qopt::TensorProto::parse((*buffer)->getBuffer());
  if (!proto)
    return proto.takeError();
  Tensor tensor;
  tensor.dtype = findDTypeOfOnnx(proto->dataType);
  if (!tensor.dtype)
    return invalidData("has the element type " + Twine(proto->dataType) +
                       ", which is not supported");
  Expected<std::vector<char>> data = proto->data(tensor.dtype->bits);
  if (!data)
    return data.takeError();
  tensor.shape.assign(proto->shape.begin(), proto->shape.end());
  tensor.data = std::move(*data);
  return std::move(tensor);
}

static Error readNumbered(StringRef folder, StringRef prefix,
                          std::vector<Tensor> &tensors) {
  for (const std::string &path : mlir::qopt::numberedFiles(folder, prefix)) {
    Expected<Tensor> tensor = readTensor(path);
    if (!tensor)
      return invalidData(path + ": " + toString(tensor.takeError()));
    tensors.push_back(std::move(*tensor));
  }
  return Error::success();
}

static Error readSet(StringRef folder, DataSet &set) {
  if (Error error = readNumbered(folder, "input_", set.inputs))
    return error;
  return readNumbered(folder, "output_", set.outputs);
}

Expected<std::vector<DataSet>> readTestData(StringRef folder) {
  std::vector<DataSet> sets(1);
  if (Error error = readSet(folder, sets[0]))
    return std::move(error);
  if (!sets[0].inputs.empty() || !sets[0].outputs.empty())
    return std::move(sets);
  Expected<std::vector<std::string>> names = mlir::qopt::testDataSets(folder);
  if (!names)
    return names.takeError();
  sets.clear();
  for (const std::string &name : *names) {
    DataSet set;
    set.name = sys::path::filename(name).str();
    if (Error error = readSet(name, set))
      return std::move(error);
    sets.push_back(std::move(set));
  }
  if (sets.empty())
    return invalidData(folder +
                       ": holds neither input_0.pb nor test_data_set_0");
  return std::move(sets);
}

} // namespace runner
