//===- DimSymbolsTest.cpp - what is proved about dims --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Analysis/DimSymbols.h"

#include "gtest/gtest.h"

using namespace mlir::onnx;

namespace {

struct DimSymbolsTest : testing::Test {
  DimSymbols symbols;
  DimExpr n = symbols.makeInput("n", {}, 0);
  DimExpr m = symbols.makeInput("m", {}, 1);
  DimExpr element = symbols.getElement({}, 0);
};

TEST_F(DimSymbolsTest, Signs) {
  EXPECT_TRUE(symbols.isNonNegative(n));
  EXPECT_FALSE(symbols.isPositive(n));
  EXPECT_TRUE(symbols.isPositive(n * m + 1));
  EXPECT_FALSE(symbols.isNonNegative(n - 1));
  EXPECT_TRUE(symbols.isNegative(DimExpr(-1) - n));
  EXPECT_FALSE(symbols.isNonNegative(element));
  EXPECT_FALSE(symbols.isNegative(element));
}

TEST_F(DimSymbolsTest, MinAndMax) {
  EXPECT_EQ(symbols.min(n, n + m), n);
  EXPECT_EQ(symbols.max(n, n + m), n + m);
  EXPECT_EQ(symbols.max(n, 0), n);
  DimExpr low = symbols.min(n, 128);
  EXPECT_EQ(low, symbols.min(128, n));
  EXPECT_TRUE(symbols.isNonNegative(n - low));
  EXPECT_TRUE(symbols.isNonNegative(DimExpr(128) - low));
  EXPECT_TRUE(symbols.isNonNegative(low));
  EXPECT_TRUE(symbols.isPositive(symbols.max(element, 1)));
}

TEST_F(DimSymbolsTest, Division) {
  EXPECT_EQ(symbols.floorDiv(n * 6, 3), n * 2);
  EXPECT_EQ(symbols.floorDiv(n * m, n), m);
  EXPECT_EQ(symbols.floorDiv(-7, 2), DimExpr(-4));
  EXPECT_EQ(symbols.ceilDiv(7, 2), DimExpr(4));
  // What divides is taken out of the symbol.
  EXPECT_EQ(symbols.floorDiv(n * 4 + m + 5, 2),
            n * 2 + symbols.floorDiv(m + 1, 2) + 2);
  DimExpr half = symbols.floorDiv(n, 2);
  EXPECT_TRUE(symbols.isNonNegative(half));
  EXPECT_TRUE(symbols.isNonNegative(n - half));
  EXPECT_EQ(half, symbols.floorDiv(n, 2));
}

TEST_F(DimSymbolsTest, Broadcast) {
  EXPECT_EQ(symbols.broadcast(n, n), n);
  EXPECT_EQ(symbols.broadcast(n, 1), n);
  EXPECT_EQ(symbols.broadcast(1, n), n);
  EXPECT_EQ(symbols.broadcast(n, 8), DimExpr(8));
  EXPECT_FALSE(symbols.broadcast(7, 8));
  EXPECT_EQ(symbols.broadcast(n + 2, m), n + 2);
  DimExpr both = *symbols.broadcast(n, m);
  EXPECT_EQ(symbols.broadcast(m, n), both);
  EXPECT_EQ(symbols.broadcast(both, n), both);
}

TEST_F(DimSymbolsTest, CutTables) {
  DimExpr cut = symbols.min(128, n);
  auto equal = symbols.impliedEqual(cut, n);
  ASSERT_TRUE(equal);
  EXPECT_EQ(DimExpr::symbol(equal->first), cut);
  EXPECT_EQ(equal->second, n);
  // A table of one entry broadcasts.
  EXPECT_FALSE(symbols.impliedEqual(symbols.min(1, n), n));
  EXPECT_FALSE(symbols.impliedEqual(cut, m));
  symbols.assumeEqual(equal->first, equal->second);
  EXPECT_EQ(symbols.resolve(cut * 2), n * 2);
  EXPECT_EQ(symbols.min(n, 128), n);
}

TEST_F(DimSymbolsTest, Text) {
  EXPECT_EQ(symbols.toString(0), "0");
  EXPECT_EQ(symbols.toString(n + 1), "n + 1");
  EXPECT_EQ(symbols.toString(m * 2 - n), "-n + 2*m");
  EXPECT_EQ(symbols.toString(n * m), "n*m");
  EXPECT_EQ(symbols.toString(symbols.floorDiv(n, 2)), "floordiv(n, 2)");
}

TEST_F(DimSymbolsTest, Entry) {
  EXPECT_TRUE(symbols.isEntry(symbols.floorDiv(n + m, 2)));
  EXPECT_FALSE(symbols.isEntry(element + n));
  EXPECT_FALSE(symbols.isEntry(symbols.max(element, n)));
}

} // namespace
