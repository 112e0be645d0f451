//===- TextInputsTest.cpp - inputs that token ids determine ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/TextInputs.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace llvm;
using namespace mlir::qopt;

namespace {

/// A decoder with one cache and all inputs that a past is seen by.
TextInputs decoder(bool inPlace) {
  std::string length = inPlace ? "max_length" : "past";
  std::string json =
      R"({"inputs": [
        {"name": "input_ids", "dtype": "int64", "shape": ["batch", "seq"]},
        {"name": "attention_mask", "dtype": "int64", "shape": ["batch", "past + seq"]},
        {"name": "position_ids", "dtype": "int32", "shape": ["batch", "seq"]},
        {"name": "use_cache_branch", "dtype": "bool", "shape": [1]},
        {"name": "past_key_values.0.key", "dtype": "float32", "shape": ["batch", 2, ")" +
      length + R"(", 3]})" +
      (inPlace ? R"(, {"name": "past_length", "dtype": "int64", "shape": [1]})"
               : "") +
      R"(], "outputs": [], "isa": ["avx2"], "quant": "fp32", "source_sha256": "")" +
      (inPlace ? R"(, "kv_length": "past_length")" : "") + "}";
  Expected<Signature> signature = parseSignature(json);
  EXPECT_TRUE(bool(signature)) << toString(signature.takeError());
  Expected<TextInputs> inputs = TextInputs::create(*signature);
  EXPECT_TRUE(bool(inputs)) << toString(inputs.takeError());
  return std::move(*inputs);
}

template <typename T>
std::vector<int64_t> values(const TextInputs::Input &input) {
  std::vector<T> result(input.data.size() / sizeof(T));
  std::memcpy(result.data(), input.data.data(), input.data.size());
  return {result.begin(), result.end()};
}

using Dims = std::vector<int64_t>;

Dims dims(const TextInputs::Input &input) {
  return {input.shape.begin(), input.shape.end()};
}

TEST(TextInputs, EmptyPast) {
  TextInputs inputs = decoder(false);
  std::vector<int32_t> a = {7, 8, 9}, b = {5};
  ASSERT_FALSE(bool(inputs.set({a, b})));
  EXPECT_EQ(values<int64_t>(inputs.inputs()[0]), (Dims{7, 8, 9, 5, 5, 5}));
  EXPECT_EQ(values<int64_t>(inputs.inputs()[1]), (Dims{1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(values<int32_t>(inputs.inputs()[2]), (Dims{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(values<int8_t>(inputs.inputs()[3]), (Dims{0}));
  EXPECT_EQ(dims(inputs.inputs()[4]), (Dims{2, 2, 0, 3}));
  EXPECT_EQ(inputs.caches(), (std::vector<size_t>{4}));
}

TEST(TextInputs, BehindAPast) {
  TextInputs inputs = decoder(false);
  std::vector<int32_t> token = {7};
  ASSERT_FALSE(bool(inputs.set({token, token}, 2)));
  EXPECT_EQ(values<int64_t>(inputs.inputs()[0]), (Dims{7, 7}));
  EXPECT_EQ(dims(inputs.inputs()[1]), (Dims{2, 3}));
  EXPECT_EQ(values<int64_t>(inputs.inputs()[1]), (Dims{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(values<int32_t>(inputs.inputs()[2]), (Dims{2, 2}));
  EXPECT_EQ(values<int8_t>(inputs.inputs()[3]), (Dims{1}));
}

TEST(TextInputs, CachesInPlaceStayWithTheirContents) {
  TextInputs inputs = decoder(true);
  std::vector<int32_t> text = {7, 8}, token = {9};
  ASSERT_FALSE(bool(inputs.set({text}, 0, 5)));
  EXPECT_TRUE(inputs.caches().empty());
  EXPECT_EQ(dims(inputs.inputs()[4]), (Dims{1, 2, 5, 3}));
  EXPECT_EQ(values<int64_t>(inputs.inputs()[5]), (Dims{0}));
  const char *memory = inputs.inputs()[4].data.data();
  ASSERT_FALSE(bool(inputs.set({token}, 2)));
  EXPECT_EQ(inputs.inputs()[4].data.data(), memory);
  EXPECT_EQ(values<int64_t>(inputs.inputs()[5]), (Dims{2}));
}

TEST(TextInputs, NamesWhatIdsDoNotDetermine) {
  Expected<Signature> signature = parseSignature(
      R"({"inputs": [
        {"name": "encoder_mask", "dtype": "int64", "shape": ["batch", "length"]},
        {"name": "input_ids", "dtype": "int64", "shape": ["batch", "seq"]}],
        "outputs": [], "isa": ["avx2"], "quant": "fp32", "source_sha256": ""})");
  ASSERT_TRUE(bool(signature)) << toString(signature.takeError());
  EXPECT_EQ(toString(TextInputs::create(*signature).takeError()),
            "the input 'encoder_mask' is int64[batch, length], which token ids "
            "do not determine");
}

TEST(TextInputs, RoomForTheTextsAtLeast) {
  TextInputs inputs = decoder(true);
  std::vector<int32_t> text = {7, 8, 9};
  ASSERT_FALSE(bool(inputs.set({text})));
  EXPECT_EQ(dims(inputs.inputs()[4]), (Dims{1, 2, 3, 3}));
}

} // namespace
