//===- AttentionMatch.h - the parts of an attention -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the second product backward: guard against NaN, casts, softmax, masks,
// softcap, scale, first product, scales and transposes of its operands,
// repeated heads. Whatever is seen through must have no other reader: nothing
// is computed twice.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ATTENTIONMATCH_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ATTENTIONMATCH_H

#include "LiftGraph.h"
#include "LiftPatterns.h"

#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"

namespace mlir::onnx {

struct AttentionMatch {
  // Where `condition` is false (true, if inverted) a score becomes `fill`.
  struct Choice {
    Value condition;
    bool inverted;
    double fill;
    bool merged;
  };
  // A mask that is added, times a scale that stands behind both.
  struct Addend {
    Value mask;
    double factor;
    // The scores had rank 3 there: batch and heads merged.
    bool merged;
  };
  Value q, k, v, scores;
  // q with batch and heads merged, if the products have it so.
  Value mergedQ;
  double scale = 1, softcap = 0;
  SmallVector<Addend, 2> addends;
  SmallVector<Choice, 1> choices;
  bool zeroMaskedRows = false;
  std::optional<int64_t> precision;
  // k is as in the first product: [batch, heads, size, keys].
  bool keysTransposed = true;
};

class AttentionMatcher : protected GraphLifter {
public:
  using GraphLifter::GraphLifter;

  // What the second product and all in front of it compute.
  std::optional<AttentionMatch> match(MatMulOp op);

protected:
  // [batch, heads, ..] as [batch * heads, ..] or the other way round: the
  // operand of the Reshape.
  Value otherView(Value value);

private:
  SoftmaxOp matchProbabilities(Value value, AttentionMatch &match);
  bool matchMasked(Value value, AttentionMatch &match);
  bool keepsShape(Value scores, Value masked);
  bool matchScaled(Value value, AttentionMatch &match);
  bool matchProduct(Value value, AttentionMatch &match);
  Value skipScale(Value value, double &scale);
  void matchKeys(AttentionMatch &match);
  std::optional<std::pair<Value, int64_t>> matchRepeated(Value value);
  bool splitHeads(AttentionMatch &match, Value result);
  bool fits(AttentionMatch &match, Value result);
};

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ATTENTIONMATCH_H
