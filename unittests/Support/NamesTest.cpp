//===- NamesTest.cpp - hostile and misspelt names -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Names.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/ExitCodes.h"

#include "gtest/gtest.h"

#include <string>

using namespace llvm;
using namespace mlir::qopt;

TEST(QuoteName, LeavesOrdinaryNamesAlone) {
  EXPECT_EQ(quoteName("/encoder/layer.0/MatMul_1"),
            "'/encoder/layer.0/MatMul_1'");
  EXPECT_EQ(quoteName(""), "''");
  EXPECT_EQ(quoteName("$(touch x) %s%n \"q\""), "'$(touch x) %s%n \"q\"'");
  EXPECT_EQ(quoteName("gr\xC3\xBC\xC3\x9F"), "'gr\xC3\xBC\xC3\x9F'");
}

TEST(QuoteName, EscapesWhatATerminalOrALogWouldObey) {
  EXPECT_EQ(quoteName("a\nerror: b"), "'a\\nerror: b'");
  EXPECT_EQ(quoteName("\x1b[31m"), "'\\x1B[31m'");
  EXPECT_EQ(quoteName(StringRef("a\0b", 3)), "'a\\x00b'");
  EXPECT_EQ(quoteName("it's \\"), "'it\\'s \\\\'");
  // U+202E, right-to-left override.
  EXPECT_EQ(quoteName("\xE2\x80\xAE"), "'\\xE2\\x80\\xAE'");
}

TEST(QuoteName, EscapesBytesThatAreNoUTF8) {
  EXPECT_EQ(quoteName("\xFF\x80"), "'\\xFF\\x80'");
  EXPECT_EQ(quoteName("a\xC3"), "'a\\xC3'");
  EXPECT_EQ(quoteName("\xF0\x9F\x98"), "'\\xF0\\x9F\\x98'");
}

TEST(QuoteName, CutsLongNames) {
  std::string name(1000, 'x');
  EXPECT_EQ(quoteName(name, 10), "'xxxxxxxxxx...'");
}

TEST(DidYouMean, FindsTheNearest) {
  StringRef names[] = {"input_ids", "attention_mask", "token_type_ids"};
  EXPECT_EQ(didYouMean("inputids", names), "; did you mean 'input_ids'?");
  EXPECT_EQ(didYouMean("INPUT_IDS", names), "; did you mean 'input_ids'?");
  EXPECT_EQ(didYouMean("pixel_values", names), "");
  EXPECT_EQ(didYouMean("x", {}), "");
}

TEST(ExitCodes, HaveTexts) {
  EXPECT_STREQ(exitCodeText(ExitOk), "success");
  EXPECT_EQ(int(ExitInternal), 70);
  EXPECT_EQ(exitCodeText(42), nullptr);
}
