//===- NormalizationParts.h - what layer norms consist of -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_NORMALIZATIONPARTS_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_NORMALIZATIONPARTS_H

#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace mlir::onnx {

// The mean of `data` over the dims [axis, rank).
struct Mean {
  Value data;
  int64_t axis;
};
std::optional<Mean> matchMean(Value value);

// 1 / sqrt(v) in one of its forms: v.
Value matchReciprocalRoot(Value value);

// mean(square) + epsilon: both.
struct Variance {
  Mean square;
  double epsilon;
};
std::optional<Variance> matchVariance(Value value);

// d / sqrt(variance), with a gain where one is multiplied into a part of it.
struct Quotient {
  Value dividend;
  Variance variance;
  Value gain;
};
std::optional<Quotient> matchQuotient(Operation *op);

// x - mean(x), possibly widened behind the difference.
struct Centered {
  Value x;
  SubOp difference;
  int64_t axis;
};
std::optional<Centered> matchCentered(Value value);

// True for the square of one value; it may be computed in two ways.
Value squaredValue(Value square);

// True if d is what the centered value is, or its opposite: only the square is
// of interest.
bool isDifference(Value d, Value dividend, const Centered &centered);

bool isConstant(Value value);

// Mul(value, gain) with one constant that is not a single number: both.
std::optional<std::pair<Value, Value>> matchScaled(Value value);

// True for a constant of exactly the dims [axis, rank) of x, or with nothing
// but dims of size 1 in front of them.
bool fitsAsGain(Value gain, Value x, int64_t axis);

// Such a constant under the dims [axis, rank) alone.
Value asGain(Value gain, Value x, int64_t axis, PatternRewriter &rewriter);

bool hasStaticDims(Value x, int64_t axis);

// Ones in the dims [axis, rank) of x, which are static.
Value onesOf(Value x, int64_t axis, Location loc, PatternRewriter &rewriter);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_NORMALIZATIONPARTS_H
