//===- TensorProtoTest.cpp ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/TensorProto.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace llvm;
using namespace mlir::qopt;

/// A field of wire type 0, and one of wire type 2.
static std::string number(unsigned field, unsigned char value) {
  return {char(field << 3), char(value)};
}
static std::string bytes(unsigned field, const std::string &content) {
  return std::string{char(field << 3 | 2), char(content.size())} + content;
}

static TensorProto parsed(const std::string &text) {
  // The data stays in the text: keep it.
  static std::string kept;
  kept = text;
  Expected<TensorProto> tensor = TensorProto::parse(kept);
  if (!tensor) {
    ADD_FAILURE() << toString(tensor.takeError());
    return {};
  }
  return std::move(*tensor);
}

static std::string failureOf(Expected<std::vector<char>> data) {
  return data ? "" : toString(data.takeError());
}

TEST(TensorProtoTest, Raw) {
  TensorProto tensor = parsed(number(1, 2) + number(1, 2) + number(2, 2) +
                              bytes(8, "name") + bytes(9, "abcd"));
  EXPECT_EQ(tensor.dataType, 2);
  EXPECT_EQ(tensor.shape, (SmallVector<int64_t, 4>{2, 2}));
  Expected<std::vector<char>> data = tensor.data(8);
  ASSERT_TRUE(bool(data));
  EXPECT_EQ(*data, (std::vector<char>{'a', 'b', 'c', 'd'}));
  EXPECT_EQ(failureOf(tensor.data(16)), "holds 4 bytes of data, expected 8");
}

TEST(TensorProtoTest, Values) {
  float value = 1.5f;
  std::string one(sizeof value, '\0');
  std::memcpy(one.data(), &value, sizeof value);
  // Packed and one by one; dims too.
  TensorProto floats = parsed(bytes(1, "\x02") + number(2, 1) + bytes(4, one) +
                              char(4 << 3 | 5) + one);
  Expected<std::vector<char>> data = floats.data(32);
  ASSERT_TRUE(bool(data));
  float read[2];
  ASSERT_EQ(data->size(), sizeof read);
  std::memcpy(read, data->data(), sizeof read);
  EXPECT_EQ(read[0], value);
  EXPECT_EQ(read[1], value);

  // Only the field of the type counts, and -1 is cut to a byte.
  TensorProto ints =
      parsed(number(1, 1) + number(2, 3) + number(7, 5) +
             bytes(5, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  data = ints.data(8);
  ASSERT_TRUE(bool(data));
  EXPECT_EQ(*data, std::vector<char>{char(-1)});
}

TEST(TensorProtoTest, Packed) {
  // Three elements of 4 bits: a value per byte.
  TensorProto tensor =
      parsed(number(1, 3) + number(2, 22) + bytes(5, "\x21\x03"));
  Expected<std::vector<char>> data = tensor.data(4);
  ASSERT_TRUE(bool(data));
  EXPECT_EQ(*data, (std::vector<char>{0x21, 0x03}));
  EXPECT_EQ(failureOf(tensor.data(8)), "holds 2 elements, expected 3");
}

TEST(TensorProtoTest, Dims) {
  std::string huge = bytes(1, std::string("\xff\xff\xff\xff\xff\xff\xff\x7f"
                                          "\xff\xff\xff\xff\xff\xff\xff\x7f"));
  EXPECT_EQ(failureOf(parsed(huge + number(2, 1)).data(32)),
            "has dims that its data cannot fill");
  // Beside a dim of 0 the others may be anything.
  Expected<std::vector<char>> empty =
      parsed(huge + number(1, 0) + number(2, 1)).data(32);
  ASSERT_TRUE(bool(empty));
  EXPECT_TRUE(empty->empty());
}

TEST(TensorProtoTest, Refused) {
  auto failure = [](StringRef text) {
    Expected<TensorProto> tensor = TensorProto::parse(text);
    return tensor ? "" : toString(tensor.takeError());
  };
  EXPECT_EQ(failure("\x0a\x7fgarbage"), "is not an ONNX tensor");
  EXPECT_EQ(failure("\x08"), "is not an ONNX tensor");
  EXPECT_EQ(failure(number(14, 1)),
            "keeps its data in another file, which is not supported");
}
