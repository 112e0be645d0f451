//===- ErfTable.cpp - erf on vectors of 16 floats -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One polynomial for the whole range takes 16 coefficients. Where two registers
// can be indexed by the lanes of a third, 32 polynomials of degree 4 take 5
// permutations and 4 multiplications, and are more exact.
//
// Part i belongs to i / 8 - 1/16 <= |x| <= i / 8 + 1/16 and has its origin in
// the middle; part 0 begins at 0. Coefficients interpolate erf at Chebyshev
// nodes, in part 0 they fit erf(x) / x: the relative error is bounded there
// too. Absolute error 6e-8, relative 2e-7, against f64 over 5 million values.
//===----------------------------------------------------------------------===//

#include "../Kernels/Instructions.h"
#include "Vectors.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

constexpr int64_t kLanes = 16, kParts = 32, kDegree = 4;
/// From here on erf rounds to 1, within the last part.
constexpr double kBound = 3.92;
/// 1.5 * 2^23: what is added to it is rounded to an integer in the low bits.
constexpr double kToInteger = 12582912;

/// Rows are powers from 0 up.
static constexpr float kTable[kDegree + 1][kParts] = {
    {0.0f,         0.140316203f, 0.276326388f, 0.404116899f, 0.520499885f,
     0.623240888f, 0.711155653f, 0.784075081f, 0.842700779f, 0.888388216f,
     0.92290014f,  0.948170066f, 0.966105163f, 0.978443742f, 0.986671686f,
     0.99199003f,  0.995322287f, 0.997345984f, 0.998537302f, 0.999217033f,
     0.999593019f, 0.999794602f, 0.999899387f, 0.999952137f, 0.999977887f,
     0.999990106f, 0.999995708f, 0.999998212f, 0.999999285f, 0.999999702f,
     0.999999881f, 0.99999994f},
    {1.12837911f,     1.11088479f,     1.06001377f,     0.980352581f,
     0.87878257f,     0.763499677f,    0.642931342f,    0.524745345f,
     0.415107816f,    0.31827426f,     0.236521348f,    0.170359924f,
     0.118930362f,    0.0804722682f,   0.0527749658f,   0.0335457735f,
     0.0206669234f,   0.0123407608f,   0.00714226812f,  0.00400643796f,
     0.002178255f,    0.00114785496f,  0.000586264068f, 0.000290220109f,
     0.000139248194f, 6.47559282e-05f, 2.91875258e-05f, 1.27509575e-05f,
     5.39903385e-06f, 2.21573077e-06f, 8.81344192e-07f, 3.39783043e-07f},
    {6.86728526e-06f,  -0.138860554f,    -0.265003353f,    -0.367632061f,
     -0.439391047f,    -0.477187008f,    -0.482198179f,    -0.459151864f,
     -0.415107518f,    -0.358058274f,    -0.295651495f,    -0.234244794f,
     -0.178395525f,    -0.130767494f,    -0.0923562869f,   -0.0628984496f,
     -0.0413339734f,   -0.0262242351f,   -0.0160702039f,   -0.00951537024f,
     -0.00544569734f,  -0.00301316148f,  -0.00161225453f,  -0.000834400882f,
     -0.000417755626f, -0.000202368727f, -9.48630768e-05f, -4.30364271e-05f,
     -1.88976228e-05f, -8.03252169e-06f, -3.3052786e-06f,  -1.31676859e-06f},
    {-0.376676023f,   -0.358215123f,   -0.308780223f,   -0.234654248f,
     -0.1464279f,     -0.0558054298f,  0.0265291724f,   0.0925957561f,
     0.138031647f,    0.16215308f,     0.167305484f,    0.157788232f,
     0.138679326f,    0.114830077f,    0.0901895165f,   0.0674969703f,
     0.0482868142f,   0.033098381f,    0.0217765812f,   0.013771343f,
     0.00837996975f,  0.00491103437f,  0.00277385721f,  0.00151091162f,
     0.000794071704f, 0.000402842066f, 0.000197345173f, 9.33845804e-05f,
     4.26975821e-05f, 1.88676695e-05f, 8.059631e-06f,   3.32872469e-06f},
    {0.0140822139f,   0.0685965419f,    0.126783133f,     0.166338935f,
     0.182835549f,    0.176258102f,     0.150555804f,     0.112345904f,
     0.0692070127f,   0.0280490462f,    -0.00605550269f,  -0.0303924829f,
     -0.0445045382f,  -0.0496484898f,   -0.0480584316f,   -0.0422398075f,
     -0.0344427042f,  -0.0263696965f,   -0.0190975461f,   -0.0131484075f,
     -0.00863603503f, -0.00542526413f,  -0.00326620787f,  -0.00188732939f,
     -0.00104800414f, -0.000559784647f, -0.000287857692f, -0.000142603953f,
     -6.8098052e-05f, -3.13619857e-05f, -1.39355488e-05f, -5.97667031e-06f},
};

Value x86::erfByTable(KernelBuilder &b, Value x) {
  auto floats = VectorType::get({kLanes}, b.getF32Type());
  auto words = VectorType::get({kLanes}, b.getI32Type());
  // A NaN passes the bound, and all that follows.
  Value magnitude = math::AbsFOp::create(b, x), bound = b.splat(floats, kBound);
  Value beyond =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, bound, magnitude);
  magnitude = arith::SelectOp::create(b, beyond, bound, magnitude);
  Value toInteger = b.splat(floats, kToInteger);
  Value shifted =
      math::FmaOp::create(b, magnitude, b.splat(floats, 8), toInteger);
  // The permutation reads the low five bits.
  Value part = arith::BitcastOp::create(b, words, shifted);
  Value middle = arith::SubFOp::create(b, shifted, toInteger);
  Value u = math::FmaOp::create(b, middle, b.splat(floats, -0.125), magnitude);
  auto coefficient = [&](int64_t power) {
    Value halves[2];
    for (int64_t half : {0, 1}) {
      ArrayRef<float> lanes(kTable[power] + half * kLanes, kLanes);
      halves[half] =
          arith::ConstantOp::create(b, DenseElementsAttr::get(floats, lanes));
    }
    return callIntrinsic(b, "llvm.x86.avx512.vpermi2var.ps.512", floats,
                         {halves[0], part, halves[1]});
  };
  Value sum = coefficient(kDegree);
  for (int64_t power = kDegree - 1; power >= 0; --power)
    sum = math::FmaOp::create(b, sum, u, coefficient(power));
  return math::CopySignOp::create(b, sum, x);
}
