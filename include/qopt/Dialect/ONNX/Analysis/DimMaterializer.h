//===- DimMaterializer.h - dimension expressions as index values ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns DimExprs into `index` SSA values while a function is being lowered.
// What depends on dims of arguments only is computed once, at function entry;
// the rest is computed where it is asked for.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_ANALYSIS_DIMMATERIALIZER_H
#define QOPT_DIALECT_ONNX_ANALYSIS_DIMMATERIALIZER_H

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include <functional>

namespace mlir::onnx {

class DimMaterializer {
public:
  // `lookup` gives the lowered tensor of a value that a Dim or Element symbol
  // names; by default the value itself.
  using Lookup = std::function<Value(Value)>;
  explicit DimMaterializer(ShapeAnalysis &analysis, Lookup lookup = {});

  // Sets how values are looked up from here on (a rewriter's remapping, for
  // one).
  void setLookup(Lookup newLookup) { lookup = std::move(newLookup); }

  // An index value at the builder's insertion point, or null if a symbol names
  // a value that `lookup` does not know.
  Value materialize(OpBuilder &builder, Location loc, const DimExpr &expr);
  // The same, as an attribute if constant.
  OpFoldResult materializeFolded(OpBuilder &builder, Location loc,
                                 const DimExpr &expr);
  // The dynamic dims of a value, as tensor.empty takes them.
  SmallVector<Value> dynamicDims(OpBuilder &builder, Location loc,
                                 ArrayRef<DimExpr> shape);

private:
  Value build(OpBuilder &builder, Location loc, const DimExpr &expr);
  Value buildSymbol(OpBuilder &builder, Location loc, DimSymbol symbol);

  ShapeAnalysis &analysis;
  Lookup lookup;
  Operation *lastAtEntry = nullptr;
  std::map<DimExpr, Value> entryValues;
};

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_ANALYSIS_DIMMATERIALIZER_H
