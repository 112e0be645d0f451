//===- LayerBlocksTest.cpp - the repeated blocks of a model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/LayerBlocks.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::qopt;

/// "FL": first and last; "-": in no block.
static std::string placesOf(std::vector<std::string> paths) {
  std::string text;
  for (const BlockPlace &place : findBlocks(paths)) {
    text += place.series.empty() ? "-" : "";
    text += place.isFirst ? "F" : place.isLast ? "L" : "";
    text += " ";
  }
  return text;
}

TEST(LayerBlocks, CountsPartsOfAPath) {
  EXPECT_EQ(
      placesOf({"/model/layers.0/fc1/MatMul", "/model/layers.1/fc1/MatMul",
                "/model/layers.2/fc1/MatMul", "/lm_head/MatMul"}),
      "F  L - ");
  EXPECT_EQ(placesOf({"block_9/a/x", "block_10/a/x", "block_11/a/x"}), "F  L ");
}

TEST(LayerBlocks, TellsSeriesApart) {
  EXPECT_EQ(
      placesOf({"/encoder/layer.0/q/MatMul", "/encoder/layer.1/q/MatMul",
                "/decoder/layer.0/q/MatMul", "/decoder/layer.5/q/MatMul"}),
      "F L F L ");
}

TEST(LayerBlocks, NumbersOfNodesAndNamesAreNone) {
  EXPECT_EQ(placesOf({"MatMul_0", "MatMul_1", "/mlp/fc1/MatMul",
                      "/mlp/fc2/MatMul", "/layers.0/fc1/MatMul", ""}),
            "- - - - - - ");
}
