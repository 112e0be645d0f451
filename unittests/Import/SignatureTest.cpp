//===- SignatureTest.cpp - static shapes and ranges by option -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"

using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

/// Two inputs that share dims, one of which is a sum.
TestModel cacheModel() {
  TestModel model;
  model.input("input_ids", Int64, {"batch", "sequence"});
  model.input("attention_mask", Int64, {"batch", "past + sequence"});
  model.input("past_key", Float, {"batch", 2, "past", 8});
  model.output("y", Float, {"batch", 2, "past + sequence", 8});
  model.node("Relu", {"past_key"}, {"y"});
  return model;
}

Outcome withShape(std::string input, std::vector<int64_t> dims) {
  ImportOptions options;
  options.shapes.push_back({std::move(input), std::move(dims)});
  return cacheModel().import(options);
}

Outcome withDim(std::string name, int64_t low, int64_t high, int64_t opt = 0) {
  ImportOptions options;
  options.dims.push_back({std::move(name), low, high, opt});
  return cacheModel().import(options);
}

TEST(Signature, DynamicByDefault) {
  Outcome outcome = cacheModel().import();
  EXPECT_TRUE(outcome.contains(
      "tensor<?x?xi64> {onnx.dims = [\"batch\", \"past + sequence\"], "
      "onnx.name = \"attention_mask\"}"))
      << outcome.module;
  EXPECT_TRUE(outcome.contains("onnx.opset = 18 : i64"));
  EXPECT_TRUE(outcome.contains("onnx.producer = \"test\""));
}

TEST(Signature, ShapesBindSymbols) {
  Outcome outcome = withShape("input_ids", {1, 128});
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_TRUE(outcome.contains("tensor<1x128xi64>"));
  EXPECT_TRUE(outcome.contains("tensor<1x?xi64> {onnx.dims = [1, \"past + "
                               "128\"]"))
      << outcome.module;
  EXPECT_TRUE(outcome.contains("tensor<1x2x?x8xf32>"));
  outcome = withShape("input_ids", {-1, 128});
  EXPECT_TRUE(outcome.contains("tensor<?x128xi64>"));
}

TEST(Signature, DimsBindSymbols) {
  Outcome outcome = withDim("past", 0, 0);
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_TRUE(outcome.contains("[\"batch\", \"sequence\"], onnx.name = "
                               "\"attention_mask\""))
      << outcome.module;
  EXPECT_TRUE(outcome.contains("tensor<?x2x0x8xf32>"));
}

TEST(Signature, RangesAreKept) {
  Outcome outcome = withDim("sequence", 1, 2048, 128);
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_TRUE(outcome.contains("onnx.dim_ranges = {sequence = array<i64: 1, "
                               "2048, 128>}"))
      << outcome.module;
}

TEST(Signature, WrongOptionsAreUsageErrors) {
  EXPECT_IMPORT(withShape("input_id", {1, 128}), ExitUsage,
                "did you mean 'input_ids'?");
  EXPECT_IMPORT(withShape("input_ids", {1}), ExitUsage, "declares 2");
  EXPECT_IMPORT(withShape("past_key", {1, 3, 0, 8}), ExitUsage, "declares 2");
  EXPECT_IMPORT(withDim("sequense", 4, 4), ExitUsage,
                "did you mean 'sequence'?");
  EXPECT_IMPORT(withDim("sequence", 5, 4), ExitUsage, "range");
  EXPECT_IMPORT(withDim("sequence", 1, 4, 9), ExitUsage, "range");

  ImportOptions options;
  options.shapes = {{"input_ids", {1, 128}}, {"past_key", {2, -1, -1, -1}}};
  EXPECT_IMPORT(cacheModel().import(options), ExitUsage, "'batch'");
  options.shapes = {{"input_ids", {1, 128}}, {"attention_mask", {1, 100}}};
  EXPECT_IMPORT(cacheModel().import(options), ExitOk, "");
  options.dims = {{"past", 4, 4, 0}};
  EXPECT_IMPORT(cacheModel().import(options), ExitUsage, "132");
  options.shapes = {{"input_ids", {1, 128}}};
  options.dims = {{"sequence", 1, 64, 0}};
  EXPECT_IMPORT(cacheModel().import(options), ExitUsage, "outside the range");
}

/// Before IR 4 every initializer was an input too; it is a constant either way.
TEST(Signature, InitializersAmongInputs) {
  for (int64_t ir : {3, 8}) {
    TestModel model = addModel();
    model.proto.set_ir_version(ir);
    setType(*model.graph().add_input(), Float, {4});
    model.graph().mutable_input(1)->set_name("w");
    Outcome outcome = model.import();
    EXPECT_IMPORT(outcome, ExitOk, "");
    EXPECT_TRUE(outcome.contains("func.func @main(%arg0: tensor<?x4xf32>"))
        << outcome.module;
    EXPECT_FALSE(outcome.contains("%arg1"));
    EXPECT_TRUE(outcome.contains("onnx.Constant"));
  }
}

} // namespace
