//===- HostTensor.cpp - constants as numbers -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostTensor.h"

#include "qopt/Support/Half.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace mlir::onnx;

// Attributes smaller than this are printed with the IR and uniqued; larger ones
// live in blobs.
static constexpr int64_t kResourceBytes = 1024;

std::optional<HostTensor::Kind> HostTensor::kindOf(Type elementType) {
  if (elementType.isF32())
    return Kind::Float;
  if (elementType.isF64())
    return Kind::Double;
  if (elementType.isF16())
    return Kind::Half;
  if (elementType.isBF16())
    return Kind::BFloat;
  auto integer = dyn_cast<IntegerType>(elementType);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return Kind::Bool;
  case 8:
    return isUnsigned ? Kind::UInt8 : Kind::Int8;
  case 16:
    return isUnsigned ? Kind::UInt16 : Kind::Int16;
  case 32:
    return isUnsigned ? Kind::UInt32 : Kind::Int32;
  case 64:
    return isUnsigned ? Kind::UInt64 : Kind::Int64;
  default:
    return std::nullopt;
  }
}

bool HostTensor::isSupported(Type elementType) {
  return kindOf(elementType).has_value();
}

HostTensor HostTensor::create(RankedTensorType type, bool splat) {
  HostTensor tensor;
  tensor.type = type;
  tensor.kind = *kindOf(type.getElementType());
  tensor.bytes = (type.getElementTypeBitWidth() + 7) / 8;
  tensor.splat = splat;
  tensor.storage.resize((splat ? 1 : type.getNumElements()) * tensor.bytes);
  tensor.view = tensor.storage;
  return tensor;
}

std::optional<HostTensor> HostTensor::read(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getShapedType());
  if (!type || !type.hasStaticShape() || !isSupported(type.getElementType()))
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    // Bools are packed in the attribute.
    if (type.getElementType().isInteger(1)) {
      HostTensor tensor = create(type, dense.isSplat());
      int64_t i = 0;
      if (dense.isSplat())
        tensor.setInt(0, dense.getSplatValue<bool>());
      else
        for (bool value : dense.getValues<bool>())
          tensor.setInt(i++, value);
      return tensor;
    }
    HostTensor tensor = create(type, /*splat=*/true);
    tensor.splat = dense.isSplat();
    tensor.storage.clear();
    tensor.view = dense.getRawData();
    return tensor;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  HostTensor tensor = create(type, /*splat=*/true);
  tensor.splat = false;
  tensor.storage.clear();
  if (!blob || blob->getData().size() <
                   static_cast<size_t>(type.getNumElements() * tensor.bytes))
    return std::nullopt;
  tensor.view = blob->getData();
  return tensor;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T> static T load(const char *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T> static void store(char *to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

int64_t HostTensor::getInt(int64_t i) const {
  switch (kind) {
  case Kind::Bool:
    return load<int8_t>(at(i)) != 0;
  case Kind::Int8:
    return load<int8_t>(at(i));
  case Kind::Int16:
    return load<int16_t>(at(i));
  case Kind::Int32:
    return load<int32_t>(at(i));
  case Kind::Int64:
  case Kind::UInt64:
    return load<int64_t>(at(i));
  case Kind::UInt8:
    return load<uint8_t>(at(i));
  case Kind::UInt16:
    return load<uint16_t>(at(i));
  case Kind::UInt32:
    return load<uint32_t>(at(i));
  default:
    llvm_unreachable("not an integer tensor");
  }
}

double HostTensor::getFloat(int64_t i) const {
  switch (kind) {
  case Kind::Half:
    return mlir::qopt::halfToFloat(load<uint16_t>(at(i)));
  case Kind::BFloat: {
    uint32_t bits = static_cast<uint32_t>(load<uint16_t>(at(i))) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  case Kind::Float:
    return load<float>(at(i));
  case Kind::Double:
    return load<double>(at(i));
  default:
    llvm_unreachable("not a float tensor");
  }
}

void HostTensor::setInt(int64_t i, int64_t value) {
  switch (kind) {
  case Kind::Bool:
    return store<int8_t>(writableAt(i), value != 0);
  case Kind::Int8:
  case Kind::UInt8:
    return store<int8_t>(writableAt(i), static_cast<int8_t>(value));
  case Kind::Int16:
  case Kind::UInt16:
    return store<int16_t>(writableAt(i), static_cast<int16_t>(value));
  case Kind::Int32:
  case Kind::UInt32:
    return store<int32_t>(writableAt(i), static_cast<int32_t>(value));
  case Kind::Int64:
  case Kind::UInt64:
    return store<int64_t>(writableAt(i), value);
  default:
    llvm_unreachable("not an integer tensor");
  }
}

void HostTensor::setFloat(int64_t i, double value) {
  switch (kind) {
  case Kind::Half:
  case Kind::BFloat: {
    // One rounding, from double: going through float would round twice.
    llvm::APFloat number(value);
    bool losesInfo;
    number.convert(kind == Kind::Half ? llvm::APFloat::IEEEhalf()
                                      : llvm::APFloat::BFloat(),
                   llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return store<uint16_t>(writableAt(i),
                           number.bitcastToAPInt().getZExtValue());
  }
  case Kind::Float:
    return store<float>(writableAt(i), static_cast<float>(value));
  case Kind::Double:
    return store<double>(writableAt(i), value);
  default:
    llvm_unreachable("not a float tensor");
  }
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

ElementsAttr HostTensor::toAttr(StringRef resourceName) {
  int64_t count = splat ? 1 : getNumElements();
  if (kind == Kind::Bool && (splat || count < kResourceBytes)) {
    SmallVector<bool> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(getInt(i));
    return DenseElementsAttr::get(type, values);
  }
  if (splat || count * bytes < kResourceBytes)
    return DenseElementsAttr::getFromRawBuffer(type,
                                               view.take_front(count * bytes));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      view.take_front(count * bytes), /*align=*/64, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, resourceName, std::move(blob));
}
