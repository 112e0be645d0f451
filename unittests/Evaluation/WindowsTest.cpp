//===- WindowsTest.cpp - which tokens are judged, and how inputs are made -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Windows.h"
#include "qopt/Support/TextInputs.h"
#include "gtest/gtest.h"

#include <cstring>
#include <numeric>

using namespace llvm;
using namespace mlir::qopt;

static TokenFile stream(int size) {
  TokenFile file;
  file.ids.resize(size);
  std::iota(file.ids.begin(), file.ids.end(), 0);
  file.offsets = {0, size};
  return file;
}

TEST(Windows, StrideJudgesEachTokenOnce) {
  TokenFile file = stream(23);
  ProtocolOptions options;
  options.window = 8;
  options.stride = 3;
  Expected<WindowList> list = cutWindows(file, options);
  ASSERT_TRUE(bool(list));
  std::vector<int32_t> targets;
  for (const Window &window : list->windows)
    for (int64_t t = window.first; t < window.last; ++t)
      targets.push_back(window.ids[t + 1]);
  std::vector<int32_t> wanted(22);
  std::iota(wanted.begin(), wanted.end(), 1);
  EXPECT_EQ(targets, wanted);
  EXPECT_EQ(list->dropped, 0);
}

TEST(Windows, RemainderIsDropped) {
  TokenFile file = stream(23);
  ProtocolOptions options;
  options.window = 8;
  Expected<WindowList> list = cutWindows(file, options);
  ASSERT_TRUE(bool(list));
  ASSERT_EQ(list->windows.size(), 2u);
  EXPECT_EQ(list->windows[1].predictions(), 7);
  EXPECT_EQ(list->dropped, 7);
  options.limit = 1;
  list = cutWindows(file, options);
  ASSERT_TRUE(bool(list));
  EXPECT_EQ(list->windows.size(), 1u);
}

TEST(Windows, LlamaCppScoresTheSecondHalf) {
  TokenFile file = stream(16);
  ProtocolOptions options;
  options.protocol = Protocol::LlamaCpp;
  options.window = 8;
  options.bos = 99;
  Expected<WindowList> list = cutWindows(file, options);
  ASSERT_TRUE(bool(list));
  ASSERT_EQ(list->windows.size(), 2u);
  // n_ctx - 1 - n_ctx / 2 of them.
  EXPECT_EQ(list->windows[1].predictions(), 3);
  EXPECT_EQ(list->windows[1].first, 4);
  EXPECT_EQ(list->windows[0].ids[0], 99);
  EXPECT_EQ(list->windows[1].ids[0], 99);
  EXPECT_EQ(list->windows[1].ids[1], 9);
}

TEST(Windows, DocumentsStandAlone) {
  TokenFile file = stream(10);
  file.ids[4] = file.ids[5] = 0;
  ASSERT_TRUE(file.splitAt(0));
  EXPECT_FALSE(file.splitAt(7));
  ProtocolOptions options;
  options.protocol = Protocol::Documents;
  options.window = 4;
  Expected<WindowList> list = cutWindows(file, options);
  ASSERT_TRUE(bool(list));
  // 0 1 2 3; 0 alone; 0 6 7 8 9, cut.
  ASSERT_EQ(list->windows.size(), 2u);
  EXPECT_EQ(list->dropped, 1);
  EXPECT_EQ(list->windows[1].ids.size(), 4u);
  EXPECT_EQ(list->windows[1].predictions(), 3);
}

TEST(Windows, NothingLeftIsAnError) {
  TokenFile file = stream(5);
  ProtocolOptions options;
  Expected<WindowList> list = cutWindows(file, options);
  EXPECT_EQ(toString(list.takeError()),
            "the file holds 5 tokens, less than one window of 512");
  options.window = 4;
  options.stride = 5;
  list = cutWindows(file, options);
  EXPECT_EQ(toString(list.takeError()),
            "a stride of 5 leaves tokens out between windows of 4");
}

static Signature decoder(StringRef batch) {
  std::string text = R"({"inputs": [
    {"name": "input_ids", "dtype": "int64", "shape": [BATCH, "length"]},
    {"name": "attention_mask", "dtype": "float32",
     "shape": [BATCH, "past + length"]},
    {"name": "position_ids", "dtype": "int32", "shape": [BATCH, "length"]},
    {"name": "past_key_values.0.key", "dtype": "bfloat16",
     "shape": [BATCH, 2, "past", 4]}], "outputs": []})";
  for (size_t at; (at = text.find("BATCH")) != std::string::npos;)
    text.replace(at, 5, batch);
  Expected<Signature> signature = parseSignature(text);
  EXPECT_TRUE(bool(signature));
  return std::move(*signature);
}

template <typename T>
static std::vector<T> values(const TextInputs::Input &in) {
  std::vector<T> result(in.data.size() / sizeof(T));
  std::memcpy(result.data(), in.data.data(), in.data.size());
  return result;
}

TEST(TextInputs, FillsADecoder) {
  Expected<TextInputs> inputs = TextInputs::create(decoder("\"batch\""));
  ASSERT_TRUE(bool(inputs));
  int32_t first[] = {5, 6, 7}, second[] = {8};
  ASSERT_FALSE(bool(inputs->set({first, second})));
  ArrayRef<TextInputs::Input> in = inputs->inputs();
  EXPECT_EQ(values<int64_t>(in[0]), (std::vector<int64_t>{5, 6, 7, 8, 8, 8}));
  EXPECT_EQ(values<float>(in[1]), (std::vector<float>{1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(values<int32_t>(in[2]), (std::vector<int32_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(in[3].shape, (SmallVector<int64_t, 4>{2, 2, 0, 4}));
  EXPECT_TRUE(in[3].data.empty());
}

TEST(TextInputs, FixedBatchIsFilledUp) {
  Expected<TextInputs> inputs = TextInputs::create(decoder("2"));
  ASSERT_TRUE(bool(inputs));
  EXPECT_EQ(inputs->fixedRows(), 2);
  int32_t text[] = {5, 6};
  ASSERT_FALSE(bool(inputs->set({text})));
  EXPECT_EQ(values<int64_t>(inputs->inputs()[0]),
            (std::vector<int64_t>{5, 6, 5, 6}));
  EXPECT_EQ(toString(inputs->set({text, text, text})),
            "a batch of 3: the model takes 2");
}

TEST(TextInputs, RefusesWhatTextDoesNotTell) {
  Signature signature = decoder("\"batch\"");
  signature.inputs[1].name = "encoder_hidden_states";
  Expected<TextInputs> inputs = TextInputs::create(signature);
  EXPECT_EQ(toString(inputs.takeError()),
            "the input 'encoder_hidden_states' is float32[batch, past + "
            "length], which token ids do not determine");
}
