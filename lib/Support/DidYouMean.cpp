//===- DidYouMean.cpp - the nearest name to a misspelt one ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/DidYouMean.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace mlir::qopt {

std::string didYouMean(StringRef name, ArrayRef<StringRef> candidates) {
  // A third of the name may be wrong: more is another word.
  unsigned best = unsigned(name.size()) / 3 + 1;
  StringRef nearest;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance_insensitive(
        candidate, /*AllowReplacements=*/true, /*MaxEditDistance=*/best);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  if (nearest.empty())
    return {};
  return (Twine("; did you mean '") + nearest + "'?").str();
}

} // namespace mlir::qopt
