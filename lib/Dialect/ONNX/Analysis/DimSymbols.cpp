//===- DimSymbols.cpp - what the symbols of dimension expressions mean ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of symbols and what can be proved about expressions over them.
// Proofs use signs only: a dim is at least 0, a minimum is at most its
// operands, and so on. What is not proved becomes a symbol, which is always
// right.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/Analysis/DimSymbols.h"

#include "llvm/ADT/Twine.h"

#include <limits>

using namespace mlir;
using namespace mlir::onnx;

//===----------------------------------------------------------------------===//
// Inputs and opaque symbols
//===----------------------------------------------------------------------===//

std::optional<DimExpr> DimSymbols::lookupInput(StringRef name) const {
  auto it = inputs.find(name);
  return it == inputs.end() ? std::nullopt : std::optional(it->second);
}

DimExpr DimSymbols::makeInput(StringRef name, Value argument, int64_t dim,
                              const DimExpr &minus) {
  infos.push_back({Kind::Input, name.str(), argument, dim, minus, {}});
  DimExpr expr = DimExpr::symbol(infos.size() - 1);
  if (!name.empty())
    inputs.insert({name, expr});
  return expr;
}

void DimSymbols::bindInput(StringRef name, const DimExpr &value) {
  inputs.insert({name, value});
}

DimExpr DimSymbols::makeOpaque(Kind kind, Value value, int64_t index) {
  auto key = std::make_tuple(static_cast<int>(kind), value.getAsOpaquePointer(),
                             index);
  auto [it, isNew] = opaque.try_emplace(key, infos.size());
  if (isNew)
    infos.push_back({kind, "", value, index, {}, {}});
  return DimExpr::symbol(it->second);
}

DimExpr DimSymbols::getDim(Value value, int64_t dim) {
  return makeOpaque(Kind::Dim, value, dim);
}

