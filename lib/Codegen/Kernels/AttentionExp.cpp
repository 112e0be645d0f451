//===- AttentionExp.cpp - exponentials of softmax -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax knows that its arguments are not positive, so that half of a general
// exp is not needed. exp(x) = 2^n 2^f with n = rne(x / ln 2) and f = x / ln 2 -
// n in fused steps; 2^f is a polynomial of degree 6 (relative error 2e-9)
// fitted over |f| <= 0.5005 for the least largest relative error, or of degree
// 3 (7.5e-5). Arguments below -87.3 give 0: there are no denormals, which
// would be slow.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Instructions.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

constexpr float kLeast = -87.3f;
/// 1 / ln 2 as a float, and what it lacks.
constexpr float kLog2E = 1.44269504f, kLog2ERest = 1.92596299e-8f;
/// From f^6, or f^3, down.
constexpr float kExact[] = {1.53456960e-4f,
                            1.34000636e-3f,
                            9.61849000e-3f,
                            5.55032827e-2f,
                            2.40226462e-1f,
                            6.93147182e-1f,
                            1.0f};
constexpr float kRough[] = {5.51710054e-2f, 2.42615849e-1f, 6.93261445e-1f,
                            9.99927819e-1f};

Value kernels::expOfNonPositive(KernelBuilder &b, Value x, bool exact) {
  auto type = cast<VectorType>(x.getType());
  auto number = [&](float value) { return b.splat(type, value); };
  Value n =
      math::RoundEvenOp::create(b, arith::MulFOp::create(b, x, number(kLog2E)));
  Value f =
      vector::FMAOp::create(b, x, number(kLog2E), arith::NegFOp::create(b, n));
  if (exact)
    f = vector::FMAOp::create(b, x, number(kLog2ERest), f);
  ArrayRef<float> coefficients =
      exact ? ArrayRef<float>(kExact) : ArrayRef<float>(kRough);
  Value power = number(coefficients.front());
  for (float coefficient : coefficients.drop_front())
    power = vector::FMAOp::create(b, power, f, number(coefficient));
  Value result = timesPowerOfTwo(b, power, n);
  Value counts =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UGE, x, number(kLeast));
  return arith::SelectOp::create(b, counts, result, number(0));
}
