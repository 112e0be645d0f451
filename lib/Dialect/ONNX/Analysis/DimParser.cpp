//===- DimParser.cpp - texts of named dims -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DimParser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// sum := product (('+' | '-') product)*    product := atom ('*' atom)*
// atom := integer | name
class DimParser {
public:
  DimParser(StringRef text,
            llvm::function_ref<std::optional<DimExpr>(StringRef)> lookup)
      : rest(text), lookup(lookup) {}

  ParsedDim parse() {
    int64_t sign = 1;
    do {
      if (!parseProduct(sign))
        return ParsedDim();
      rest = rest.ltrim();
      if (rest.empty()) {
        parsed.valid = true;
        return std::move(parsed);
      }
      sign = rest.front() == '-' ? -1 : 1;
    } while (rest.consume_front("+") || rest.consume_front("-"));
    return ParsedDim();
  }

private:
  bool parseProduct(int64_t sign) {
    DimExpr product = sign;
    StringRef unknown;
    do {
      rest = rest.ltrim();
      int64_t number;
      if (!rest.empty() && llvm::isDigit(rest.front())) {
        if (rest.consumeInteger(10, number))
          return false;
        product = product * number;
      } else {
        StringRef name = rest.take_while(
            [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
        if (name.empty())
          return false;
        rest = rest.drop_front(name.size());
        if (std::optional<DimExpr> value = lookup(name))
          product = product * *value;
        else if (unknown.empty())
          unknown = name;
        else
          return false; // product of two unknown names
      }
      rest = rest.ltrim();
    } while (rest.consume_front("*"));

    if (unknown.empty()) {
      parsed.known = parsed.known + product;
    } else if (llvm::is_contained(parsed.unknown, unknown)) {
      parsed.unknownFactor = 0; // occurs twice: not worth solving
    } else {
      parsed.unknown.push_back(unknown);
      parsed.unknownFactor = product.getConstant().value_or(0);
    }
    return true;
  }

  StringRef rest;
  llvm::function_ref<std::optional<DimExpr>(StringRef)> lookup;
  ParsedDim parsed;
};

} // namespace

ParsedDim mlir::onnx::parseDim(
    StringRef text,
    llvm::function_ref<std::optional<DimExpr>(StringRef)> lookup) {
  return DimParser(text, lookup).parse();
}

bool mlir::onnx::isDimName(StringRef text) {
  ParsedDim parsed =
      parseDim(text, [](StringRef) { return std::optional<DimExpr>(); });
  if (!parsed.valid)
    return true;
  return parsed.unknown.size() == 1 && parsed.unknown.front() == text;
}