DimExpr DimSymbols::getElement(Value value, int64_t element) {
  return makeOpaque(Kind::Element, value, element);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

DimExpr DimSymbols::makeOperation(Kind kind, const DimExpr &lhs,
                                  const DimExpr &rhs) {
  auto key = std::make_tuple(static_cast<int>(kind), lhs, rhs);
  auto [it, isNew] = operations.try_emplace(key, infos.size());
  if (isNew)
    infos.push_back({kind, "", Value(), 0, lhs, rhs});
  return resolve(DimExpr::symbol(it->second));
}

static int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

DimExpr DimSymbols::floorDiv(const DimExpr &lhs, const DimExpr &rhs) {
  if (rhs.isConstant(1))
    return lhs;
  if (rhs.isConstant(-1))
    return -lhs;
  std::optional<int64_t> divisor = rhs.getConstant();
  std::optional<int64_t> dividend = lhs.getConstant();
  if (dividend && divisor && *divisor != 0)
    return floorDivide(*dividend, *divisor);
  if (std::optional<DimExpr> exact = lhs.dividedBy(rhs))
    return *exact;
  if (divisor && *divisor > 0) {
    // floor((d * q + r) / d) = q + floor(r / d): take out what divides.
    DimExpr quotient, rest;
    for (const DimExpr::Term &term : lhs.getTerms()) {
      DimExpr monomial = 1;
      for (DimSymbol s : term.symbols)
        monomial = monomial * DimExpr::symbol(s);
      int64_t whole = floorDivide(term.coefficient, *divisor);
      if (!term.symbols.empty() && term.coefficient % *divisor != 0)
        whole = 0;
      quotient = quotient + monomial * whole;
      rest = rest + monomial * (term.coefficient - whole * *divisor);
    }
    if (std::optional<int64_t> constant = rest.getConstant())
      return quotient + floorDivide(*constant, *divisor);
    return quotient + makeOperation(Kind::FloorDiv, rest, rhs);
  }
  return makeOperation(Kind::FloorDiv, lhs, rhs);
}

DimExpr DimSymbols::ceilDiv(const DimExpr &lhs, const DimExpr &rhs) {
  return -floorDiv(-lhs, rhs);
}

DimExpr DimSymbols::min(const DimExpr &lhs, const DimExpr &rhs) {
  if (isNonNegative(rhs - lhs))
    return lhs;
  if (isNonNegative(lhs - rhs))
    return rhs;
  // What is at most x is below the limit that x was found not to exceed.
  for (auto [limit, dim] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
    for (const auto &[symbol, value] : assumed)
      if (limit.isConstant() && infos[symbol].kind == Kind::Min &&
          isNonNegative(value - dim))
        for (const DimExpr &bound : {infos[symbol].lhs, infos[symbol].rhs})
          if (bound.isConstant() &&
              *bound.getConstant() <= *limit.getConstant())
            return dim;
  return rhs < lhs ? makeOperation(Kind::Min, rhs, lhs)
                   : makeOperation(Kind::Min, lhs, rhs);
}

DimExpr DimSymbols::max(const DimExpr &lhs, const DimExpr &rhs) {
  if (isNonNegative(rhs - lhs))
    return rhs;
  if (isNonNegative(lhs - rhs))
    return lhs;
  return rhs < lhs ? makeOperation(Kind::Max, rhs, lhs)
                   : makeOperation(Kind::Max, lhs, rhs);
}

std::optional<DimExpr> DimSymbols::broadcast(const DimExpr &lhs,
                                             const DimExpr &rhs) {
  if (lhs == rhs || rhs.isConstant(1))
    return lhs;
  if (lhs.isConstant(1))
    return rhs;
  if (lhs.isConstant() && rhs.isConstant())
    return std::nullopt;
  if (lhs.isConstant())
    return lhs;
  if (rhs.isConstant())
    return rhs;
  // A dim that is provably above 1 is the result, whatever the other one is.
  if (isNonNegative(lhs - 2))
    return lhs;
  if (isNonNegative(rhs - 2))
    return rhs;
  // broadcast(a, broadcast(a, b)) = broadcast(a, b), in any order.
  for (auto [nested, other] : {std::pair(lhs, rhs), std::pair(rhs, lhs)}) {
    std::optional<DimSymbol> symbol = nested.getSymbol();
    if (symbol && infos[*symbol].kind == Kind::Broadcast &&
        (infos[*symbol].lhs == other || infos[*symbol].rhs == other))
      return nested;
  }
  return rhs < lhs ? makeOperation(Kind::Broadcast, rhs, lhs)
                   : makeOperation(Kind::Broadcast, lhs, rhs);
}

std::optional<std::pair<DimSymbol, DimExpr>>
DimSymbols::impliedEqual(const DimExpr &lhs, const DimExpr &rhs) const {
  // broadcast(min(c, x), x) with c > 1: where the minimum is c < x, c is
  // neither x nor 1, so the operands do not fit.
  for (auto [cut, whole] : {std::pair(lhs, rhs), std::pair(rhs, lhs)}) {
    std::optional<DimSymbol> symbol = cut.getSymbol();
    if (!symbol || infos[*symbol].kind != Kind::Min)
      continue;
    const Info &info = infos[*symbol];
    for (auto [limit, x] :
         {std::pair(info.lhs, info.rhs), std::pair(info.rhs, info.lhs)})
      if (x == whole && limit.isConstant() && *limit.getConstant() > 1)
        return std::pair(*symbol, whole);
  }
  return std::nullopt;
}

void DimSymbols::assumeEqual(DimSymbol symbol, const DimExpr &value) {
  assumed[symbol] = value;
  // Other minimums may follow: a start that is cut to the same limit as its
  // end.
  for (DimSymbol other = 0; other < infos.size(); ++other) {
    if (infos[other].kind != Kind::Min || assumed.count(other))
      continue;
    DimExpr known = min(infos[other].lhs, infos[other].rhs);
    if (known != DimExpr::symbol(other))
      assumed[other] = known;
  }
}

DimExpr DimSymbols::resolve(const DimExpr &expr) const {
  DimExpr resolved = expr;
  for (const auto &[symbol, value] : assumed)
    resolved = resolved.substitute(symbol, value);
  return resolved;
}

//===----------------------------------------------------------------------===//
// Proofs
//===----------------------------------------------------------------------===//

std::optional<int64_t> DimSymbols::lowerBound(DimSymbol symbol,
                                              unsigned depth) const {
  const Info &info = infos[symbol];
  switch (info.kind) {
  case Kind::Input:
  case Kind::Dim:
  case Kind::Broadcast:
    return 0;
  case Kind::Element:
    return std::nullopt;
  case Kind::FloorDiv:
    if (depth && isNonNegative(info.lhs, depth - 1) &&
        isNonNegative(info.rhs - 1, depth - 1))
      return 0;
    return std::nullopt;
  case Kind::Min:
    if (depth && isNonNegative(info.lhs, depth - 1) &&
        isNonNegative(info.rhs, depth - 1))
      return 0;
    return std::nullopt;
  case Kind::Max:
    for (const DimExpr &operand : {info.lhs, info.rhs}) {
      std::optional<int64_t> constant = operand.getConstant();
      if (constant && *constant > 0)
        return constant;
    }
    if (depth && (isNonNegative(info.lhs, depth - 1) ||
                  isNonNegative(info.rhs, depth - 1)))
      return 0;
    return std::nullopt;
  }
  return std::nullopt;
}

bool DimSymbols::isNonNegative(const DimExpr &expr, unsigned depth) const {
  // Sum of lower bounds of the terms, if every symbol is at least 0.
  bool bounded = true;
  __int128 sum = 0;
  for (const DimExpr::Term &term : expr.getTerms()) {
    __int128 bound = term.coefficient;
    for (DimSymbol symbol : term.symbols) {
      std::optional<int64_t> lower = lowerBound(symbol, depth);
      if (term.coefficient < 0 || !lower || *lower < 0) {
        bounded = false;
        break;
      }
      bound *= *lower;
      // Only the sign and rough size matter; this keeps the product in range.
      bound = std::min<__int128>(bound, std::numeric_limits<int64_t>::max());
    }
    if (!bounded)
      break;
    sum += bound;
  }
  if (bounded)
    return sum >= 0;
  if (depth == 0)
    return false;

  // Replace one operation by a bound of it on the right side, and try again.
  for (const DimExpr::Term &term : expr.getTerms()) {
    if (term.symbols.size() != 1)
      continue;
    DimSymbol symbol = term.symbols.front();
    // Copied: the table may not grow here, but the reference reads badly below.
    Info info = infos[symbol];
    bool below = term.coefficient < 0; // an upper bound is needed
    auto holds = [&](const DimExpr &bound) {
      return isNonNegative(expr.substitute(symbol, bound), depth - 1);
    };
    switch (info.kind) {
    case Kind::Min:
      if (below ? holds(info.lhs) || holds(info.rhs)
                : holds(info.lhs) && holds(info.rhs))
        return true;
      break;
    case Kind::Max:
      if (below ? holds(info.lhs) && holds(info.rhs)
                : holds(info.lhs) || holds(info.rhs))
        return true;
      break;
    case Kind::FloorDiv:
      if (below && isNonNegative(info.lhs, depth - 1) &&
          isNonNegative(info.rhs - 1, depth - 1) && holds(info.lhs))
        return true;
      break;
    default:
      break;
    }
  }
  return false;
}

bool DimSymbols::isEntry(const DimExpr &expr) const {
  bool entry = true;
  expr.walkSymbols([&](DimSymbol symbol) {
    const Info &info = infos[symbol];
    switch (info.kind) {
    case Kind::Input:
      break;
    case Kind::Dim:
    case Kind::Element:
      entry = false;
      break;
    default:
      entry = entry && isEntry(info.lhs) && isEntry(info.rhs);
    }
  });
  return entry;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string DimSymbols::toString(const DimExpr &expr) const {
  auto symbolText = [&](DimSymbol symbol) -> std::string {
    const Info &info = infos[symbol];
    auto call = [&](StringRef name) {
      return (name + "(" + toString(info.lhs) + ", " + toString(info.rhs) + ")")
          .str();
    };
    switch (info.kind) {
    case Kind::Input:
      return info.name.empty() ? "s" + std::to_string(symbol) : info.name;
    case Kind::Dim:
      return "d" + std::to_string(symbol);
    case Kind::Element:
      return "e" + std::to_string(symbol);
    case Kind::FloorDiv:
      return call("floordiv");
    case Kind::Min:
      return call("min");
    case Kind::Max:
      return call("max");
    case Kind::Broadcast:
      return call("broadcast");
    }
    return "?";
  };
  auto termText = [&](const DimExpr::Term &term, bool first) {
    std::string text;
    bool negative = term.coefficient < 0;
    uint64_t magnitude = negative ? -static_cast<uint64_t>(term.coefficient)
                                  : static_cast<uint64_t>(term.coefficient);
    if (first)
      text = negative ? "-" : "";
    else
      text = negative ? " - " : " + ";
    bool needsFactor = magnitude != 1 || term.symbols.empty();
    if (needsFactor)
      text += std::to_string(magnitude);
    for (size_t i = 0; i < term.symbols.size(); ++i) {
      if (needsFactor || i)
        text += "*";
      text += symbolText(term.symbols[i]);
    }
    return text;
  };

  if (expr.getTerms().empty())
    return "0";
  // Symbols first, the constant last: "sequence_length + 1".
  std::string text;
  const DimExpr::Term *constant = nullptr;
  for (const DimExpr::Term &term : llvm::reverse(expr.getTerms())) {
    if (term.symbols.empty())
      constant = &term;
    else
      text += termText(term, text.empty());
  }
  if (constant)
    text += termText(*constant, text.empty());
  return text;
}
