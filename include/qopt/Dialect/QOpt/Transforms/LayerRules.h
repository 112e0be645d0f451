//===- LayerRules.h - which layers a user keeps or quantizes --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `keep:REGEX[=f32|f16]` and `quantize:REGEX=SCHEME` (SchemeSpec.h), matched
// against the whole node name or a part of it; the last rule that matches
// decides. The words `first` and `last` in place of REGEX mean the layers of
// the first or last block (LayerBlocks.h), both with a comma between them. A
// rule that matches no layer is an error: a misspelt name must not pass
// silently.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRULES_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRULES_H

#include "qopt/Dialect/QOpt/Transforms/LayerBlocks.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "llvm/Support/Regex.h"

#include <memory>
#include <string>
#include <vector>

namespace mlir::qopt {

class LayerRules {
public:
  struct Rule {
    /// As the user wrote it.
    std::string pattern;
    /// Shared, since passes are copied and a Regex cannot be. Null for a place.
    std::shared_ptr<llvm::Regex> regex;
    /// FP32 for `keep`.
    SchemeSpec scheme;
    /// "f32", "f16" or empty: how the kept weight is stored.
    std::string storage;
    bool matched = false;
  };

  /// Adds one rule; `text` is REGEX[=f32|f16] or REGEX=SCHEME.
  llvm::Error addKeep(StringRef text);
  llvm::Error addQuantize(StringRef text);
  /// Adds `keep:...` or `quantize:...`.
  llvm::Error addRule(StringRef text);

  /// The rule that decides for this layer, or null. Marks all that match.
  const Rule *match(StringRef layer, const BlockPlace &place = {});

  /// Whether the pattern is made of `first` and `last`.
  static bool isPlace(StringRef pattern);

  /// Patterns that matched no layer so far.
  std::vector<StringRef> unmatched() const;

private:
  llvm::Error add(StringRef pattern, const SchemeSpec &scheme,
                  StringRef storage);
  std::vector<Rule> rules;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRULES_H
