//===- ModelRun.cpp - tensors into and out of a model.so ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/ModelRun.h"

#include "qopt/Support/Half.h"
#include "qopt/Support/InvalidData.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

DLTensor viewTensor(NpyType type, ArrayRef<int64_t> shape,
                    ArrayRef<char> data) {
  int code = type.kind == 'f'   ? int(kDLFloat)
             : type.kind == 'b' ? int(kDLBool)
             : type.kind == 'u' ? int(kDLUInt)
                                : int(kDLInt);
  return qopt_tensor(data.data(), code, type.bytes * 8, shape.size(),
                     shape.data());
}

int64_t OutputTensor::elements() const {
  int64_t count = 1;
  for (int64_t dim : shape())
    count *= dim;
  return count;
}

const float *OutputTensor::floats(std::vector<float> &converted) const {
  const DLTensor &from = get();
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

Expected<std::vector<OutputTensor>> runModel(const qopt_api &api,
                                             qopt_model *model,
                                             ArrayRef<DLTensor> in,
                                             size_t outputs) {
  std::vector<DLManagedTensorVersioned *> out(outputs);
  char text[512] = "";
  if (api.run_owned(model, in.data(), in.size(), out.data(), out.size(), text,
                    sizeof text))
    return invalidData(text);
  std::vector<OutputTensor> result;
  for (DLManagedTensorVersioned *tensor : out)
    result.emplace_back(tensor);
  return std::move(result);
}

} // namespace mlir::qopt
