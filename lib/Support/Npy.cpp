//===- Npy.cpp - NumPy array files ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Npy.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace llvm;

namespace mlir::qopt {

/// NumPy itself refuses to go beyond.
constexpr size_t maxRank = 32;
/// A header is some hundred bytes, whatever its length field says.
constexpr uint64_t maxHeader = 1 << 16;

std::string NpyType::str() const {
  switch (kind) {
  case 'b':
    return "bool";
  case 'i':
    return "int" + utostr(8 * bytes);
  case 'u':
    return "uint" + utostr(8 * bytes);
  default:
    return "float" + utostr(8 * bytes);
  }
}

namespace {

/// Reads the header's dictionary, whose grammar is that of Python literals cut
/// down to what NumPy writes.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text) {}

  Error parse(NpyArray &array) {
    if (!eat('{'))
      return malformed();
    bool first = true;
    while (!eat('}')) {
      if (!first && !eat(','))
        return malformed();
      if (eat('}'))
        break;
      first = false;
      if (Error error = parseEntry(array))
        return error;
    }
    skipSpace();
    if (!rest.empty())
      return malformed();
    if (!haveType || !haveOrder || !haveShape)
      return invalidData("the npy header lacks an entry");
    return Error::success();
  }

private:
  static Error malformed() {
    return invalidData("the npy header is malformed");
  }

  void skipSpace() { rest = rest.ltrim(" \t\n"); }

  bool eat(char c) {
    skipSpace();
    return rest.consume_front(StringRef(&c, 1));
  }

  std::optional<StringRef> parseString() {
    skipSpace();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return std::nullopt;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return std::nullopt;
    StringRef text = rest.slice(1, end);
    rest = rest.drop_front(end + 1);
    return text;
  }

  Error parseEntry(NpyArray &array) {
    std::optional<StringRef> key = parseString();
    if (!key || !eat(':'))
      return malformed();
    if (*key == "descr" && !haveType)
      return parseType(array.type);
    if (*key == "fortran_order" && !haveOrder)
      return parseOrder();
    if (*key == "shape" && !haveShape)
      return parseShape(array.shape);
    return invalidData("the npy header has an entry " + quoteName(*key) +
                       " too many");
  }

  Error parseType(NpyType &type) {
    haveType = true;
    std::optional<StringRef> text = parseString();
    if (!text)
      return invalidData("the array is structured; expected plain numbers");
    if (text->starts_with(">"))
      return invalidData("the array is big-endian; expected little-endian");
    if (*text == "|O" || *text == "O")
      return invalidData("the array holds pickled objects; expected numbers");
    if (text->size() < 3 || (text->front() != '<' && text->front() != '|'))
      return invalidData("the element type " + quoteName(*text) +
                         " is unknown");
    type.kind = (*text)[1];
    StringRef size = text->drop_front(2);
    bool known = type.kind == 'b'   ? size == "1"
                 : type.kind == 'f' ? size == "2" || size == "4" || size == "8"
                 : type.kind == 'i' || type.kind == 'u'
                     ? size == "1" || size == "2" || size == "4" || size == "8"
                     : false;
    if (!known)
      return invalidData("the element type " + quoteName(*text) +
                         " is not supported");
    type.bytes = size[0] - '0';
    return Error::success();
  }

  Error parseOrder() {
    haveOrder = true;
    skipSpace();
    if (rest.consume_front("False"))
      return Error::success();
    if (rest.consume_front("True"))
      return invalidData("the array is in Fortran order; expected C order "
                         "(numpy.ascontiguousarray)");
    return malformed();
  }

  Error parseShape(SmallVectorImpl<int64_t> &shape) {
    haveShape = true;
    if (!eat('('))
      return malformed();
    bool comma = false;
    while (!eat(')')) {
      skipSpace();
      StringRef digits = rest.take_while(isDigit);
      int64_t dim;
      if ((!shape.empty() && !comma) || digits.empty() ||
          (digits.size() > 1 && digits[0] == '0') ||
          digits.getAsInteger(10, dim))
        return invalidData("the shape in the npy header is malformed");
      rest = rest.drop_front(digits.size());
      shape.push_back(dim);
      if (shape.size() > maxRank)
        return invalidData("the array has more than " + Twine(maxRank) +
                           " dims");
      comma = eat(',');
    }
    // "(3)" is no tuple.
    if (shape.size() == 1 && !comma)
      return invalidData("the shape in the npy header is malformed");
    return Error::success();
  }

