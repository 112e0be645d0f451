//===- SchemeSpec.cpp - schemes as users write them -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parser and printer of the grammar in the header. What cannot be combined is
// refused here, with the words that the user wrote; the verifier of
// `#qopt.scheme` holds the same rules for schemes written by hand.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "mlir/IR/Builders.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

namespace {

template <typename T> using Names = ArrayRef<std::pair<StringRef, T>>;

using Method = SchemeSpec::Method;
using Activations = SchemeSpec::Activations;
using Mode = SchemeSpec::Mode;
using Observer = SchemeSpec::Observer;

constexpr std::pair<StringRef, Method> methods[] = {
    {"fp32", Method::FP32},
    {"w8a8", Method::W8A8},
    {"llm-int8", Method::LLMInt8},
    {"w8a16", Method::W8A16}};
constexpr std::pair<StringRef, Activations> activationNames[] = {
    {"token", Activations::Token},
    {"tensor", Activations::Tensor},
    {"static", Activations::Static}};
constexpr std::pair<StringRef, Mode> modes[] = {
    {"auto", Mode::Auto},
    {"static", Mode::Static},
    {"static+guard", Mode::Guarded},
    {"dynamic", Mode::Dynamic},
    {"dynamic-row", Mode::DynamicRow},
    {"bitsandbytes", Mode::BitsAndBytes}};
constexpr std::pair<StringRef, Observer> observers[] = {
    {"minmax", Observer::MinMax},
    {"percentile", Observer::Percentile},
    {"mse", Observer::MSE},
    {"entropy", Observer::Entropy}};
constexpr std::pair<StringRef, bool> booleans[] = {{"true", true},
                                                   {"false", false}};

template <typename T> StringRef nameOf(Names<T> names, T value) {
  for (auto [name, entry] : names)
    if (entry == value)
      return name;
  return "";
}

Error fail(const Twine &text) { return createStringError(text); }

/// "w8a8: weights is 'chanel' (channel, ...), did you mean 'channel'?"
template <typename T>
Error pick(Names<T> names, StringRef what, StringRef text, T &result) {
  std::vector<StringRef> known;
  for (auto [name, value] : names) {
    if (name == text) {
      result = value;
      return Error::success();
    }
    known.push_back(name);
  }
  return fail("unknown " + what + " " + quoteName(text) + " (" +
              join(known, ", ") + ")" + didYouMean(text, known));
}

Error readNumber(StringRef key, StringRef text, double most, double &result) {
  // NaN fails this.
  if (!to_float(text, result) || !(result >= 0 && result <= most))
    return fail(key + " takes a number of at least 0" +
                (most == 1 ? Twine(" and at most 1") : Twine()) + ", not " +
                quoteName(text));
  return Error::success();
}

Error readWeights(StringRef text, SchemeSpec &spec) {
  StringRef size = text;
  if (size.consume_front("group:")) {
    spec.weights = Granularity::Group;
    // Kernels take the codes of a row by fours.
    if (!to_integer(size, spec.groupSize) || spec.groupSize <= 0 ||
        spec.groupSize % 4 != 0)
      return fail("weights=group:N takes a positive multiple of 4 rows, not " +
                  quoteName(size));
    return Error::success();
  }
  spec.groupSize = 0;
  constexpr std::pair<StringRef, Granularity> names[] = {
      {"channel", Granularity::Channel},
      {"tensor", Granularity::Tensor},
      {"group:N", Granularity::Group}};
  return pick(Names<Granularity>(names), "value of weights", text,
              spec.weights);
}

Error readKey(StringRef key, StringRef value, SchemeSpec &spec) {
  bool llm = spec.method == Method::LLMInt8;
  bool codes = llm || spec.method == Method::W8A8;
  if (key == "weights" && spec.quantizes())
    return readWeights(value, spec);
  if (key == "activations" && codes)
    return pick(Names<Activations>(activationNames), "value of activations",
                value, spec.activations);
  if (key == "zero-point" && codes)
    return pick(Names<bool>(booleans), "value of zero-point", value,
                spec.zeroPoint);
  if (key == "observer" && codes)
    return pick(Names<Observer>(observers), "observer", value, spec.observer);
  if (key == "alpha" && codes) {
    spec.alpha = value.str();
    double number;
    return value == "auto" || value == "off"
               ? Error::success()
               : readNumber(key, value, 1, number);
  }
  if (key == "mode" && llm)
    return pick(Names<Mode>(modes), "mode", value, spec.mode);
  if (key == "threshold" && llm) {
    spec.threshold.reset();
    return value == "auto"
               ? Error::success()
               : readNumber(key, value, HUGE_VAL, spec.threshold.emplace());
  }
  if (key == "frequency" && llm)
    return readNumber(key, value, 1, spec.frequency);
  if (key == "cap" && llm) {
    if (!to_integer(value, spec.cap) || spec.cap < 0)
      return fail("cap takes a number of columns, not " + quoteName(value));
    return Error::success();
  }
  std::vector<StringRef> known;
  if (spec.quantizes())
    known = {"weights"};
  if (codes)
    known.insert(known.end(),
                 {"activations", "zero-point", "observer", "alpha"});
  if (llm)
    known.insert(known.end(), {"mode", "threshold", "frequency", "cap"});
  return fail(spec.methodName() + " has no option " + quoteName(key) +
              (known.empty() ? std::string() : " (" + join(known, ", ") + ")") +
              didYouMean(key, known));
}

/// What each key allows alone and not together.
Error checkTogether(const SchemeSpec &spec) {
  bool isStatic = spec.activations == Activations::Static;
  if (!isStatic && spec.observer != Observer::MinMax)
    return fail("observer goes with activations=static");
  if (spec.method != Method::LLMInt8)
    return Error::success();
  bool finds = spec.mode == Mode::Dynamic || spec.mode == Mode::DynamicRow ||
               spec.mode == Mode::BitsAndBytes;
  if (isStatic && finds)
    return fail(
        "activations=static needs a static list of outliers, not mode=" +
        nameOf(Names<Mode>(modes), spec.mode));
  if (!spec.threshold && finds)
    return fail("threshold=auto needs a static list of outliers, not mode=" +
                nameOf(Names<Mode>(modes), spec.mode));
  return Error::success();
}

} // namespace

