//===- CacheNamesTest.cpp - which output is the present of a past ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/CacheNames.h"

#include <gtest/gtest.h>

using namespace mlir::qopt;

namespace {

void expectPair(const char *past, const char *present) {
  EXPECT_FALSE(cacheOfPast(past).empty()) << past;
  EXPECT_EQ(cacheOfPast(past), cacheOfPresent(present));
}

TEST(CacheNamesTest, FormsOfExporters) {
  expectPair("past_key_values.0.key", "present.0.key");
  expectPair("past_key_values.11.value", "present.11.value");
  expectPair("past_key_values.3.decoder.key", "present.3.decoder.key");
  expectPair("past_key_values.3.encoder.value", "present.3.encoder.value");
  expectPair("past_key_values.0.key", "present_key_values.0.key");
  expectPair("past_key_values_0_key", "present_0_key");
  expectPair("past.0", "present.0");
  expectPair("past_7", "present_7");
  expectPair("past_key_self_2", "present_key_self_2");
  expectPair("past_value_cross_2", "present_value_cross_2");
  expectPair("past_key_5", "present_key_5");
  expectPair("past_value_5", "present_value_5");
}

TEST(CacheNamesTest, TellsCachesApart) {
  EXPECT_NE(cacheOfPast("past_key_values.1.key"),
            cacheOfPresent("present.11.key"));
  EXPECT_NE(cacheOfPast("past_key_values.1.key"),
            cacheOfPresent("present.1.value"));
  EXPECT_NE(cacheOfPast("past_key_values.1.decoder.key"),
            cacheOfPresent("present.1.encoder.key"));
}

TEST(CacheNamesTest, OtherNames) {
  for (const char *name :
       {"past_sequence_length", "past", "past.", "pastry_1", "input_ids", "",
        "my_past_key_values.0.key", "past_key_values"})
    EXPECT_EQ(cacheOfPast(name), "") << name;
  for (const char *name : {"logits", "present", "presentation_1", ""})
    EXPECT_EQ(cacheOfPresent(name), "") << name;
}

} // namespace
