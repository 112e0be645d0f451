//===- TensorProto.cpp - ONNX tensors without protobuf --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The few fields of the message that a tensor of numbers has, read from the
// wire format: it is a list of tagged values, and raw data can stay where it
// is.
//===----------------------------------------------------------------------===//

#include "TensorProto.h"
#include "SampleSource.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

namespace {

enum Field {
  Dims = 1,
  DataType = 2,
  FloatData = 4,
  Int32Data = 5,
  Int64Data = 7,
  RawData = 9,
  DoubleData = 10,
  Uint64Data = 11,
  DataLocation = 14
};

class Parser {
public:
  Parser(StringRef bytes, SampleInput &result) : rest(bytes), result(result) {}
  Error parse();

private:
  static Error malformed() { return invalidSample("is not an ONNX tensor"); }
  bool readVarint(StringRef &from, uint64_t &value);
  bool readFixed(StringRef &from, unsigned bytes, uint64_t &value);
  bool readField();
  bool addValues(uint64_t field, uint64_t wire, StringRef bytes,
                 uint64_t value);
  std::optional<NpyType> type() const;
  Error fill(int64_t elements);

  StringRef rest;
  SampleInput &result;
  uint64_t dataType = 0, location = 0;
  std::vector<uint64_t> values;
  std::optional<StringRef> raw;
};

} // namespace

bool Parser::readVarint(StringRef &from, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (from.empty())
      return false;
    auto byte = static_cast<unsigned char>(from.front());
    from = from.drop_front();
    value |= uint64_t(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

bool Parser::readFixed(StringRef &from, unsigned bytes, uint64_t &value) {
  if (from.size() < bytes)
    return false;
  value = 0;
  std::memcpy(&value, from.data(), bytes); // little endian
  from = from.drop_front(bytes);
  return true;
}

/// Values of a repeated field: one, or packed together.
bool Parser::addValues(uint64_t field, uint64_t wire, StringRef bytes,
                       uint64_t value) {
  std::vector<uint64_t> own;
  if (wire != 2) {
    own.push_back(value);
  } else {
    unsigned fixed = field == FloatData ? 4 : field == DoubleData ? 8 : 0;
    while (!bytes.empty()) {
      if (!(fixed ? readFixed(bytes, fixed, value) : readVarint(bytes, value)))
        return false;
      own.push_back(value);
    }
  }
  if (field == Dims)
    result.shape.append(own.begin(), own.end());
  else
    values.insert(values.end(), own.begin(), own.end());
  return true;
}

bool Parser::readField() {
  uint64_t tag = 0, value = 0;
  StringRef bytes;
  if (!readVarint(rest, tag))
    return false;
  uint64_t field = tag >> 3, wire = tag & 7;
  if (wire == 0) {
    if (!readVarint(rest, value))
      return false;
  } else if (wire == 1 || wire == 5) {
    if (!readFixed(rest, wire == 1 ? 8 : 4, value))
      return false;
  } else if (wire == 2) {
    if (!readVarint(rest, value) || value > rest.size())
      return false;
    bytes = rest.take_front(value);
    rest = rest.drop_front(value);
  } else {
    return false;
  }
  switch (field) {
  case DataType:
    dataType = value;
    return wire == 0;
  case DataLocation:
    location = value;
    return wire == 0;
  case RawData:
    raw = bytes;
    return wire == 2;
  case Dims:
  case FloatData:
  case Int32Data:
  case Int64Data:
  case DoubleData:
  case Uint64Data:
    return addValues(field, wire, bytes, value);
  default:
    return true;
  }
}

/// Numbers of TensorProto.DataType.
std::optional<NpyType> Parser::type() const {
  switch (dataType) {
  case 1:
    return NpyType{'f', 4};
  case 2:
    return NpyType{'u', 1};
  case 3:
    return NpyType{'i', 1};
  case 4:
    return NpyType{'u', 2};
  case 5:
    return NpyType{'i', 2};
  case 6:
    return NpyType{'i', 4};
  case 7:
    return NpyType{'i', 8};
  case 9:
    return NpyType{'b', 1};
  case 10:
    return NpyType{'f', 2};
  case 11:
    return NpyType{'f', 8};
  case 12:
    return NpyType{'u', 4};
  case 13:
    return NpyType{'u', 8};
  default:
    return std::nullopt;
  }
}

Error Parser::fill(int64_t elements) {
  unsigned bytes = result.type.bytes;
  if (raw) {
    if (raw->size() != uint64_t(elements) * bytes)
      return invalidSample("holds " + Twine(raw->size()) +
                           " bytes of data, expected " +
                           Twine(elements * bytes));
    result.data = *raw;
    return Error::success();
  }
  if (values.size() != uint64_t(elements))
    return invalidSample("holds " + Twine(values.size()) +
                         " elements, expected " + Twine(elements));
  // Halves are stored as their bits; integers are cut to their low bytes.
  result.storage.resize(elements * bytes);
  for (auto [i, value] : enumerate(values))
    std::memcpy(result.storage.data() + i * bytes, &value, bytes);
  result.data = StringRef(result.storage.data(), result.storage.size());
  return Error::success();
}

Error Parser::parse() {
  while (!rest.empty())
    if (!readField())
      return malformed();
  if (location == 1)
    return invalidSample("keeps its data in another file, which is not "
                         "supported");
  std::optional<NpyType> known = type();
  if (!known)
    return invalidSample("has the element type " + Twine(dataType) +
                         ", which is not supported");
  result.type = *known;
  int64_t elements = is_contained(result.shape, 0) ? 0 : 1, bytes = 0;
  for (int64_t dim : result.shape)
    if (dim < 0 || (elements && MulOverflow(elements, dim, elements)))
      return invalidSample("has dims that its data cannot fill");
  if (MulOverflow(elements, int64_t(known->bytes), bytes))
    return invalidSample("has dims that its data cannot fill");
  return fill(elements);
}

Error parseTensorProto(StringRef bytes, SampleInput &result) {
  return Parser(bytes, result).parse();
}

} // namespace mlir::qopt
