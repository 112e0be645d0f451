//===- ShapeAnalysis.h - symbolic shapes of an onnx function -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives every tensor of a function a shape of DimExprs, and every small integer
// tensor its elements, so that shapes computed in the graph (Shape, Gather,
// Concat, Reshape) come out as expressions over the named dims of the inputs.
// Types are not changed; onnx-infer-shapes writes the result into them.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_ANALYSIS_SHAPEANALYSIS_H
#define QOPT_DIALECT_ONNX_ANALYSIS_SHAPEANALYSIS_H

#include "qopt/Dialect/ONNX/Analysis/DimSymbols.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <memory>

namespace mlir::onnx {

using Dims = SmallVector<DimExpr, 4>;

// One dim of a Slice, with start clamped and made absolute.
struct SliceRange {
  DimExpr start, size;
  int64_t step = 1;
};

// Two expressions over dims of arguments that are equal in every run without an
// error at `op`. The analysis counts on it, so generated code has to check it
// first.
struct DimRequirement {
  DimExpr expected, actual;
  Operation *op;
};

class ShapeAnalysis {
public:
  // Elements are tracked for integer tensors of at most this many of them.
  static constexpr int64_t kMaxElements = 64;

  // Analyses the function. Contradictions between shapes are reported as errors
  // at the op (its location has the node name), and isValid() is false.
  explicit ShapeAnalysis(Operation *function);

  bool isValid() const { return valid; }
  func::FuncOp getFunction() const { return function; }

  // True if the rank is known; getShape then has that many entries.
  bool hasShape(Value value) const { return shapes.count(value); }
  ArrayRef<DimExpr> getShape(Value value) const;
  DimExpr getDim(Value value, int64_t dim) const {
    return getShape(value)[dim];
  }

  // Elements of an integer or bool tensor of static shape and at most
  // kMaxElements, row-major. Unknown ones are Element symbols.
  std::optional<ArrayRef<DimExpr>> getElements(Value value);
  // The same, if all are constants.
  std::optional<SmallVector<int64_t>> getConstantElements(Value value);

  // The ranges of an onnx.Slice per dim of its operand; a dim whose bounds
  // cannot be brought into closed form has none.
  SmallVector<std::optional<SliceRange>> getSliceRanges(Operation *slice);

  // What to check at function entry.
  ArrayRef<DimRequirement> getRequirements() const { return requirements; }

  DimSymbols &getSymbols() { return symbols; }
  const DimSymbols &getSymbols() const { return symbols; }
  std::string toString(const DimExpr &expr) const {
    return symbols.toString(expr);
  }

  // For rules (ShapeRules.h) and passes that add ops.
  void setShape(Value value, ArrayRef<DimExpr> dims);
  void setElements(Value value, ArrayRef<DimExpr> exprs);
  LogicalResult analyze(Operation *op);
  LogicalResult analyzeBlock(Block &block);
  // Drops what is known of the values in a region, before it is analysed again.
  void forget(Region &region);
  // Dims that a broadcast at `op` makes equal; learns from it if that helps.
  void learnEqual(const DimExpr &a, const DimExpr &b, Operation *op);

private:
  LogicalResult analyzeArguments();
  LogicalResult reconcile(OpResult result);

  func::FuncOp function;
  bool valid = true;
  DimSymbols symbols;
  SmallVector<DimRequirement> requirements;
  // Owned by pointer: what was handed out stays in place when the maps grow.
  llvm::DenseMap<Value, std::unique_ptr<Dims>> shapes;
  llvm::DenseMap<Value, std::unique_ptr<Dims>> elements;
};

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_ANALYSIS_SHAPEANALYSIS_H