  StringRef rest;
  bool haveType = false, haveOrder = false, haveShape = false;
};

} // namespace

/// Finds the text of the header and where the data begins.
static Error splitFile(StringRef start, StringRef &header, uint64_t &offset) {
  StringRef rest = start;
  if (!rest.consume_front("\x93NUMPY"))
    return invalidData("is not an npy file");
  if (rest.size() < 4)
    return invalidData("is truncated");
  unsigned major = static_cast<unsigned char>(rest[0]), minor = rest[1];
  if (major < 1 || major > 3 || minor != 0)
    return invalidData("npy version " + Twine(major) + "." + Twine(minor) +
                       " is unknown");
  size_t lengthBytes = major == 1 ? 2 : 4;
  rest = rest.drop_front(2);
  if (rest.size() < lengthBytes)
    return invalidData("is truncated");
  uint64_t length = major == 1 ? support::endian::read16le(rest.data())
                               : support::endian::read32le(rest.data());
  rest = rest.drop_front(lengthBytes);
  if (length > maxHeader)
    return invalidData("the npy header is longer than " + Twine(maxHeader) +
                       " bytes");
  if (rest.size() < length)
    return invalidData("is truncated");
  header = rest.take_front(length);
  offset = start.size() - rest.size() + length;
  return Error::success();
}

Expected<NpyArray> parseNpyStart(StringRef start, uint64_t fileSize,
                                 uint64_t &offset) {
  NpyArray array;
  StringRef header;
  if (Error error = splitFile(start, header, offset))
    return std::move(error);
  if (Error error = HeaderParser(header).parse(array))
    return std::move(error);
  // With an empty dim the others may be anything that fits, so no product of
  // them may overflow before the zero is met.
  array.elements = is_contained(array.shape, 0) ? 0 : 1;
  for (int64_t dim : array.shape)
    if (array.elements && MulOverflow(array.elements, dim, array.elements))
      return invalidData("the dims are too large");
  int64_t bytes;
  if (MulOverflow(array.elements, int64_t(array.type.bytes), bytes))
    return invalidData("the dims are too large");
  if (uint64_t(bytes) != fileSize - offset)
    return invalidData("holds " + Twine(fileSize - offset) +
                       " bytes of data, expected " + Twine(bytes));
  return std::move(array);
}

Expected<NpyArray> parseNpy(StringRef file) {
  uint64_t offset = 0;
  Expected<NpyArray> array = parseNpyStart(file, file.size(), offset);
  if (array)
    array->data = file.drop_front(offset);
  return array;
}

Expected<std::unique_ptr<MemoryBuffer>> readRegularFile(StringRef path) {
  // Looked at first: opening a FIFO would wait for its writer.
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return createStringError(code, code.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return invalidData("is not a regular file");
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false,
                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(), buffer.getError().message());
  return std::move(*buffer);
}

Expected<NpyFile> readNpy(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
  if (!array)
    return array.takeError();
  return NpyFile{std::move(*buffer), std::move(*array)};
}

void writeNpy(raw_ostream &os, NpyType type, ArrayRef<int64_t> shape,
              StringRef data) {
  std::string header = "{'descr': '";
  header += type.bytes == 1 ? '|' : '<';
  header += type.kind;
  header += utostr(type.bytes) + "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : shape)
    header += itostr(dim) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1)
    header.resize(header.size() - 2);
  header += "), }";
  // Data starts at a multiple of 64 bytes, for those who map the file.
  constexpr size_t fixed = 10;
  header.append(
      alignTo(fixed + header.size() + 1, 64) - fixed - header.size() - 1, ' ');
  header += '\n';
  char length[2];
  support::endian::write16le(length, header.size());
  os << StringRef("\x93NUMPY\x01\x00", 8) << StringRef(length, 2) << header
     << data;
}

} // namespace mlir::qopt
