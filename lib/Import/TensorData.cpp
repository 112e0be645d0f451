//===- TensorData.cpp - TensorProto to elements attribute -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes are checked before anything is allocated: dims times element size must
// not overflow, and the bytes given must be exactly as many. A tensor gives its
// values in exactly one place: raw_data, the typed field of its data type, or
// external data. Values are little-endian in the file and in blobs.
//===----------------------------------------------------------------------===//

#include "TensorData.h"
#include "DataTypes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SwapByteOrder.h"

using namespace llvm;

namespace mlir::qopt::importer {

static_assert(sys::IsLittleEndianHost,
              "raw_data is little-endian and is used in place");

namespace {
/// Smaller constants are dense attributes: folding and printing see them.
constexpr uint64_t minBlobBytes = 1024;

/// Bytes of one element in attributes and blobs.
uint64_t elementBytes(Type type) {
  return std::max<uint64_t>(1, type.getIntOrFloatBitWidth() / 8);
}

/// Elements per byte of raw_data: types of 4 and 2 bits are packed, the first
/// element in the low bits.
unsigned packing(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  return width == 1 || width >= 8 ? 1 : 8 / width;
}

/// Bytes of `count` elements in raw_data.
uint64_t rawBytes(Type type, uint64_t count) {
  return divideCeil(count * elementBytes(type), packing(type));
}

/// One byte per element, its upper bits zero.
std::string unpack(StringRef packed, Type type, uint64_t count) {
  unsigned width = type.getIntOrFloatBitWidth(), perByte = packing(type);
  std::string bytes(count, 0);
  for (uint64_t i = 0; i < count; ++i)
    bytes[i] =
        static_cast<uint8_t>(packed[i / perByte]) >> (i % perByte * width) &
        ((1u << width) - 1);
  return bytes;
}

template <typename Narrow>
bool appendNarrow(int64_t value, std::string &bytes) {
  auto narrow = static_cast<Narrow>(value);
  bytes.append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
  return static_cast<int64_t>(narrow) == value;
}

/// Values of int32_data; false for one that its data type cannot hold.
bool appendFromInt32(int64_t value, Type type, std::string &bytes) {
  if (type.isInteger(1)) {
    bytes.push_back(value != 0);
    return value == 0 || value == 1;
  }
  // Packed elements and 8-bit floats are bytes, half types two bytes, with or
  // without sign extension.
  if (packing(type) > 1 || (isa<FloatType>(type) && elementBytes(type) == 1)) {
    bytes.push_back(static_cast<char>(value));
    return value >= INT8_MIN && value <= UINT8_MAX;
  }
  if (isa<FloatType>(type)) {
    auto bits = static_cast<uint16_t>(value);
    bytes.append(reinterpret_cast<const char *>(&bits), sizeof(bits));
    return value >= INT16_MIN && value <= UINT16_MAX;
  }
  bool isUnsigned = type.isUnsignedInteger();
  switch (type.getIntOrFloatBitWidth()) {
  case 8:
    return isUnsigned ? appendNarrow<uint8_t>(value, bytes)
                      : appendNarrow<int8_t>(value, bytes);
  case 16:
    return isUnsigned ? appendNarrow<uint16_t>(value, bytes)
                      : appendNarrow<int16_t>(value, bytes);
  default:
    return appendNarrow<int32_t>(value, bytes);
  }
}

/// The typed field that holds values of a type.
enum class Field { None, Float, Int32, Int64, Double, UInt64 };

Field fieldOf(Type type) {
  if (type.isF32())
    return Field::Float;
  if (type.isF64())
    return Field::Double;
  if (type.isInteger(64) && !type.isUnsignedInteger())
    return Field::Int64;
  if (type.isUnsignedInteger(32) || type.isUnsignedInteger(64))
    return Field::UInt64;
  return Field::Int32;
}

/// ONNX demands 0 or 1 and not all writers obey.
void normalizeBools(MutableArrayRef<char> bytes) {
  for (char &byte : bytes)
    byte = byte != 0;
}

struct FieldUse {
  Field field;
  const char *name;
  int size;
};
} // namespace

LogicalResult tensorTypeOf(const pb::TensorProto &tensor, const Twine &subject,
                           MLIRContext *context, Reporter &reporter,
                           RankedTensorType &type) {
  Type elementType;
  if (tensor.data_type() == 0)
    return reporter.invalid(subject + ": the tensor has no data type");
  if (failed(requireElementType(tensor.data_type(), subject, context, reporter,
                                elementType)))
    return failure();
  if (tensor.dims_size() > maxRank)
    return reporter.invalid(subject + ": rank " + Twine(tensor.dims_size()) +
                            " exceeds the limit of " + Twine(maxRank));
  ArrayRef<int64_t> dims(tensor.dims().data(), tensor.dims_size());
  uint64_t count = 0;
  for (int64_t dim : dims)
    if (dim < 0)
      return reporter.invalid(subject + ": negative dim " + Twine(dim));
  if (!countElements(dims, count) ||
      count > uint64_t(INT64_MAX) / elementBytes(elementType))
    return reporter.invalid(subject + ": the size of the tensor overflows");
  type = RankedTensorType::get(dims, elementType);
  return success();
}

LogicalResult TensorImporter::typedFields(const pb::TensorProto &tensor,
                                          Type elementType, uint64_t count,
                                          const std::string &subject,
                                          std::string &bytes) {
  const FieldUse uses[] = {
      {Field::Float, "float_data", tensor.float_data_size()},
      {Field::Int32, "int32_data", tensor.int32_data_size()},
      {Field::Int64, "int64_data", tensor.int64_data_size()},
      {Field::Double, "double_data", tensor.double_data_size()},
      {Field::UInt64, "uint64_data", tensor.uint64_data_size()},
      {Field::None, "string_data", tensor.string_data_size()}};
  Field wanted = fieldOf(elementType);
  for (const FieldUse &use : uses)
    if (use.size != 0 && use.field != wanted)
      return reporter.invalid(subject + ": values in " + use.name +
                              ", which is not the field of data type " +
                              dataTypeName(tensor.data_type()));
  // An entry of int32_data is a byte of packed elements.
  uint64_t entries = divideCeil(count, packing(elementType));
  for (const FieldUse &use : uses)
    if (use.field == wanted && static_cast<uint64_t>(use.size) != entries)
      return reporter.invalid(subject + ": " + Twine(use.size) + " values in " +
                              use.name + ", the shape has " + Twine(count) +
                              " elements");
  auto append = [&](const auto &values) {
    bytes.assign(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(*values.data()));
  };
  switch (wanted) {
  case Field::Float:
    append(tensor.float_data());
    return success();
  case Field::Double:
    append(tensor.double_data());
    return success();
  case Field::Int64:
    append(tensor.int64_data());
    return success();
  case Field::UInt64:
    if (elementType.isUnsignedInteger(64)) {
      append(tensor.uint64_data());
      return success();
    }
    for (uint64_t value : tensor.uint64_data())
      if (value > UINT32_MAX ||
          !appendNarrow<uint32_t>(static_cast<int64_t>(value), bytes))
        return reporter.invalid(subject + ": value " + Twine(value) +
                                " does not fit data type uint32");
    return success();
  case Field::Int32:
    for (int32_t value : tensor.int32_data())
      if (!appendFromInt32(value, elementType, bytes))
        return reporter.invalid(subject + ": value " + Twine(value) +
                                " does not fit data type " +
                                dataTypeName(tensor.data_type()));
    return success();
  case Field::None:
    break;
  }
  return failure();
}

ElementsAttr TensorImporter::makeAttr(RankedTensorType type, StringRef bytes) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values(
        map_range(bytes, [](char byte) { return byte != 0; }));
    return DenseElementsAttr::get(type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(bytes.data(), bytes.size()));
}

