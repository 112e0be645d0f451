//===- TensorProto.cpp - ONNX tensors in files of their own ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/TensorProto.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <cstring>
#include <map>

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
  Parser(StringRef bytes, TensorProto &result) : rest(bytes), result(result) {}
  Error parse();

private:
  bool readVarint(StringRef &from, uint64_t &value);
  bool readFixed(StringRef &from, unsigned bytes, uint64_t &value);
  bool readField();
  bool addValues(uint64_t field, uint64_t wire, StringRef bytes,
                 uint64_t value);

  StringRef rest;
  TensorProto &result;
  uint64_t location = 0;
  std::map<uint64_t, std::vector<uint64_t>> values;
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
  std::vector<uint64_t> &to = values[field];
  if (wire != 2) {
    to.push_back(value);
    return true;
  }
  unsigned fixed = field == FloatData ? 4 : field == DoubleData ? 8 : 0;
  while (!bytes.empty()) {
    if (!(fixed ? readFixed(bytes, fixed, value) : readVarint(bytes, value)))
      return false;
    to.push_back(value);
  }
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
    result.dataType = int64_t(value);
    return wire == 0;
  case DataLocation:
    location = value;
    return wire == 0;
  case RawData:
    result.raw = bytes;
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

/// Where the values of a TensorProto.DataType are when they are not raw.
static Field fieldOf(int64_t dataType) {
  switch (dataType) {
  case 1: // FLOAT
    return FloatData;
  case 7: // INT64
    return Int64Data;
  case 11: // DOUBLE
    return DoubleData;
  case 12: // UINT32
  case 13: // UINT64
    return Uint64Data;
  default:
    return Int32Data;
  }
}

Error Parser::parse() {
  while (!rest.empty())
    if (!readField())
      return invalidData("is not an ONNX tensor");
  if (location == 1)
    return invalidData(
        "keeps its data in another file, which is not supported");
  result.shape.assign(values[Dims].begin(), values[Dims].end());
  result.values = std::move(values[fieldOf(result.dataType)]);
  return Error::success();
}

Expected<TensorProto> TensorProto::parse(StringRef bytes) {
  TensorProto result;
  if (Error error = Parser(bytes, result).parse())
    return std::move(error);
  return std::move(result);
}

Expected<std::vector<char>> TensorProto::data(unsigned bits) const {
  int64_t elements = is_contained(shape, 0) ? 0 : 1, needed = 0;
  bool fits = llvm::none_of(shape, [](int64_t dim) { return dim < 0; });
  for (int64_t dim : shape)
    fits &= elements == 0 || !MulOverflow(elements, dim, elements);
  if (!fits || MulOverflow(elements, int64_t(bits), needed))
    return invalidData("has dims that its data cannot fill");
  needed = int64_t(divideCeil(uint64_t(needed), 8));
  if (raw) {
    if (raw->size() != uint64_t(needed))
      return invalidData("holds " + Twine(raw->size()) +
                         " bytes of data, expected " + Twine(needed));
    return std::vector<char>(raw->begin(), raw->end());
  }
  // A value holds an element, or a byte of packed ones. Halves are stored as
  // their bits; integers are cut to their low bytes.
  size_t bytes = std::max(bits / 8, 1u);
  if (values.size() != uint64_t(needed) / bytes)
    return invalidData("holds " + Twine(values.size()) +
                       " elements, expected " + Twine(elements));
  std::vector<char> result(needed);
  for (auto [i, value] : enumerate(values))
    std::memcpy(result.data() + i * bytes, &value, bytes);
  return std::move(result);
}

std::vector<std::string> numberedFiles(StringRef folder, StringRef prefix) {
  std::vector<std::string> files;
  while (true) {
    SmallString<256> path(folder);
    sys::path::append(path, prefix + Twine(files.size()) + ".pb");
    if (!sys::fs::exists(path))
      return files;
    files.push_back(path.str().str());
  }
}

Expected<std::vector<std::string>> testDataSets(StringRef folder) {
  std::vector<std::string> sets;
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code))
    if (sys::path::filename(it->path()).starts_with("test_data_set_"))
      sets.push_back(it->path());
  if (code)
    return createStringError(code, folder + ": " + code.message());
  // test_data_set_10 comes after test_data_set_9.
  llvm::sort(sets, [](StringRef a, StringRef b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return std::move(sets);
}

} // namespace mlir::qopt
