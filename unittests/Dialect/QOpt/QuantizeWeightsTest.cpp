//===- QuantizeWeightsTest.cpp - codes and scales to the last bit ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "qopt/Support/Half.h"

#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace mlir::qopt;

namespace {

class QuantizeWeightsTest : public testing::Test {
protected:
  ElementsAttr dense(ArrayRef<int64_t> shape, ArrayRef<float> values) {
    return DenseElementsAttr::get(
        RankedTensorType::get(shape, Float32Type::get(&context)), values);
  }
  WeightMatrix matrix(int64_t k, int64_t n, ArrayRef<float> values,
                      bool transposed = false, float factor = 1) {
    ElementsAttr value =
        transposed ? dense({n, k}, values) : dense({k, n}, values);
    return {*FloatData::get(value), k, n, transposed, factor};
  }
  MLIRContext context;
};

std::vector<float> randomValues(size_t count) {
  std::mt19937 engine(7);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(engine);
  return values;
}

// The rule of the specification, written down once more, with nearbyintf.
TEST_F(QuantizeWeightsTest, MatchesTheRule) {
  constexpr int64_t k = 37, n = 19;
  std::vector<float> values = randomValues(k * n);
  std::vector<int64_t> removed{0, 5, 36};
  for (bool transposed : {false, true})
    for (float factor : {1.0f, -0.3f}) {
      WeightMatrix weight = matrix(k, n, values, transposed, factor);
      std::vector<int8_t> codes(k * n);
      std::vector<float> scales(n);
      EXPECT_EQ(quantizeColumns(weight, removed, codes, scales), 0);
      for (int64_t column = 0; column < n; ++column) {
        auto at = [&](int64_t row) {
          return factor *
                 values[transposed ? column * k + row : row * n + column];
        };
        float a = 0;
        for (int64_t row = 0; row < k; ++row)
          if (!llvm::is_contained(removed, row))
            a = std::max(a, std::fabs(at(row)));
        EXPECT_EQ(scales[column], a / 127.0f);
        float r = 127.0f / a;
        for (int64_t row = 0; row < k; ++row) {
          float x = std::min(std::max(at(row) * r, -127.0f), 127.0f);
          int wanted = llvm::is_contained(removed, row) ? 0 : nearbyintf(x);
          EXPECT_EQ(codes[row * n + column], wanted);
        }
      }
    }
}

TEST_F(QuantizeWeightsTest, TinyIsZero) {
  float limit = 127 * 1.17549435e-38f;
  float below = std::nextafter(limit, 0.0f);
  WeightMatrix weight = matrix(1, 4, {0.0f, below, limit, 1e-40f});
  std::vector<int8_t> codes(4, 55);
  std::vector<float> scales(4);
  EXPECT_EQ(quantizeColumns(weight, {}, codes, scales), 3);
  EXPECT_EQ(codes, (std::vector<int8_t>{0, 0, 127, 0}));
  EXPECT_EQ(scales[1], 1.0f);
  EXPECT_TRUE(std::isnormal(scales[2]));
}

TEST_F(QuantizeWeightsTest, CodesNeverReachMinus128) {
  std::vector<float> values = randomValues(64 * 64);
  // Where 127 / a * a rounds above 127.
  for (float &value : values)
    value = value < 0 ? -3.14159f : value;
  WeightMatrix weight = matrix(64, 64, values);
  std::vector<int8_t> codes(64 * 64);
  std::vector<float> scales(64);
  quantizeColumns(weight, {}, codes, scales);
  EXPECT_GE(*std::min_element(codes.begin(), codes.end()), -127);
}

TEST_F(QuantizeWeightsTest, ReadsBlobsAtAnyAlignment) {
  std::vector<char> bytes(1 + 4 * 6);
  float values[] = {1, -2, 3, 4, 5, -6};
  std::memcpy(bytes.data() + 1, values, sizeof values);
  auto type = RankedTensorType::get({3, 2}, Float32Type::get(&context));
  auto attribute = DenseResourceElementsAttr::get(
      type, "w",
      UnmanagedAsmResourceBlob::allocateWithAlign(
          llvm::ArrayRef<char>(bytes).drop_front(), /*align=*/1));
  std::optional<FloatData> data = FloatData::get(attribute);
  ASSERT_TRUE(data);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ((*data)[i], values[i]);
  // Too short, and of another type.
  auto longer = RankedTensorType::get({7}, Float32Type::get(&context));
  EXPECT_FALSE(FloatData::get(DenseResourceElementsAttr::get(
      longer, "short",
      UnmanagedAsmResourceBlob::allocateWithAlign(bytes, /*align=*/1))));
  EXPECT_FALSE(FloatData::get(
      DenseElementsAttr::get(longer.clone(IntegerType::get(&context, 32)), 1)));
}

TEST_F(QuantizeWeightsTest, ReadsSplats) {
  std::optional<FloatData> data = FloatData::get(dense({4}, {2.5f}));
  ASSERT_TRUE(data);
  EXPECT_EQ((*data)[3], 2.5f);
}

TEST_F(QuantizeWeightsTest, FindsTheFirstNonfinite) {
  std::vector<float> values(12, 1.0f);
  values[7] = __builtin_nanf("");
  values[9] = __builtin_inff();
  WeightMatrix weight = matrix(3, 4, values);
  ASSERT_EQ(findNonfinite(weight), 7);
  EXPECT_EQ(weight.stored(7), (std::pair<int64_t, int64_t>(1, 3)));
  WeightMatrix transposed = matrix(3, 4, values, /*transposed=*/true);
  EXPECT_EQ(transposed.stored(7), (std::pair<int64_t, int64_t>(2, 1)));
  values[7] = values[9] = 1;
  EXPECT_FALSE(findNonfinite(matrix(3, 4, values)));
  // The factor may overflow what was finite.
  values[4] = 3e38f;
  EXPECT_EQ(findNonfinite(matrix(3, 4, values, false, 2)), 4);
}

TEST_F(QuantizeWeightsTest, KeepsTailRows) {
  float values[] = {1, 70000, 3, 4, 5, 6};
  WeightMatrix weight = matrix(3, 2, values);
  EXPECT_FALSE(fitsHalf(weight, {0, 1}));
  EXPECT_TRUE(fitsHalf(weight, {1, 2}));
  std::vector<uint16_t> half(4);
  copyRowsHalf(weight, {1, 2}, half);
  EXPECT_EQ(half[1], floatToHalf(4));
  EXPECT_EQ(half[2], floatToHalf(5));
  std::vector<float> full(2);
  copyRowsFloat(weight, {0}, full);
  EXPECT_EQ(full, (std::vector<float>{1, 70000}));
}

} // namespace
