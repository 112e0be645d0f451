//===- SignatureTest.cpp - the JSON that a model.so carries ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Signature.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace mlir::qopt;

namespace {

TEST(SignatureTest, Ports) {
  Expected<Signature> s = parseSignature(
      R"({"abi": 1, "inputs": [{"name": "x", "dtype": "int64",
          "shape": [2, "past + length", null]}],
          "outputs": [], "isa": ["avx2"], "quant": "w8a8"})");
  ASSERT_TRUE(bool(s)) << toString(s.takeError());
  ASSERT_EQ(s->inputs.size(), 1u);
  EXPECT_EQ(s->inputs[0].str(), "int64[2, past + length, ?]");
  EXPECT_EQ(s->isa, std::vector<std::string>{"avx2"});
  EXPECT_EQ(s->quant, "w8a8");
}

TEST(SignatureTest, Damaged) {
  for (const char *text :
       {"", "{", "[]", "{}", R"({"inputs": []})",
        R"({"inputs": [1], "outputs": []})",
        R"({"inputs": [{"name": "x"}], "outputs": []})",
        R"({"inputs": [{"name": "x", "dtype": "f", "shape": [1.5]}],
            "outputs": []})"}) {
    Expected<Signature> s = parseSignature(text);
    EXPECT_FALSE(bool(s)) << text;
    if (!s)
      consumeError(s.takeError());
  }
}

SignatureDim dim(const char *text) {
  SignatureDim d;
  d.text = text;
  return d;
}

TEST(SignatureTest, Dims) {
  DimBindings bindings = {{"past", 3}, {"length", 4}, {"a * b", 7}};
  EXPECT_EQ(dim("length").evaluate(bindings), 4);
  EXPECT_EQ(dim("past + length").evaluate(bindings), 7);
  EXPECT_EQ(dim("past + 1+length").evaluate(bindings), 8);
  EXPECT_EQ(dim("a * b").evaluate(bindings), 7);
  EXPECT_EQ(dim("a * c").evaluate(bindings), std::nullopt);
  EXPECT_EQ(dim("past + other").evaluate(bindings), std::nullopt);
  EXPECT_EQ(dim("past +").evaluate(bindings), std::nullopt);
  EXPECT_EQ(dim("").evaluate(bindings), std::nullopt);
  EXPECT_EQ(dim("past + 2").symbols(), std::vector<std::string>{"past"});
  SignatureDim fixed;
  fixed.size = 9;
  EXPECT_EQ(fixed.evaluate({}), 9);
}

} // namespace
