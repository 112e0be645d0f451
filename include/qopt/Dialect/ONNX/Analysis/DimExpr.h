//===- DimExpr.h - polynomials over dimension symbols --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dim of a tensor, or an element of a small integer tensor, as a polynomial
// with integer coefficients over symbols. The form is canonical: two
// expressions are equal for all values of their symbols if and only if ==
// holds. What a symbol means is known to the DimSymbols table that made it.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_ANALYSIS_DIMEXPR_H
#define QOPT_DIALECT_ONNX_ANALYSIS_DIMEXPR_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace mlir::onnx {

using DimSymbol = uint32_t;

class DimExpr {
public:
  // coefficient * product of the symbols; symbols sorted, repeated for powers.
  struct Term {
    SmallVector<DimSymbol, 2> symbols;
    int64_t coefficient;
    bool operator==(const Term &other) const {
      return coefficient == other.coefficient && symbols == other.symbols;
    }
  };

  DimExpr(int64_t constant = 0);
  static DimExpr symbol(DimSymbol symbol);

  std::optional<int64_t> getConstant() const;
  bool isConstant() const { return getConstant().has_value(); }
  bool isConstant(int64_t value) const { return getConstant() == value; }
  // The symbol, if the expression is one symbol and nothing else.
  std::optional<DimSymbol> getSymbol() const;

  // Sorted by degree and symbols, the constant first; empty for zero.
  ArrayRef<Term> getTerms() const { return terms; }
  // The constant term, 0 if there is none.
  int64_t getConstantTerm() const;

  DimExpr operator+(const DimExpr &other) const;
  DimExpr operator-(const DimExpr &other) const;
  DimExpr operator*(const DimExpr &other) const;
  DimExpr operator-() const { return DimExpr(0) - *this; }
  bool operator==(const DimExpr &other) const { return terms == other.terms; }
  bool operator!=(const DimExpr &other) const { return !(*this == other); }
  // An arbitrary total order, for maps and canonical argument order.
  bool operator<(const DimExpr &other) const;

  // The quotient, if the division leaves no remainder.
  std::optional<DimExpr> dividedBy(const DimExpr &divisor) const;

  // The expression with every occurrence of a symbol replaced.
  DimExpr substitute(DimSymbol symbol, const DimExpr &value) const;

  void walkSymbols(llvm::function_ref<void(DimSymbol)> callback) const;

private:
  void addTerm(const Term &term);

  SmallVector<Term, 1> terms;
};

DimExpr product(ArrayRef<DimExpr> factors);

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_ANALYSIS_DIMEXPR_H
