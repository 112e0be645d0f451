//===- TestData.cpp - the test-data folders of ONNX -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

using namespace llvm;

namespace runner {

static Error invalid(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::invalid_argument),
                           message);
}

/// Copies a typed field, whose entries are wider than the elements.
template <typename Field>
static Error fromField(const Field &field, Tensor &tensor) {
  // An entry holds a byte of packed elements.
  unsigned bytes = tensor.dtype->bytes();
  if (size_t(field.size()) * bytes != tensor.data.size())
    return invalid("holds " + Twine(field.size()) + " elements, expected " +
                   Twine(tensor.elements()));
  for (int i = 0; i < field.size(); ++i) {
    auto value = field.Get(i);
    // Halves are stored as their bits; integers are cut to their low bytes.
    std::memcpy(tensor.data.data() + size_t(i) * bytes, &value, bytes);
  }
  return Error::success();
}

static Error fillTensor(const ::onnx::TensorProto &proto, Tensor &tensor) {
  if (proto.has_raw_data()) {
    const std::string &raw = proto.raw_data();
    if (raw.size() != tensor.data.size())
      return invalid("holds " + Twine(raw.size()) +
                     " bytes of data, expected " + Twine(tensor.data.size()));
    tensor.data.assign(raw.begin(), raw.end());
    return Error::success();
  }
  switch (tensor.dtype->onnx) {
  case ::onnx::TensorProto::FLOAT:
    return fromField(proto.float_data(), tensor);
  case ::onnx::TensorProto::DOUBLE:
    return fromField(proto.double_data(), tensor);
  case ::onnx::TensorProto::INT64:
    return fromField(proto.int64_data(), tensor);
  case ::onnx::TensorProto::UINT32:
  case ::onnx::TensorProto::UINT64:
    return fromField(proto.uint64_data(), tensor);
  default:
    return fromField(proto.int32_data(), tensor);
  }
}

static Expected<Tensor> parseTensor(StringRef bytes) {
  ::onnx::TensorProto proto;
  if (bytes.size() > INT32_MAX ||
      !proto.ParseFromArray(bytes.data(), bytes.size()))
    return invalid("is not an ONNX tensor");
  if (proto.data_location() == ::onnx::TensorProto::EXTERNAL)
    return invalid("keeps its data in another file, which is not supported");
  Tensor tensor;
  tensor.dtype = findDTypeOfOnnx(proto.data_type());
  if (!tensor.dtype)
    return invalid("has the element type " + Twine(proto.data_type()) +
                   ", which is not supported");
  int64_t bytesNeeded =
      is_contained(proto.dims(), 0) ? 0 : tensor.dtype->bytes();
  for (int64_t dim : proto.dims()) {
    if (dim < 0 ||
        (bytesNeeded && MulOverflow(bytesNeeded, dim, bytesNeeded)) ||
        bytesNeeded > INT32_MAX)
      return invalid("has dims that its data cannot fill");
    tensor.shape.push_back(dim);
  }
  tensor.data.resize(tensor.dtype->bytesOf(tensor.elements()));
  if (Error error = fillTensor(proto, tensor))
    return std::move(error);
  return std::move(tensor);
}

/// Reads PREFIX0.pb, PREFIX1.pb, ... up to the first that is not there.
static Error readNumbered(StringRef folder, StringRef prefix,
                          std::vector<Tensor> &tensors) {
  for (int i = 0;; ++i) {
    SmallString<256> path(folder);
    sys::path::append(path, prefix + Twine(i) + ".pb");
    if (!sys::fs::exists(path))
      return Error::success();
    Expected<std::unique_ptr<MemoryBuffer>> buffer =
        mlir::qopt::readRegularFile(path);
    if (!buffer)
      return invalid(path + ": " + toString(buffer.takeError()));
    Expected<Tensor> tensor = parseTensor((*buffer)->getBuffer());
    if (!tensor)
      return invalid(path + ": " + toString(tensor.takeError()));
    tensors.push_back(std::move(*tensor));
  }
}

static Error readSet(StringRef folder, DataSet &set) {
  if (Error error = readNumbered(folder, "input_", set.inputs))
    return error;
  return readNumbered(folder, "output_", set.outputs);
}

Expected<std::vector<DataSet>> readTestData(StringRef folder) {
  // The library prints what it refuses; this tool has its own message.
  google::protobuf::LogSilencer silencer;
  std::vector<DataSet> sets(1);
  if (Error error = readSet(folder, sets[0]))
    return std::move(error);
  if (!sets[0].inputs.empty() || !sets[0].outputs.empty())
    return std::move(sets);
  std::vector<std::string> names;
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code))
    if (sys::path::filename(it->path()).starts_with("test_data_set_"))
      names.push_back(it->path());
  if (code)
    return createStringError(code, folder + ": " + code.message());
  // test_data_set_10 comes after test_data_set_9.
  llvm::sort(names, [](StringRef a, StringRef b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  sets.clear();
  for (const std::string &name : names) {
    DataSet set;
    set.name = sys::path::filename(name).str();
    if (Error error = readSet(name, set))
      return std::move(error);
    sets.push_back(std::move(set));
  }
  if (sets.empty())
    return invalid(folder + ": holds neither input_0.pb nor test_data_set_0");
  return std::move(sets);
}

} // namespace runner
