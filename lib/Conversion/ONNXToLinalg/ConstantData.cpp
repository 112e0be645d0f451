//===- ConstantData.cpp - bytes of constants ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blobs are shared, not copied, wherever only the type changes.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "SmallTypes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>

using namespace mlir;
using namespace mlir::qopt;

static RankedTensorType signlessType(ElementsAttr value) {
  auto type = cast<RankedTensorType>(value.getShapedType());
  return type.clone(storageType(type.getElementType()));
}

static int64_t elementBytes(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

ArrayRef<char> qopt::bytesOf(ElementsAttr value,
                             SmallVectorImpl<char> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return resource.getData();
  auto dense = cast<DenseElementsAttr>(value);
  int64_t count = dense.getNumElements();
  if (dense.getElementType().isInteger(1)) {
    for (bool bit : dense.getValues<bool>())
      storage.push_back(bit);
    return storage;
  }
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return raw;
  storage.reserve(count * raw.size());
  for (int64_t i = 0; i < count; ++i)
    storage.append(raw.begin(), raw.end());
  return storage;
}

DenseElementsAttr qopt::asInline(ElementsAttr value) {
  value = storageForm(value);
  RankedTensorType type = signlessType(value);
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return dense.getType() == type ? dense
                                   : dense.bitcast(type.getElementType());
  SmallVector<char> storage;
  ArrayRef<char> bytes = bytesOf(value, storage);
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits;
    for (char byte : bytes)
      bits.push_back(byte != 0);
    return DenseElementsAttr::get(type, bits);
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

ElementsAttr qopt::makeBlob(RankedTensorType type, ArrayRef<char> bytes,
                            StringRef name) {
  constexpr size_t kAlignment = 64; // a cache line, and what AVX-512 loads
  return DenseResourceElementsAttr::get(
      type, name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, kAlignment,
                                                    /*dataIsMutable=*/false));
}

ElementsAttr qopt::asBlob(ElementsAttr value) {
  value = storageForm(value);
  RankedTensorType type = signlessType(value);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return resource.getType() == type
               ? resource
               : DenseResourceElementsAttr::get(type, resource.getRawHandle());
  SmallVector<char> storage;
  return makeBlob(type, bytesOf(value, storage), "constant");
}

ElementsAttr qopt::transposeMatrix(ElementsAttr value) {
  RankedTensorType type = signlessType(value);
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  int64_t size = elementBytes(type.getElementType());
  SmallVector<char> storage;
  ArrayRef<char> from = bytesOf(value, storage);
  std::vector<char> to(from.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      std::memcpy(&to[(j * rows + i) * size], &from[(i * columns + j) * size],
                  size);
  return makeBlob(RankedTensorType::get({columns, rows}, type.getElementType()),
                  to, "transposed");
}

ElementsAttr qopt::toF32(ElementsAttr value) {
  RankedTensorType type = signlessType(value);
  auto element = cast<FloatType>(type.getElementType());
  Type f32 = Float32Type::get(type.getContext());
  if (element == f32)
    return value;
  SmallVector<char> storage;
  ArrayRef<char> from = bytesOf(value, storage);
  int64_t size = elementBytes(element), count = type.getNumElements();
  std::vector<float> to(count);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, &from[i * size], size);
    llvm::APFloat number(element.getFloatSemantics(),
                         llvm::APInt(element.getWidth(), bits));
    bool losesInfo;
    number.convert(llvm::APFloat::IEEEsingle(),
                   llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    to[i] = number.convertToFloat();
  }
  return makeBlob(type.clone(f32),
                  ArrayRef<char>(reinterpret_cast<const char *>(to.data()),
                                 to.size() * sizeof(float)),
                  "f32");
}

ElementsAttr qopt::toBF16(ElementsAttr value) {
  RankedTensorType type = signlessType(value);
  Type bf16 = BFloat16Type::get(type.getContext());
  if (type.getElementType() == bf16)
    return value;
  value = toF32(value);
  SmallVector<char> storage;
  ArrayRef<char> from = bytesOf(value, storage);
  std::vector<uint16_t> to(type.getNumElements());
  for (size_t i = 0; i < to.size(); ++i) {
    uint32_t bits;
    std::memcpy(&bits, &from[i * sizeof(bits)], sizeof(bits));
    bool isNaN = (bits & 0x7fffffff) > 0x7f800000;
    // A NaN stays one, also when its payload is in the lower half.
    to[i] =
        isNaN ? (bits >> 16) | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
  return makeBlob(type.clone(bf16),
                  ArrayRef<char>(reinterpret_cast<const char *>(to.data()),
                                 to.size() * sizeof(uint16_t)),
                  "bf16");
}
