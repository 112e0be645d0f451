//===- ReferenceProductTest.cpp - what quantization costs one product -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/ReferenceProduct.h"
#include "mlir/IR/MLIRContext.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace mlir::qopt;

namespace {

constexpr int64_t k = 24, n = 10, count = 7;

class ReferenceProductTest : public testing::Test {
protected:
  ReferenceProductTest() : rows(count * k) {
    std::mt19937 engine(3);
    std::normal_distribution<float> normal;
    std::vector<float> values(k * n);
    for (float &value : values)
      value = normal(engine);
    for (float &value : rows)
      value = normal(engine);
    // A column of outliers.
    for (int64_t row = 0; row < count; ++row)
      rows[row * k + 5] *= 40;
    attribute = DenseElementsAttr::get(
        RankedTensorType::get({k, n}, Float32Type::get(&context)),
        ArrayRef(values));
  }
  WeightMatrix weight() {
    return {*FloatData::get(attribute), k, n, /*transposed=*/false, 1};
  }
  ProductScheme scheme(StringRef text) {
    return {llvm::cantFail(SchemeSpec::parse(text)).scheme(&context, true)};
  }

  MLIRContext context;
  std::vector<float> rows;
  ElementsAttr attribute;
};

TEST_F(ReferenceProductTest, FollowsTheRuleOfAToken) {
  context.loadDialect<QOptDialect>();
  ReferenceProduct product(weight(), rows);
  std::vector<float> result = product.quantized(scheme("w8a8"));
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < n; ++column) {
      float ax = 0, aw = 0;
      double exact = 0;
      for (int64_t i = 0; i < k; ++i) {
        ax = std::max(ax, std::fabs(rows[row * k + i]));
        aw = std::max(aw, std::fabs(weight().at(i, column)));
        exact += double(rows[row * k + i]) * weight().at(i, column);
      }
      int64_t sum = 0;
      for (int64_t i = 0; i < k; ++i)
        sum += std::lrint(rows[row * k + i] * (127 / ax)) *
               std::lrint(weight().at(i, column) * (127 / aw));
      float want = float(sum) * (ax / 127 * (aw / 127));
      EXPECT_NEAR(result[row * n + column], want, 1e-4 * ax);
      EXPECT_NEAR(product.product()[row * n + column], exact, 1e-4 * ax);
    }
}

// Splitting the large column off must help, as smoothing must, and finding it
// at run time must be as good as knowing it.
TEST_F(ReferenceProductTest, RanksTheSchemes) {
  context.loadDialect<QOptDialect>();
  ReferenceProduct product(weight(), rows);
  double plain = product.measure(scheme("w8a8")).outputSQNR;
  ProductScheme listed = scheme("llm-int8{mode=static}");
  int64_t column = 5;
  listed.outliers = column;
  double split = product.measure(listed).outputSQNR;
  double found =
      product.measure(scheme("llm-int8{mode=dynamic-row}")).outputSQNR;
  double weightOnly = product.measure(scheme("w8a16")).outputSQNR;
  double tensor = product.measure(scheme("w8a8{weights=tensor}")).outputSQNR;
  EXPECT_GT(split, plain + 6);
  EXPECT_NEAR(found, split, 3);
  EXPECT_GT(weightOnly, plain);
  EXPECT_LE(tensor, plain + 0.5);
  std::vector<float> factors(k, 1.0f);
  factors[5] = 6;
  ProductScheme smoothed = scheme("w8a8");
  smoothed.factors = factors;
  EXPECT_GT(product.measure(smoothed).activationSQNR,
            product.measure(scheme("w8a8")).activationSQNR);
}

TEST_F(ReferenceProductTest, MeasuresStaticRanges) {
  context.loadDialect<QOptDialect>();
  ReferenceProduct product(weight(), rows);
  for (StringRef text : {"w8a8{activations=static}",
                         "w8a8{activations=static zero-point=true}"}) {
    ProductScheme wide = scheme(text), narrow = wide;
    wide.activationScale = 1;
    wide.zeroPoint = narrow.zeroPoint = text.contains("zero") ? 128 : 0;
    narrow.activationScale = 1e-3f;
    EXPECT_GT(product.measure(wide).outputSQNR,
              product.measure(narrow).outputSQNR + 10)
        << text.str();
  }
}

TEST_F(ReferenceProductTest, ExactIsInfinite) {
  context.loadDialect<QOptDialect>();
  std::vector<float> zeros(2 * k, 0.0f);
  ReferenceProduct product(weight(), zeros);
  ProductQuality quality = product.measure(scheme("w8a8"));
  EXPECT_TRUE(std::isinf(quality.outputSQNR));
  EXPECT_EQ(quality.cosine, 1);
  EXPECT_EQ(quality.maxError, 0);
  EXPECT_GT(quality.weightSQNR, 30);
}

} // namespace
