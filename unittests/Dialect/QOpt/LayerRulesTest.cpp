//===- LayerRulesTest.cpp - which rule decides ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/QOpt/Transforms/LayerRules.h"

#include "gtest/gtest.h"

using namespace mlir::qopt;

namespace {

TEST(LayerRules, TheLastMatchDecides) {
  LayerRules rules;
  EXPECT_FALSE(bool(rules.addRule("keep:layer\\.[0-3]/")));
  EXPECT_FALSE(bool(rules.addRule("quantize:fc2$=llm-int8")));
  EXPECT_FALSE(bool(rules.addRule("quantize:nothing=w8a8")));
  const LayerRules::Rule *rule = rules.match("layer.1/fc2");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->scheme.method, SchemeSpec::Method::LLMInt8);
  EXPECT_EQ(rules.match("layer.1/fc1")->scheme.method,
            SchemeSpec::Method::FP32);
  EXPECT_EQ(rules.match("layer.7/fc1"), nullptr);
  ASSERT_EQ(rules.unmatched().size(), 1u);
  EXPECT_EQ(rules.unmatched()[0], "nothing");
}

TEST(LayerRules, TheSchemeIsBehindTheLastEqualsSign) {
  LayerRules rules;
  EXPECT_FALSE(bool(rules.addQuantize("a=b=w8a8")));
  EXPECT_FALSE(bool(rules.addKeep("c=d")));
  EXPECT_FALSE(bool(rules.addKeep("e=f16")));
  EXPECT_EQ(rules.match("a=b")->scheme.method, SchemeSpec::Method::W8A8);
  EXPECT_EQ(rules.match("c=d")->storage, "");
  EXPECT_EQ(rules.match("e")->storage, "f16");
  EXPECT_EQ(rules.match("e")->pattern, "e");
}

TEST(LayerRules, RefusesWhatIsNoRule) {
  LayerRules rules;
  EXPECT_EQ(llvm::toString(rules.addQuantize("x")),
            "the rule 'x' needs the form REGEX=SCHEME");
  EXPECT_EQ(llvm::toString(rules.addQuantize("x=w8a9")),
            "unknown scheme 'w8a9' (fp32, w8a8, llm-int8, w8a16); did you mean "
            "'w8a8'?");
  EXPECT_EQ(llvm::toString(rules.addKeep("")),
            "a rule for layers has an empty pattern");
  EXPECT_EQ(llvm::toString(rules.addRule("x")),
            "the rule 'x' starts neither with keep: nor with quantize:");
  EXPECT_EQ(llvm::toString(rules.addKeep("a[")).substr(0, 42),
            "the pattern 'a[' is no regular expression:");
  EXPECT_TRUE(rules.unmatched().empty());
}

} // namespace
