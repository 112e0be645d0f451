//===- DimSymbols.h - what the symbols of dimension expressions mean -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A symbol is a dim of a function argument, an opaque dim or element of a
// value, or an operation on expressions that polynomials cannot express.
// Operations are simplified where the signs of their operands prove it, and
// memoised, so that the same operation on equal operands is the same symbol.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_ANALYSIS_DIMSYMBOLS_H
#define QOPT_DIALECT_ONNX_ANALYSIS_DIMSYMBOLS_H

#include "qopt/Dialect/ONNX/Analysis/DimExpr.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace mlir::onnx {

class DimSymbols {
public:
  enum class Kind {
    Input,     // dim `index` of argument `value`, minus `lhs`
    Dim,       // dim `index` of `value`
    Element,   // element `index` (row-major) of the integer tensor `value`
    FloorDiv,  // floor(lhs / rhs)
    Min,       // min(lhs, rhs)
    Max,       // max(lhs, rhs)
    Broadcast, // lhs == 1 ? rhs : lhs
  };

  struct Info {
    Kind kind;
    std::string name; // of an Input
    Value value;
    int64_t index = 0;
    DimExpr lhs, rhs;
  };

  const Info &getInfo(DimSymbol symbol) const { return infos[symbol]; }

  // Inputs. A name stands for one symbol wherever it occurs.
  std::optional<DimExpr> lookupInput(StringRef name) const;
  DimExpr makeInput(StringRef name, Value argument, int64_t dim,
                    const DimExpr &minus = 0);
  void bindInput(StringRef name, const DimExpr &value);

  // Opaque ones.
  DimExpr getDim(Value value, int64_t dim);
  DimExpr getElement(Value value, int64_t element);

  // Operations.
  DimExpr floorDiv(const DimExpr &lhs, const DimExpr &rhs);
  DimExpr ceilDiv(const DimExpr &lhs, const DimExpr &rhs);
  DimExpr min(const DimExpr &lhs, const DimExpr &rhs);
  DimExpr max(const DimExpr &lhs, const DimExpr &rhs);
  // Size of a dim under ONNX broadcasting: equal -> it; 1 and x -> x; a
  // constant above 1 and a symbol -> the constant; otherwise a Broadcast
  // symbol. Two different constants above 1 have none.
  std::optional<DimExpr> broadcast(const DimExpr &lhs, const DimExpr &rhs);

  // Two sides of a broadcast that are equal in every run that is not an error:
  // a minimum with a constant above 1 (a table of positions cut to the
  // sequence) and the other operand of that minimum. The minimum, and what
  // replaces it.
  std::optional<std::pair<DimSymbol, DimExpr>>
  impliedEqual(const DimExpr &lhs, const DimExpr &rhs) const;
  // From here on `symbol` is `value`: resolve() replaces it, operations yield
  // it.
  void assumeEqual(DimSymbol symbol, const DimExpr &value);
  DimExpr resolve(const DimExpr &expr) const;

  // What can be proved from the signs of the symbols: dims are at least 0.
  bool isNonNegative(const DimExpr &expr) const {
    return isNonNegative(expr, /*depth=*/4);
  }
  bool isPositive(const DimExpr &expr) const { return isNonNegative(expr - 1); }
  bool isNegative(const DimExpr &expr) const { return isPositive(-expr); }

  // True if the expression depends on dims of arguments only, so that it can be
  // computed at function entry.
  bool isEntry(const DimExpr &expr) const;

  // "past + seq", "2*n", "floordiv(n, 2)", "dim(%3, 1)"-like text.
  std::string toString(const DimExpr &expr) const;

private:
  bool isNonNegative(const DimExpr &expr, unsigned depth) const;
  std::optional<int64_t> lowerBound(DimSymbol symbol, unsigned depth) const;
  DimExpr makeOperation(Kind kind, const DimExpr &lhs, const DimExpr &rhs);
  DimExpr makeOpaque(Kind kind, Value value, int64_t index);

  std::vector<Info> infos;
  std::map<DimSymbol, DimExpr> assumed;
  llvm::StringMap<DimExpr> inputs;
  std::map<std::tuple<int, const void *, int64_t>, DimSymbol> opaque;
  std::map<std::tuple<int, DimExpr, DimExpr>, DimSymbol> operations;
};

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_ANALYSIS_DIMSYMBOLS_H
