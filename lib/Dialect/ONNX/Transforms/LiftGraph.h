//===- LiftGraph.h - what rotary embedding and attention lifting share ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both match over many ops and need proofs about dims: that a mask widens
// nothing, that an Expand repeats heads and nothing else. So they run over a
// function once, on a shape analysis that they keep up to date, instead of as
// rewrite patterns. Ops that are replaced stay until the end: the analysis
// knows values by their address.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTGRAPH_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTGRAPH_H

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"

#include "mlir/IR/Builders.h"

namespace mlir::onnx {

class GraphLifter {
public:
  explicit GraphLifter(ShapeAnalysis &analysis)
      : analysis(analysis), builder(analysis.getFunction().getContext()) {}

protected:
  // Creates an op at the builder's place and tells the analysis.
  template <typename OpTy, typename... Args>
  OpTy create(Location loc, Args &&...args) {
    auto op = OpTy::create(builder, loc, std::forward<Args>(args)...);
    (void)analysis.analyze(op);
    return op;
  }
  Value ints(Location loc, ArrayRef<int64_t> numbers);
  Value none(Location loc);
  Value transpose(Location loc, Value value, ArrayRef<int64_t> perm);
  Value reshape(Location loc, Value value, ArrayRef<int64_t> target,
                ArrayRef<int64_t> shape);

  bool hasRank(Value value, size_t rank) const {
    return analysis.hasShape(value) && analysis.getShape(value).size() == rank;
  }
  // True if both have the same dims in every run.
  bool sameShape(Value a, Value b) const {
    return analysis.hasShape(a) && analysis.hasShape(b) &&
           analysis.getShape(a) == analysis.getShape(b);
  }
  bool sameDim(Value a, int64_t i, Value b, int64_t j) const {
    return analysis.getDim(a, i) == analysis.getDim(b, j);
  }
  // Dim `i`, counted from the end if negative; none if it is not static.
  std::optional<int64_t> staticDim(Value value, int64_t i) const;
  // The axes of a Squeeze or Unsqueeze, from the front.
  std::optional<SmallVector<int64_t>> axesOf(Value axes, int64_t rank);

  // `value` is elements start, start + step, ... of `source` along `axis`, and
  // all of its other dims.
  struct Range {
    Value source;
    int64_t start, size, step;
  };
  std::optional<Range> matchRange(Value value, int64_t axis);

  ShapeAnalysis &analysis;
  OpBuilder builder;
};

// Erases what has no uses any more among the given ops and what led to them.
void eraseDead(ArrayRef<Operation *> roots);

// Numbers of ops lifted.
unsigned liftRotaryEmbeddings(ShapeAnalysis &analysis);
unsigned liftAttention(ShapeAnalysis &analysis);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_LIFTGRAPH_H
