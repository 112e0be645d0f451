//===- LoadedModel.cpp - a model.so that is being judged ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/LoadedModel.h"

#include "qopt/Support/Half.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace mlir::qopt {

static Error failure(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::invalid_argument),
                           message);
}

int64_t OutputTensor::elements() const {
  int64_t count = 1;
  for (int64_t dim : shape())
    count *= dim;
  return count;
}

const float *OutputTensor::floats(std::vector<float> &converted) const {
  const DLTensor &from = tensor->dl_tensor;
  const char *data = static_cast<const char *>(from.data) + from.byte_offset;
  int64_t count = elements();
  auto read = [&](auto element, auto convert) {
    converted.resize(count);
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&element, data + i * sizeof element, sizeof element);
      converted[i] = convert(element);
    }
    return converted.data();
  };
  if (from.dtype.code == kDLFloat && from.dtype.bits == 32)
    return reinterpret_cast<const float *>(data);
  if (from.dtype.code == kDLFloat && from.dtype.bits == 64)
    return read(double(), [](double value) { return float(value); });
  if (from.dtype.code == kDLFloat && from.dtype.bits == 16)
    return read(uint16_t(), halfToFloat);
  if (from.dtype.code == kDLBfloat && from.dtype.bits == 16)
    return read(uint16_t(), [](uint16_t half) {
      uint32_t bits = uint32_t(half) << 16;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return value;
    });
  return nullptr;
}

Expected<std::unique_ptr<LoadedModel>>
LoadedModel::open(StringRef path, const ModelOptions &options) {
  std::unique_ptr<LoadedModel> model(new LoadedModel);
  model->path = path.str();
  char text[512] = "";
  // Its message begins with the path.
  if (qopt_load_library(model->path.c_str(), &model->handle, text, sizeof text))
    return createStringError(
        std::make_error_code(std::errc::no_such_file_or_directory), text);
  (void)sys::fs::file_size(path, model->bytes);
  Expected<Signature> parsed =
      parseSignature(model->handle.api->signature_json());
  if (!parsed)
    return failure(path + ": " + toString(parsed.takeError()));
  model->signature = std::move(*parsed);

  qopt_options open = {};
  open.size = sizeof open;
  open.num_threads = options.threads;
  open.isa = options.isa.empty() ? nullptr : options.isa.c_str();
  open.observe_user = model.get();
  open.observe = [](void *user, int32_t tap, const char *name,
                    const float *data, int64_t rows, int64_t columns) {
    if (Observer &observer = static_cast<LoadedModel *>(user)->observer)
      observer(tap, name, data, rows, columns);
  };
  if (model->handle.api->open(&open, &model->handle.model, text, sizeof text))
    return failure(path + ": " + text);
  return std::move(model);
}

Expected<std::vector<OutputTensor>> LoadedModel::run(ArrayRef<DLTensor> in) {
  std::vector<DLManagedTensorVersioned *> out(signature.outputs.size());
  char text[512] = "";
  if (qopt_run_owned(&handle, in.data(), in.size(), out.data(), out.size(),
                     text, sizeof text))
    return failure(path + ": " + text);
  std::vector<OutputTensor> result;
  for (DLManagedTensorVersioned *tensor : out)
    result.emplace_back(tensor);
  return std::move(result);
}

} // namespace mlir::qopt