ElementsAttr TensorImporter::makeBlob(RankedTensorType type, StringRef hint,
                                      AsmResourceBlob blob) {
  // Keys are for readers of the IR; the context makes equal ones distinct.
  std::string key = "tensor";
  if (!hint.empty() && hint.size() <= 128) {
    key = hint.str();
    for (char &c : key)
      if (!isAlnum(c) && c != '.')
        c = '_';
    if (!isAlpha(key.front()))
      key.insert(0, "_");
  }
  return DenseResourceElementsAttr::get(type, key, std::move(blob));
}

LogicalResult TensorImporter::import(pb::TensorProto &tensor,
                                     const Twine &subjectTwine, StringRef hint,
                                     ElementsAttr &result) {
  std::string subject = subjectTwine.str();
  RankedTensorType type;
  if (failed(tensorTypeOf(tensor, subject, context, reporter, type)))
    return failure();
  if (tensor.has_segment())
    return reporter.unsupported(subject + ": tensors in segments");
  Type elementType = type.getElementType();
  uint64_t count = static_cast<uint64_t>(type.getNumElements());
  uint64_t size = rawBytes(elementType, count);
  size_t alignment = elementBytes(elementType);
  bool isPacked = packing(elementType) > 1;
  bool inBlob = count * elementBytes(elementType) >= minBlobBytes;
  bool hasTyped = tensor.float_data_size() || tensor.int32_data_size() ||
                  tensor.int64_data_size() || tensor.double_data_size() ||
                  tensor.uint64_data_size() || tensor.string_data_size();
  bool hasRaw = tensor.has_raw_data() && !tensor.raw_data().empty();

  auto copied = [&](StringRef bytes) -> ElementsAttr {
    std::string unpacked;
    if (isPacked) {
      unpacked = unpack(bytes, elementType, count);
      bytes = unpacked;
    }
    if (!inBlob)
      return makeAttr(type, bytes);
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef<char>(bytes.data(), bytes.size()), 64);
    if (elementType.isInteger(1))
      normalizeBools(blob.getMutableData());
    return makeBlob(type, hint, std::move(blob));
  };

  if (tensor.data_location() == pb::TensorProto::EXTERNAL) {
    if (hasTyped || hasRaw)
      return reporter.invalid(
          subject + ": values both in the model and in external data");
    ExternalBytes found;
    if (failed(external.find(tensor, size, subject, found)))
      return failure();
    auto address = reinterpret_cast<uintptr_t>(found.bytes.data());
    if (!inBlob || isPacked || address % alignment != 0 ||
        elementType.isInteger(1)) {
      result = copied(found.bytes);
      return success();
    }
    AsmResourceBlob blob(
        ArrayRef<char>(found.bytes.data(), found.bytes.size()), alignment,
        [file = found.file](void *, size_t, size_t) mutable { file.reset(); },
        /*dataIsMutable=*/false);
    result = makeBlob(type, hint, std::move(blob));
    return success();
  }

  if (hasTyped && hasRaw)
    return reporter.invalid(subject + ": values in two fields");
  if (hasRaw || !hasTyped) {
    if (tensor.raw_data().size() != size)
      return reporter.invalid(
          subject + ": " +
          (hasRaw ? Twine(tensor.raw_data().size()) : Twine("no")) +
          " bytes of data, shape and data type need " + Twine(size));
    if (!inBlob || isPacked) {
      result = copied(tensor.raw_data());
      return success();
    }
    // The blob takes over the string, so that the weights exist once.
    std::unique_ptr<std::string> owner(tensor.release_raw_data());
    if (elementType.isInteger(1))
      normalizeBools(MutableArrayRef<char>(owner->data(), owner->size()));
    ArrayRef<char> bytes(owner->data(), owner->size());
    AsmResourceBlob blob(
        bytes, alignment,
        [owner = std::move(owner)](void *, size_t, size_t) mutable {
          owner.reset();
        },
        /*dataIsMutable=*/false);
    result = makeBlob(type, hint, std::move(blob));
    return success();
  }

  std::string bytes;
  if (failed(typedFields(tensor, elementType, count, subject, bytes)))
    return failure();
  result = copied(bytes);
  return success();
}

} // namespace mlir::qopt::importer
