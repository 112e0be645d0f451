//===- DimExpr.cpp - polynomials over dimension symbols ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Terms are kept sorted by degree, then by symbols; coefficients are never
// zero. Arithmetic wraps: a shape whose dims overflow 64 bits cannot be
// allocated, and unsigned wrapping keeps the analysis of a hostile model
// defined.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/Analysis/DimExpr.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir;
using namespace mlir::onnx;

namespace {

using Symbols = SmallVector<DimSymbol, 2>;

int64_t wrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) +
                              static_cast<uint64_t>(b));
}

int64_t wrapMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) *
                              static_cast<uint64_t>(b));
}

// The order of terms: a monomial order (graded lexicographic), so that division
// by leading terms ends.
bool monomialLess(const Symbols &a, const Symbols &b) {
  if (a.size() != b.size())
    return a.size() < b.size();
  // At equal degree the monomial whose first differing symbol is smaller is the
  // greater one in x0 > x1 > ...
  return std::lexicographical_compare(b.begin(), b.end(), a.begin(), a.end());
}

// a / b for monomials, if b divides a.
std::optional<Symbols> divideMonomial(const Symbols &a, const Symbols &b) {
  Symbols quotient;
  size_t j = 0;
  for (DimSymbol s : a) {
    if (j < b.size() && b[j] == s)
      ++j;
    else
      quotient.push_back(s);
  }
  if (j != b.size())
    return std::nullopt;
  return quotient;
}

} // namespace

DimExpr::DimExpr(int64_t constant) {
  if (constant != 0)
    terms.push_back({{}, constant});
}

DimExpr DimExpr::symbol(DimSymbol symbol) {
  DimExpr expr;
  expr.terms.push_back({{symbol}, 1});
  return expr;
}

std::optional<int64_t> DimExpr::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.front().symbols.empty())
    return terms.front().coefficient;
  return std::nullopt;
}

std::optional<DimSymbol> DimExpr::getSymbol() const {
  if (terms.size() == 1 && terms.front().symbols.size() == 1 &&
      terms.front().coefficient == 1)
    return terms.front().symbols.front();
  return std::nullopt;
}

int64_t DimExpr::getConstantTerm() const {
  if (!terms.empty() && terms.front().symbols.empty())
    return terms.front().coefficient;
  return 0;
}

void DimExpr::addTerm(const Term &term) {
  auto it = llvm::lower_bound(terms, term, [](const Term &a, const Term &b) {
    return monomialLess(a.symbols, b.symbols);
  });
  if (it == terms.end() || it->symbols != term.symbols) {
    if (term.coefficient != 0)
      terms.insert(it, term);
    return;
  }
  it->coefficient = wrapAdd(it->coefficient, term.coefficient);
  if (it->coefficient == 0)
    terms.erase(it);
}

DimExpr DimExpr::operator+(const DimExpr &other) const {
  DimExpr sum = *this;
  for (const Term &term : other.terms)
    sum.addTerm(term);
  return sum;
}

DimExpr DimExpr::operator-(const DimExpr &other) const {
  DimExpr difference = *this;
  for (const Term &term : other.terms)
    difference.addTerm({term.symbols, wrapMul(term.coefficient, -1)});
  return difference;
}

DimExpr DimExpr::operator*(const DimExpr &other) const {
  DimExpr result;
  for (const Term &a : terms) {
    for (const Term &b : other.terms) {
      Symbols symbols;
      std::merge(a.symbols.begin(), a.symbols.end(), b.symbols.begin(),
                 b.symbols.end(), std::back_inserter(symbols));
      result.addTerm({symbols, wrapMul(a.coefficient, b.coefficient)});
    }
  }
  return result;
}

bool DimExpr::operator<(const DimExpr &other) const {
  return std::lexicographical_compare(
      terms.begin(), terms.end(), other.terms.begin(), other.terms.end(),
      [](const Term &a, const Term &b) {
        if (a.symbols != b.symbols)
          return monomialLess(a.symbols, b.symbols);
        return a.coefficient < b.coefficient;
      });
}

std::optional<DimExpr> DimExpr::dividedBy(const DimExpr &divisor) const {
  if (divisor.terms.empty())
    return std::nullopt;
  const Term &lead = divisor.terms.back();
  DimExpr rest = *this, quotient;
  while (!rest.terms.empty()) {
    const Term &top = rest.terms.back();
    std::optional<Symbols> symbols = divideMonomial(top.symbols, lead.symbols);
    // INT64_MIN / -1 would trap.
    if (!symbols || lead.coefficient == 0 ||
        (lead.coefficient == -1 && top.coefficient == INT64_MIN) ||
        top.coefficient % lead.coefficient != 0)
      return std::nullopt;
    DimExpr part;
    part.terms.push_back({*symbols, top.coefficient / lead.coefficient});
    quotient = quotient + part;
    rest = rest - part * divisor;
  }
  return quotient;
}

DimExpr DimExpr::substitute(DimSymbol symbol, const DimExpr &value) const {
  DimExpr result;
  for (const Term &term : terms) {
    DimExpr part = term.coefficient;
    for (DimSymbol s : term.symbols)
      part = part * (s == symbol ? value : DimExpr::symbol(s));
    result = result + part;
  }
  return result;
}

void DimExpr::walkSymbols(llvm::function_ref<void(DimSymbol)> callback) const {
  for (const Term &term : terms)
    for (DimSymbol symbol : term.symbols)
      callback(symbol);
}

DimExpr mlir::onnx::product(ArrayRef<DimExpr> factors) {
  DimExpr result = 1;
  for (const DimExpr &factor : factors)
    result = result * factor;
  return result;
}
