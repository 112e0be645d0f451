//===- Activations.cpp - activation functions -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Composed of elementary functions, in forms that neither overflow nor lose
// NaN. Selections take both branches, so that loops vectorize.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;

static Value add(ScalarBuilder &s, Value a, Value c) {
  return s.make<arith::AddFOp>(a, c);
}
static Value multiply(ScalarBuilder &s, Value a, Value c) {
  return s.make<arith::MulFOp>(a, c);
}
static Value above(ScalarBuilder &s, Value x, double bound) {
  return s.compare(CmpFPredicate::OGT, x, s.like(x, bound));
}
static Value below(ScalarBuilder &s, Value x, double bound) {
  return s.compare(CmpFPredicate::OLT, x, s.like(x, bound));
}
static Value expMinusOne(ScalarBuilder &s, Value x) {
  return s.make<math::ExpM1Op>(x);
}
/// min(max(x, 0), 1)
static Value unitClamp(ScalarBuilder &s, Value x) {
  return s.make<arith::MinimumFOp>(s.make<arith::MaximumFOp>(x, s.like(x, 0)),
                                   s.like(x, 1));
}

/// 1 / (1 + exp(-factor * x)): exp overflows to infinity, which gives 0.
static Value logistic(ScalarBuilder &s, Value x, double factor = 1) {
  Value scaled = factor == 1 ? x : multiply(s, x, s.like(x, factor));
  Value power = s.make<math::ExpOp>(s.make<arith::NegFOp>(scaled));
  Value one = s.like(x, 1);
  return s.make<arith::DivFOp>(one, add(s, one, power));
}

/// max(x, 0) + log1p(exp(-|x|))
static Value softplusOf(ScalarBuilder &s, Value x) {
  Value small =
      s.make<math::ExpOp>(s.make<arith::NegFOp>(s.make<math::AbsFOp>(x)));
  return add(s, s.make<arith::MaximumFOp>(x, s.like(x, 0)),
             s.make<math::Log1pOp>(small));
}

static Value sigmoid(ScalarBuilder &s, ValueRange a) {
  return logistic(s, a[0]);
}
static Value swish(ScalarBuilder &s, ValueRange a) {
  return multiply(s, a[0], logistic(s, a[0], s.attribute("alpha")));
}
static Value softplus(ScalarBuilder &s, ValueRange a) {
  return softplusOf(s, a[0]);
}
static Value softsign(ScalarBuilder &s, ValueRange a) {
  return s.make<arith::DivFOp>(
      a[0], add(s, s.like(a[0], 1), s.make<math::AbsFOp>(a[0])));
}
static Value mish(ScalarBuilder &s, ValueRange a) {
  return multiply(s, a[0], s.make<math::TanhOp>(softplusOf(s, a[0])));
}
static Value hardSwish(ScalarBuilder &s, ValueRange a) {
  Value line =
      add(s, s.make<arith::DivFOp>(a[0], s.like(a[0], 6)), s.like(a[0], 0.5));
  return multiply(s, a[0], unitClamp(s, line));
}
static Value hardSigmoid(ScalarBuilder &s, ValueRange a) {
  Value line = add(s, multiply(s, a[0], s.like(a[0], s.attribute("alpha"))),
                   s.like(a[0], s.attribute("beta")));
  return unitClamp(s, line);
}
static Value leakyRelu(ScalarBuilder &s, ValueRange a) {
  Value scaled = multiply(s, a[0], s.like(a[0], s.attribute("alpha")));
  return s.select(below(s, a[0], 0), scaled, a[0]);
}
static Value elu(ScalarBuilder &s, ValueRange a) {
  Value curve =
      multiply(s, s.like(a[0], s.attribute("alpha")), expMinusOne(s, a[0]));
  return s.select(below(s, a[0], 0), curve, a[0]);
}
static Value celu(ScalarBuilder &s, ValueRange a) {
  Value alpha = s.like(a[0], s.attribute("alpha")), zero = s.like(a[0], 0);
  Value curve =
      multiply(s, alpha, expMinusOne(s, s.make<arith::DivFOp>(a[0], alpha)));
  return add(s, s.make<arith::MaximumFOp>(a[0], zero),
             s.make<arith::MinimumFOp>(curve, zero));
}
static Value selu(ScalarBuilder &s, ValueRange a) {
  Value curve =
      multiply(s, s.like(a[0], s.attribute("alpha")), expMinusOne(s, a[0]));
  Value chosen = s.select(above(s, a[0], 0), a[0], curve);
  return multiply(s, s.like(a[0], s.attribute("gamma")), chosen);
}
static Value thresholdedRelu(ScalarBuilder &s, ValueRange a) {
  return s.select(above(s, a[0], s.attribute("alpha")), a[0], s.like(a[0], 0));
}

/// Integers are computed in f64, where all of them up to 2^53 are exact.
static Value shrink(ScalarBuilder &s, ValueRange a) {
  Value x = a[0];
  if (!s.isFloat())
    x = castScalar(s.b, x, s.type, s.b.getF64Type());
  double bound = s.attribute("lambd");
  Value bias = s.like(x, s.attribute("bias"));
  Value result =
      s.select(below(s, x, -bound), add(s, x, bias),
               s.select(above(s, x, bound), s.make<arith::SubFOp>(x, bias),
                        s.like(x, 0)));
  return s.isFloat() ? result
                     : castScalar(s.b, result, s.b.getF64Type(), s.type);
}

static Value gelu(ScalarBuilder &s, ValueRange a) {
  Value x = a[0], inner;
  if (cast<onnx::GeluOp>(s.op).getApproximate() == "tanh") {
    Value cube = multiply(s, multiply(s, x, x), x);
    Value sum = add(s, x, multiply(s, s.like(x, 0.044715), cube));
    constexpr double kRootOfTwoOverPi = 0.79788456080286535588;
    inner = s.make<math::TanhOp>(multiply(s, s.like(x, kRootOfTwoOverPi), sum));
  } else {
    constexpr double kRootOfHalf = 0.70710678118654752440;
    inner = s.make<math::ErfOp>(multiply(s, x, s.like(x, kRootOfHalf)));
  }
  Value half = multiply(s, x, s.like(x, 0.5));
  return multiply(s, half, add(s, inner, s.like(x, 1)));
}

void qopt::registerActivations(Registry &registry) {
  addElementwise<onnx::SigmoidOp>(registry, sigmoid);
  addElementwise<onnx::SwishOp>(registry, swish);
  addElementwise<onnx::SoftplusOp>(registry, softplus);
  addElementwise<onnx::SoftsignOp>(registry, softsign);
  addElementwise<onnx::MishOp>(registry, mish);
  addElementwise<onnx::HardSwishOp>(registry, hardSwish);
  addElementwise<onnx::HardSigmoidOp>(registry, hardSigmoid);
  addElementwise<onnx::LeakyReluOp>(registry, leakyRelu);
  addElementwise<onnx::EluOp>(registry, elu);
  addElementwise<onnx::CeluOp>(registry, celu);
  addElementwise<onnx::SeluOp>(registry, selu);
  addElementwise<onnx::ThresholdedReluOp>(registry, thresholdedRelu);
  addElementwise<onnx::ShrinkOp>(registry, shrink);
  addElementwise<onnx::GeluOp>(registry, gelu);
}
