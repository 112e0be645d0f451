//===- SmoothTest.cpp - factors of smoothing ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "gtest/gtest.h"

#include <limits>

using namespace mlir;
using namespace mlir::qopt;

namespace {

using Factors = std::vector<float>;

static Factors factors(ArrayRef<float> ax, ArrayRef<float> wx, double alpha) {
  SmallVector<float> s = smoothingFactors(ax, wx, alpha);
  return Factors(s.begin(), s.end());
}

TEST(SmoothTest, Formula) {
  EXPECT_EQ(factors({4, 16}, {1, 4}, 0.5), (Factors{2, 2}));
  // alpha 1 is ax alone, alpha 0 the inverse of wx alone.
  EXPECT_EQ(factors({4, 16}, {1, 4}, 1), (Factors{4, 16}));
  EXPECT_EQ(factors({4, 16}, {1, 4}, 0), (Factors{1, 0.25f}));
}

TEST(SmoothTest, DeadColumnsStay) {
  EXPECT_EQ(factors({0, 4}, {1, 1}, 0.5), (Factors{1, 2}));
  EXPECT_EQ(factors({0}, {2}, 0), (Factors{1}));
}

TEST(SmoothTest, SmallWeightsAndFactorsAreBounded) {
  EXPECT_FLOAT_EQ(factors({4}, {0}, 0)[0], 1e5f);
  EXPECT_FLOAT_EQ(factors({4}, {1e-9f}, 0)[0], 1e5f);
  EXPECT_FLOAT_EQ(factors({1e-30f}, {1}, 1)[0], 1e-5f);
}

TEST(SmoothTest, NothingInfinite) {
  float infinity = std::numeric_limits<float>::infinity();
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(factors({1, 1}, {infinity, nan}, 0.5), (Factors{1, 1}));
  // A weight of 1e30 times s = 1e30 would be infinite.
  EXPECT_EQ(factors({1e30f}, {1e30f}, 1), (Factors{1}));
}

} // namespace
