//===- AttentionExp.cpp - exponentials of softmax -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax knows that its arguments are not positive, so that half of a general
// exp is not needed. exp(x) = 2^n 2^f with n = rne(x / ln 2) and f = x / ln 2 -
// n in fused steps; 2^f is a polynomial of degree 6 (relative error 2e-9)
// fitted over |f| <= 0.5005 for the least largest relative error, or of degree
// 4 (2.6e-6) or 3 (7.5e-5). Arguments below -87.3 give 0: there are no
// denormals, which would be slow.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Instructions.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

constexpr float kLeast = -87.3f;
/// 1 / ln 2 as a float, and what it lacks.
constexpr float kLog2E = 1.44269504f, kLog2ERest = 1.92596299e-8f;
/// Added to a number, it leaves no place for what is behind the point.
constexpr float kToInteger = 12582912;
/// From the highest power down.
constexpr float kExact[] = {1.53456960e-4f,
                            1.34000636e-3f,
                            9.61849000e-3f,
                            5.55032827e-2f,
                            2.40226462e-1f,
                            6.93147182e-1f,
                            1.0f};
constexpr float kMiddle[] = {9.57000628e-3f, 5.59186824e-2f, 2.40247533e-1f,
                             6.93121731e-1f, 9.99999285e-1f};
constexpr float kRough[] = {5.51710054e-2f, 2.42615849e-1f, 6.93261445e-1f,
                            9.99927819e-1f};

static ArrayRef<float> coefficientsOf(ExpAccuracy accuracy) {
  switch (accuracy) {
  case ExpAccuracy::Float:
    return kExact;
  case ExpAccuracy::TwoHalves:
    return kMiddle;
  case ExpAccuracy::Half:
    return kRough;
  }
  llvm_unreachable("every accuracy has a polynomial");
}

Value kernels::expOfNonPositive(KernelBuilder &b, Value x,
                                ExpAccuracy accuracy) {
  auto type = cast<VectorType>(x.getType());
  auto number = [&](float value) { return b.splat(type, value); };
  Value shifted =
      vector::FMAOp::create(b, x, number(kLog2E), number(kToInteger));
  Value n = arith::SubFOp::create(b, shifted, number(kToInteger));
  Value f =
      vector::FMAOp::create(b, x, number(kLog2E), arith::NegFOp::create(b, n));
  if (accuracy == ExpAccuracy::Float)
    f = vector::FMAOp::create(b, x, number(kLog2ERest), f);
  ArrayRef<float> coefficients = coefficientsOf(accuracy);
  Value power = number(coefficients.front());
  for (float coefficient : coefficients.drop_front())
    power = vector::FMAOp::create(b, power, f, number(coefficient));
  Value result = timesPowerOfTwo(b, power, n);
  Value counts =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UGE, x, number(kLeast));
  return arith::SelectOp::create(b, counts, result, number(0));
}
