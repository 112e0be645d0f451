//===- RotaryMatch.h - pairs and caches of rotary embeddings ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ROTARYMATCH_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ROTARYMATCH_H

#include "LiftGraph.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

namespace mlir::onnx {

// The pairs that are rotated, in two layouts: halves of the last axis, or
// neighbours on it (interleaved).
class RotaryPairs : protected GraphLifter {
public:
  using GraphLifter::GraphLifter;

protected:
  // One element of every pair of `source`.
  struct Part {
    Value source;
    unsigned index;
    bool interleaved;
  };
  // A tensor put together of the first and the second elements of its pairs.
  struct Pair {
    Value first, second;
    bool interleaved;
  };

  std::optional<Part> matchPart(Value value);
  std::optional<Pair> matchPair(Value value);

private:
  std::optional<Part> matchPairAxis(Value value);
};

// cos and sin of full width, of which the op takes half.
class RotaryCaches : protected RotaryPairs {
public:
  using RotaryPairs::RotaryPairs;

protected:
  // One half of a cache whose halves are equal (the even elements, if the pairs
  // are neighbours); null if they are not, as far as one can see.
  Value half(Value cache, bool interleaved);

  // Halves found, by cache and layout; a null value where there are none.
  llvm::DenseMap<std::pair<Value, unsigned>, Value> halves;

private:
  Value halfOfConstant(ConstantOp constant, bool interleaved);
  Value halfOfOp(Operation *op, bool interleaved);
};

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_ROTARYMATCH_H
