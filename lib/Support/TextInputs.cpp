//===- TextInputs.cpp - all inputs of a model for rows of token ids -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/TextInputs.h"

#include "qopt/Support/CacheNames.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstring>

using namespace llvm;

namespace mlir::qopt {

std::optional<NpyType> npyTypeOf(StringRef dtype) {
  return StringSwitch<std::optional<NpyType>>(dtype)
      .Case("bool", NpyType{'b', 1})
      .Case("int8", NpyType{'i', 1})
      .Case("int16", NpyType{'i', 2})
      .Case("int32", NpyType{'i', 4})
      .Case("int64", NpyType{'i', 8})
      .Case("uint8", NpyType{'u', 1})
      .Case("uint16", NpyType{'u', 2})
      .Case("uint32", NpyType{'u', 4})
      .Case("uint64", NpyType{'u', 8})
      .Case("float16", NpyType{'f', 2})
      .Case("float32", NpyType{'f', 4})
      .Case("float64", NpyType{'f', 8})
      .Default(std::nullopt);
}

Expected<TextInputs> TextInputs::create(const Signature &signature,
                                        StringRef idsName) {
  TextInputs result;
  result.ports = signature.inputs;
  if (auto name = signature.json.getString("kv_length"))
    result.lengthName = name->str();
  if (Error error = result.chooseRoles(idsName))
    return std::move(error);
  return std::move(result);
}

Error TextInputs::chooseRoles(StringRef idsName) {
  if (idsName.empty() && any_of(ports, [](const SignaturePort &port) {
        return port.name == "input_ids";
      }))
    idsName = "input_ids";
  int ids = -1;
  for (auto [i, port] : enumerate(ports)) {
    std::optional<NpyType> type = npyTypeOf(port.dtype);
    bool past = !cacheOfPast(port.name).empty();
    // The caches may have a type of their own: an empty one needs no bytes.
    if (!type && !past)
      return invalidData("the input " + quoteName(port.name) + " is " +
                         port.str() + ", which token ids do not determine");
    values.push_back({type.value_or(NpyType{'u', 1}), {}, {}});
    StringRef name = port.name;
    std::optional<Role> role =
        name == idsName      ? std::optional(Role::Ids)
        : name == lengthName ? Role::PastLength
        : past               ? Role::Past
               : StringSwitch<std::optional<Role>>(name)
                     .Case("input_ids", Role::Ids)
                     .Case("attention_mask", Role::Mask)
                     .Cases({"position_ids", "cache_position"}, Role::Positions)
                     .Case("token_type_ids", Role::Zeros)
                     .Case("use_cache_branch", Role::HasPast)
                     .Default(std::nullopt);
    bool integers = type && (type->kind == 'i' || type->kind == 'u');
    if (!role && ids < 0 && integers && port.shape.size() == 2 &&
        idsName.empty())
      role = Role::Ids;
    if (!role || (*role == Role::Ids && ids >= 0) ||
        (*role == Role::Ids && (!integers || port.shape.size() != 2)))
      return invalidData("the input " + quoteName(port.name) + " is " +
                         port.str() + ", which token ids do not determine");
    if (*role == Role::Ids)
      ids = i;
    roles.push_back(*role);
  }
  if (ids < 0)
    return invalidData(idsName.empty()
                           ? "the model has no input for token ids (input_ids)"
                           : "the model has no input " + quoteName(idsName));
  idsIndex = ids;
  rows = ports[ids].shape[0].size;
  length = ports[ids].shape[1].size;
  return Error::success();
}

/// Writes `value(i)` as element i of an integer, boolean or f32 array.
template <typename ValueAt>
static bool fillElements(TextInputs::Input &input, int64_t count,
                         ValueAt valueAt) {
  NpyType type = input.type;
  if (type.kind == 'f' && type.bytes != 4)
    return false;
  input.data.resize(count * type.bytes);
  for (int64_t i = 0; i < count; ++i) {
    char *out = input.data.data() + i * type.bytes;
    int64_t value = valueAt(i);
    float number = value;
    std::memcpy(out, type.kind == 'f' ? static_cast<void *>(&number) : &value,
                type.bytes); // little endian
  }
  return true;
}

std::vector<size_t> TextInputs::caches() const {
  std::vector<size_t> result;
  for (auto [i, role] : enumerate(roles))
    if (role == Role::Past && lengthName.empty())
      result.push_back(i);
  return result;
}

Error TextInputs::fillCache(size_t index) {
  const SignaturePort &port = ports[index];
  Input &input = values[index];
  if (pastLength > 0)
    return Error::success();
  // The batch is the symbol that the ids have for it, or else the first axis;
  // what no number says is the length.
  StringRef batch = ports[idsIndex].shape[0].text;
  input.shape.clear();
  int64_t count = 1;
  for (auto [axis, dim] : enumerate(port.shape)) {
    bool isRows = batch.empty() ? axis == 0 : dim.text == batch;
    input.shape.push_back(dim.size >= 0 ? dim.size
                          : isRows      ? runRows
                                        : cacheLength);
    count *= input.shape.back();
  }
  if (count != 0 && lengthName.empty())
    return invalidData("the input " + quoteName(port.name) + " is " +
                       port.str() +
                       ": a cache of fixed length cannot be empty");
  if (count != 0 && !npyTypeOf(port.dtype))
    return invalidData("the input " + quoteName(port.name) + " is " +
                       port.str() + ": its type is not supported here");
  input.data.assign(count * input.type.bytes, 0);
  return Error::success();
}

Error TextInputs::fill(size_t index, ArrayRef<ArrayRef<int32_t>> texts) {
  const SignaturePort &port = ports[index];
  Input &input = values[index];
  Role role = roles[index];
  size_t rank = port.shape.size();
  auto fail = [&](const Twine &why) {
    return invalidData("the input " + quoteName(port.name) + " is " +
                       port.str() + ": " + why);
  };
  int64_t width = role == Role::Mask ? pastLength + runLength : runLength;
  if (role == Role::HasPast || role == Role::PastLength)
    input.shape.assign(rank, 1);
  else if (rank == 2)
    input.shape = {runRows, width};
  else if (role == Role::Positions && rank == 1)
    input.shape = {width};
  else
    return fail("expected rank 2");
  int64_t count = 1;
  for (auto [axis, dim] : enumerate(port.shape)) {
    if (dim.size >= 0 && dim.size != input.shape[axis])
      return fail("axis " + Twine(axis) + " would be " +
                  Twine(input.shape[axis]));
    count *= input.shape[axis];
  }
  bool filled = fillElements(input, count, [&](int64_t i) -> int64_t {
    ArrayRef<int32_t> text;
    if (role == Role::Ids || role == Role::Mask)
      // Rows that only the fixed shape asks for repeat the first.
      text = texts[i / width < int64_t(texts.size()) ? i / width : 0];
    int64_t position = i % width;
    switch (role) {
    case Role::Ids:
      return position < int64_t(text.size()) ? text[position] : text.back();
    case Role::Mask:
      return position < pastLength + int64_t(text.size());
    case Role::Positions:
      return pastLength + position;
    case Role::PastLength:
      return pastLength;
    case Role::HasPast:
      return pastLength > 0;
    default:
      return 0;
    }
  });
  return filled ? Error::success() : fail("its type is not supported here");
}

Error TextInputs::set(ArrayRef<ArrayRef<int32_t>> texts, int64_t past,
                      int64_t room) {
  runRows = rows >= 0 ? rows : texts.size();
  runLength = 0;
  for (ArrayRef<int32_t> text : texts)
    runLength = std::max<int64_t>(runLength, text.size());
  if (length >= 0 && runLength > length)
    return invalidData("a text of " + Twine(runLength) +
                       " tokens: the model takes " + Twine(length));
  if (rows >= 0 && int64_t(texts.size()) > rows)
    return invalidData("a batch of " + Twine(texts.size()) +
                       ": the model takes " + Twine(rows));
  if (length >= 0)
    runLength = length;
  pastLength = past;
  cacheLength = lengthName.empty() ? 0 : std::max(room, runLength);
  for (size_t i = 0; i < ports.size(); ++i)
    if (Error error = roles[i] == Role::Past ? fillCache(i) : fill(i, texts))
      return error;
  return Error::success();
}

} // namespace mlir::qopt
