//===- QuantLinear.h - what quantization operators share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_QUANTLINEAR_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_QUANTLINEAR_H

#include "Elementwise.h"

namespace mlir::qopt {

/// saturate(rne(x) + zeroPoint): the sum is exact in f32 for 8 and 16 bits.
/// Floats are not rounded to integers but to their own numbers. `zeroPoint` may
/// be null.
Value quantizeScalar(ImplicitLocOpBuilder &b, Value scaled, Value zeroPoint,
                     Type zeroType, Type to, const CastRule &rule = {});

/// A vector of zero points or scales that has one element or `size` of them, as
/// `size` elements.
Value spreadVector(Lowering &l, Value parameter, OpFoldResult size);

/// sum((a - aZero) * (b - bZero)) in i32 over [..., K] and a constant [K, N],
/// by the kernels of 8-bit codes; fails silently where they do not fit.
FailureOr<Value> kernelProduct(Lowering &l, Value a, Value aZero, Value b,
                               Value bZero);

/// Part of registerQuantLinear.
void registerQuantProducts(Registry &registry);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_QUANTLINEAR_H
