//===- CacheNames.cpp - names of key and value caches ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Known forms, input and output:
//   past_key_values.0.key          present.0.key              (Optimum, genai)
//   past_key_values.0.decoder.key  present.0.decoder.key      (seq2seq)
//   past_key_values.0.key          present_key_values.0.key
//   past_key_values_0_key          present_0_key              (names of Python)
//   past.0, past_0                 present.0, present_0       (key and value)
//   past_key_self_0                present_key_self_0         (ONNX Runtime)
//   past_key_0, past_value_0       present_key_0, present_value_0
//   past_self_key_0                present_self_key_0
// The rest behind the prefix must be the same but for dots and underscores,
// and it has a number: "past_sequence_length" is no cache.
//===----------------------------------------------------------------------===//

#include "qopt/Support/CacheNames.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

static std::string restBehind(StringRef name, ArrayRef<StringRef> prefixes) {
  for (StringRef prefix : prefixes) {
    StringRef rest = name;
    if (!rest.consume_front(prefix) ||
        !(rest.consume_front(".") || rest.consume_front("_")) ||
        none_of(rest, isDigit))
      continue;
    std::string result = rest.str();
    std::replace(result.begin(), result.end(), '_', '.');
    return result;
  }
  return "";
}

std::string mlir::qopt::cacheOfPast(StringRef input) {
  return restBehind(input, {"past_key_values", "past_kv", "past"});
}

std::string mlir::qopt::cacheOfPresent(StringRef output) {
  return restBehind(output, {"present_key_values", "present_kv", "present"});
}