StringRef schemeNames() { return "fp32, w8a8, llm-int8, w8a16"; }

StringRef SchemeSpec::methodName() const {
  return nameOf(Names<Method>(methods), method);
}

bool SchemeSpec::needsStatistics() const {
  if (method == Method::LLMInt8 &&
      (mode == Mode::Static || mode == Mode::Guarded || !threshold))
    return true;
  if (!alpha.empty() && alpha != "off")
    return true;
  return quantizes() && activations == Activations::Static;
}

Expected<SchemeSpec> SchemeSpec::parse(StringRef text) {
  SchemeSpec spec;
  auto [name, rest] = text.trim().split('{');
  if (Error error =
          pick(Names<Method>(methods), "scheme", name.trim(), spec.method))
    return std::move(error);
  if (text.contains('{') && !rest.consume_back("}"))
    return fail(quoteName(text) + ": the options of a scheme end with '}'");
  SmallVector<StringRef> pairs;
  rest.split(pairs, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef pair : pairs) {
    if (!pair.contains('='))
      return fail(quoteName(pair) + ": an option has the form key=value");
    auto [key, value] = pair.split('=');
    if (Error error = readKey(key, value, spec))
      return std::move(error);
  }
  if (Error error = checkTogether(spec))
    return std::move(error);
  return spec;
}

std::string SchemeSpec::str() const {
  SchemeSpec standard;
  std::vector<std::string> pairs;
  auto add = [&](StringRef key, const Twine &value) {
    pairs.push_back((key + "=" + value).str());
  };
  auto number = [](double value) {
    std::string text;
    raw_string_ostream(text) << format("%g", value);
    return text;
  };
  if (weights == Granularity::Group)
    add("weights", "group:" + Twine(groupSize));
  else if (weights != standard.weights)
    add("weights", "tensor");
  if (activations != standard.activations)
    add("activations",
        nameOf(Names<Activations>(activationNames), activations));
  if (zeroPoint)
    add("zero-point", "true");
  if (observer != standard.observer)
    add("observer", nameOf(Names<Observer>(observers), observer));
  if (mode != standard.mode)
    add("mode", nameOf(Names<Mode>(modes), mode));
  if (threshold != standard.threshold)
    add("threshold", threshold ? number(*threshold) : "auto");
  if (frequency != standard.frequency)
    add("frequency", number(frequency));
  if (cap != standard.cap)
    add("cap", Twine(cap));
  if (!alpha.empty())
    add("alpha", alpha);
  std::string text = methodName().str();
  return pairs.empty() ? text : text + "{" + join(pairs, " ") + "}";
}

SchemeAttr SchemeSpec::scheme(MLIRContext *context, bool hasStatistics) const {
  bool weightOnly = method == Method::W8A16;
  Granularity granularity = weightOnly ? Granularity::None
                            : activations == Activations::Token
                                ? Granularity::Token
                                : Granularity::Tensor;
  OutlierMode outliers = OutlierMode::None;
  if (method == Method::LLMInt8 && threshold != 0.0)
    switch (mode) {
    case Mode::Auto:
      outliers = hasStatistics ? OutlierMode::Static : OutlierMode::Dynamic;
      break;
    case Mode::Static:
      outliers = OutlierMode::Static;
      break;
    case Mode::Guarded:
      outliers = OutlierMode::Guarded;
      break;
    case Mode::Dynamic:
    case Mode::BitsAndBytes:
      outliers = OutlierMode::Dynamic;
      break;
    case Mode::DynamicRow:
      outliers = OutlierMode::DynamicRow;
      break;
    }
  bool isStatic = !weightOnly && activations == Activations::Static;
  // A static scale saturates what lies outside the list: count it.
  if (isStatic && outliers == OutlierMode::Static)
    outliers = OutlierMode::Guarded;
  double limit = outliers == OutlierMode::None ? 0.0 : threshold.value_or(6.0);
  return SchemeAttr::get(
      context, /*weight_bits=*/8, weights, granularity, outliers,
      Builder(context).getF32FloatAttr(limit), groupSize,
      isStatic ? ActivationMode::Static : ActivationMode::Dynamic, zeroPoint,
      mode == Mode::BitsAndBytes && outliers == OutlierMode::Dynamic
          ? TailSource::Codes
          : TailSource::Original);
}

std::pair<StringRef, StringRef> splitRule(StringRef text) {
  size_t brace = text.ends_with("}") ? text.rfind('{') : StringRef::npos;
  size_t equals = text.substr(0, brace).rfind('=');
  if (equals == StringRef::npos)
    return {text, ""};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

} // namespace mlir::qopt
