//===- LayerRules.cpp - which layers a user keeps or quantizes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheme stands behind the last '=' of a rule, since a regular expression
// may hold one too.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/LayerRules.h"
#include "qopt/Support/Names.h"

using namespace llvm;

namespace mlir::qopt {

bool LayerRules::isPlace(StringRef pattern) {
  auto [place, rest] = pattern.split(',');
  return (place == "first" || place == "last") &&
         (rest.empty() ? !pattern.contains(',') : isPlace(rest));
}

Error LayerRules::add(StringRef pattern, const SchemeSpec &scheme,
                      StringRef storage) {
  Rule rule{pattern.str(), nullptr, scheme, storage.str(), false};
  if (pattern.empty())
    return createStringError("a rule for layers has an empty pattern");
  if (!isPlace(pattern)) {
    rule.regex = std::make_shared<Regex>(pattern);
    std::string fault;
    if (!rule.regex->isValid(fault))
      return createStringError("the pattern " + quoteName(pattern) +
                               " is no regular expression: " + fault);
  }
  rules.push_back(std::move(rule));
  return Error::success();
}

Error LayerRules::addKeep(StringRef text) {
  auto [pattern, storage] = text.rsplit('=');
  if (storage == "f32" || storage == "f16")
    return add(pattern, SchemeSpec(), storage);
  return add(text, SchemeSpec(), "");
}

Error LayerRules::addQuantize(StringRef text) {
  if (!text.contains('='))
    return createStringError("the rule " + quoteName(text) +
                             " needs the form REGEX=SCHEME");
  auto [pattern, scheme] = splitRule(text);
  Expected<SchemeSpec> spec = SchemeSpec::parse(scheme);
  if (!spec)
    return spec.takeError();
  return add(pattern, *spec, "");
}

Error LayerRules::addRule(StringRef text) {
  StringRef rest = text;
  if (rest.consume_front("keep:"))
    return addKeep(rest);
  if (rest.consume_front("quantize:"))
    return addQuantize(rest);
  return createStringError("the rule " + quoteName(text) +
                           " starts neither with keep: nor with quantize:");
}

const LayerRules::Rule *LayerRules::match(StringRef layer,
                                          const BlockPlace &place) {
  auto fits = [&](const Rule &rule) {
    if (rule.regex)
      return rule.regex->match(layer);
    return (place.isFirst && StringRef(rule.pattern).contains("first")) ||
           (place.isLast && StringRef(rule.pattern).contains("last"));
  };
  const Rule *last = nullptr;
  for (Rule &rule : rules)
    if (fits(rule)) {
      rule.matched = true;
      last = &rule;
    }
  return last;
}

std::vector<StringRef> LayerRules::unmatched() const {
  std::vector<StringRef> result;
  for (const Rule &rule : rules)
    if (!rule.matched)
      result.push_back(rule.pattern);
  return result;
}

} // namespace mlir::qopt
