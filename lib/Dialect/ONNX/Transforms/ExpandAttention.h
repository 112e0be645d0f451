//===- ExpandAttention.h - what the expansions share ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EXPANDATTENTION_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EXPANDATTENTION_H

#include "Decompose.h"
#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

namespace mlir::onnx {

/// Results of ops that are expanded, and what computes them now.
using Replacements = SmallVector<std::pair<Value, Value>>;

class Expander {
protected:
  Expander(ShapeAnalysis &shapes, Composer &c, Replacements &replacements)
      : shapes(shapes), c(c), replacements(replacements) {}

  /// The dims of a value of the graph as it was; unset without a rank.
  std::optional<Dims> dimsOf(Value value);
  /// One dim of a value as a tensor<1xi64>.
  Value dim(Value value, int64_t i);
  /// Tensors of one element as one vector.
  Value vector(ArrayRef<Value> parts);
  Value slice(Value value, int64_t begin, int64_t end, int64_t axis,
              int64_t step = 1);
  Value transpose(Value value, ArrayRef<int64_t> permutation);
  /// The mask with a column for each of `keys` keys (`count` says that dim):
  /// those beyond its own are not seen.
  Value paddedMask(AttentionOp op, Value keys, const DimExpr &count);
  /// The type that sums are computed in.
  Type computeType(Value value);
  void replace(Value result, Value value);

  ShapeAnalysis &shapes;
  Composer &c;
  Replacements &replacements;
};

/// Adds the op's result to `replacements`; fails without a rank, or with an
/// error.
LogicalResult expandRotaryEmbedding(RotaryEmbeddingOp op, ShapeAnalysis &shapes,
                                    Composer &c, Replacements &replacements);

/// Writes the op as one that a kernel computes, where it is one.
bool fuseAttention(AttentionOp op, ShapeAnalysis &shapes, Composer &c,
                   Replacements &replacements);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EXPANDATTENTION_H
