//===- TensorWriter.cpp - constants of the dialect to tensors of a file ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Always as raw_data, little-endian as attributes and blobs are. Tensors beside
// the model start at pages, so that a runtime can map them; small ones stay in
// it, where shape inference of runtimes finds them.
//===----------------------------------------------------------------------===//

#include "TensorWriter.h"
#include "NodeForm.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "qopt/Support/AtomicFile.h"

using namespace llvm;

namespace mlir::qopt::exporter {

namespace {
constexpr uint64_t pageBytes = 4096;
constexpr uint64_t minExternalBytes = 1024;

uint64_t elementBytes(Type type) {
  return std::max<uint64_t>(1, type.getIntOrFloatBitWidth() / 8);
}

/// Elements per byte of a file; in attributes each has its own.
unsigned packing(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  return width == 1 || width >= 8 ? 1 : 8 / width;
}

/// The first element in the low bits.
void pack(ArrayRef<char> bytes, Type type, SmallVectorImpl<char> &packed) {
  unsigned width = type.getIntOrFloatBitWidth(), perByte = packing(type);
  packed.assign(divideCeil(bytes.size(), perByte), 0);
  for (auto [i, byte] : enumerate(bytes))
    packed[i / perByte] |= (byte & ((1 << width) - 1)) << (i % perByte * width);
}

/// The elements, each in whole bytes; false if the data of a blob is gone.
bool bytesOf(ElementsAttr value, SmallVectorImpl<char> &storage,
             ArrayRef<char> &bytes) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return false;
    bytes = blob->getData();
    return bytes.size() == static_cast<uint64_t>(value.getNumElements()) *
                               elementBytes(value.getElementType());
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return false;
  if (dense.getElementType().isInteger(1)) {
    for (bool bit : dense.getValues<bool>())
      storage.push_back(bit);
    bytes = storage;
    return true;
  }
  bytes = dense.getRawData();
  if (dense.isSplat()) {
    for (int64_t i = 0; i < dense.getNumElements(); ++i)
      storage.append(bytes.begin(), bytes.end());
    bytes = storage;
  }
  return true;
}

void setEntry(pb::TensorProto &tensor, const char *key, std::string value) {
  pb::StringStringEntryProto &entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(std::move(value));
}
} // namespace

uint64_t tensorBytes(ElementsAttr value) {
  Type type = value.getElementType();
  return divideCeil(static_cast<uint64_t>(value.getNumElements()) *
                        elementBytes(type),
                    packing(type));
}

LogicalResult TensorWriter::writeExternal(ArrayRef<char> bytes, Location loc,
                                          pb::TensorProto &tensor) {
  std::string padding(alignTo(offset, pageBytes) - offset, '\0');
  std::error_code error = writeResult(fd, padding);
  if (!error)
    error = writeResult(fd, StringRef(bytes.data(), bytes.size()));
  if (error)
    return emitError(loc) << name << ": " << error.message();
  offset += padding.size();
  tensor.set_data_location(pb::TensorProto::EXTERNAL);
  setEntry(tensor, "location", name);
  setEntry(tensor, "offset", std::to_string(offset));
  setEntry(tensor, "length", std::to_string(bytes.size()));
  offset += bytes.size();
  return success();
}

LogicalResult TensorWriter::write(ElementsAttr value, Location loc,
                                  bool isInput, pb::TensorProto &tensor) {
  Type type = value.getElementType();
  FailureOr<int64_t> number = NodeForms::dataType(type, loc);
  if (failed(number))
    return failure();
  tensor.set_data_type(static_cast<int32_t>(*number));
  for (int64_t dim : value.getShapedType().getShape())
    tensor.add_dims(dim);
  SmallVector<char, 0> storage, packed;
  ArrayRef<char> bytes;
  if (!bytesOf(value, storage, bytes))
    return emitError(loc, "the data of the constant is not there");
  if (packing(type) > 1) {
    pack(bytes, type, packed);
    bytes = packed;
  }
  if (fd >= 0 && isInput && bytes.size() >= minExternalBytes)
    return writeExternal(bytes, loc, tensor);
  tensor.set_raw_data(bytes.data(), bytes.size());
  return success();
}

} // namespace mlir::qopt::exporter
