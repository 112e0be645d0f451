//===- DimExprTest.cpp - polynomials over dimension symbols --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Analysis/DimExpr.h"

#include "gtest/gtest.h"

#include <random>

using namespace mlir::onnx;

namespace {

const DimExpr a = DimExpr::symbol(0), b = DimExpr::symbol(1),
              c = DimExpr::symbol(2);

TEST(DimExpr, CanonicalForm) {
  EXPECT_EQ(a + b, b + a);
  EXPECT_EQ((a + b) * c, a * c + c * b);
  EXPECT_EQ(a - a, DimExpr(0));
  EXPECT_EQ((a + 1) * (a - 1), a * a - 1);
  EXPECT_NE(a, b);
  EXPECT_NE(a * a, a);
}

TEST(DimExpr, Constants) {
  EXPECT_EQ(DimExpr(0).getConstant(), 0);
  EXPECT_EQ((DimExpr(6) * 7).getConstant(), 42);
  EXPECT_FALSE(a.isConstant());
  EXPECT_TRUE((a - a + 3).isConstant(3));
  EXPECT_EQ((a * 2 + 5).getConstantTerm(), 5);
  EXPECT_EQ((a * 2).getConstantTerm(), 0);
}

TEST(DimExpr, Symbols) {
  EXPECT_EQ(a.getSymbol(), 0u);
  EXPECT_FALSE((a * 2).getSymbol());
  EXPECT_FALSE((a * a).getSymbol());
  EXPECT_FALSE(DimExpr(3).getSymbol());
}

TEST(DimExpr, ExactDivision) {
  // The -1 of Reshape: [b, s, 64] -> [b, s, 4, -1].
  EXPECT_EQ((a * b * 64).dividedBy(a * b * 4), DimExpr(16));
  // [b * 8, s, 16] -> [b, 8, s, -1].
  EXPECT_EQ((a * 8 * b * 16).dividedBy(a * 8 * b), DimExpr(16));
  // The length of a cache: (past + seq) * 4 by past + seq.
  EXPECT_EQ(((a + b) * 4 * c).dividedBy(a + b), c * 4);
  EXPECT_EQ((a * a - 1).dividedBy(a + 1), a - 1);
  EXPECT_EQ(DimExpr(0).dividedBy(a), DimExpr(0));
}

TEST(DimExpr, DivisionWithRemainder) {
  EXPECT_FALSE((a * 3).dividedBy(DimExpr(2)));
  EXPECT_FALSE((a + 1).dividedBy(b));
  EXPECT_FALSE((a + b).dividedBy(a));
  EXPECT_FALSE(a.dividedBy(DimExpr(0)));
  EXPECT_FALSE(DimExpr(INT64_MIN).dividedBy(DimExpr(-1)));
}

TEST(DimExpr, Substitution) {
  EXPECT_EQ((a * a + b).substitute(0, c + 1), c * c + c * 2 + 1 + b);
  EXPECT_EQ((a - b).substitute(0, b), DimExpr(0));
}

TEST(DimExpr, ArithmeticWraps) {
  DimExpr large = DimExpr(INT64_MAX) * a;
  EXPECT_EQ(large + a, DimExpr(INT64_MIN) * a);
}

// Division undoes multiplication, whatever the polynomials.
TEST(DimExpr, RandomProducts) {
  std::mt19937 random(1);
  auto polynomial = [&] {
    DimExpr sum;
    for (int term = 0; term < 3; ++term) {
      DimExpr part = static_cast<int64_t>(random() % 9) - 4;
      for (int factor = random() % 3; factor > 0; --factor)
        part = part * DimExpr::symbol(random() % 3);
      sum = sum + part;
    }
    return sum;
  };
  for (int round = 0; round < 1000; ++round) {
    DimExpr p = polynomial(), q = polynomial();
    EXPECT_EQ(p * q, q * p);
    if (q.isConstant(0))
      continue;
    std::optional<DimExpr> quotient = (p * q).dividedBy(q);
    ASSERT_TRUE(quotient);
    EXPECT_EQ(*quotient, p);
  }
}

} // namespace
