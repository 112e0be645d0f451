//===- EvaluateElementwise.cpp - broadcasting ops on constants -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers are computed in 64 bits and wrap when stored, floats in double with
// one rounding at the end. For + - * / and sqrt of f32 that gives the same bits
// as computing in f32, as double has more than twice the digits.
//===----------------------------------------------------------------------===//

#include "Evaluate.h"

#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

using UnaryFloat = double (*)(double);

UnaryFloat lookupUnaryFloat(Operation *op) {
  if (isa<AbsOp>(op))
    return [](double x) { return std::fabs(x); };
  if (isa<NegOp>(op))
    return [](double x) { return -x; };
  if (isa<SignOp>(op))
    return [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; };
  if (isa<ReluOp>(op))
    return [](double x) { return x < 0 ? 0.0 : x; };
  if (isa<CeilOp>(op))
    return [](double x) { return std::ceil(x); };
  if (isa<FloorOp>(op))
    return [](double x) { return std::floor(x); };
  if (isa<RoundOp>(op))
    return [](double x) { return std::nearbyint(x); };
  if (isa<ReciprocalOp>(op))
    return [](double x) { return 1.0 / x; };
  if (isa<SqrtOp>(op))
    return [](double x) { return std::sqrt(x); };
  if (isa<ExpOp>(op))
    return [](double x) { return std::exp(x); };
  if (isa<LogOp>(op))
    return [](double x) { return std::log(x); };
  if (isa<ErfOp>(op))
    return [](double x) { return std::erf(x); };
  if (isa<SinOp>(op))
    return [](double x) { return std::sin(x); };
  if (isa<CosOp>(op))
    return [](double x) { return std::cos(x); };
  if (isa<TanhOp>(op))
    return [](double x) { return std::tanh(x); };
  if (isa<SigmoidOp>(op))
    return [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  return nullptr;
}

using BinaryFloat = double (*)(double, double);

BinaryFloat lookupBinaryFloat(Operation *op) {
  if (isa<AddOp>(op))
    return [](double a, double b) { return a + b; };
  if (isa<SubOp>(op))
    return [](double a, double b) { return a - b; };
  if (isa<MulOp>(op))
    return [](double a, double b) { return a * b; };
  if (isa<DivOp>(op))
    return [](double a, double b) { return a / b; };
  if (isa<PowOp>(op))
    return [](double a, double b) { return std::pow(a, b); };
  if (isa<MaxOp>(op))
    return [](double a, double b) {
      return std::isnan(a) ? a : (a < b || std::isnan(b)) ? b : a;
    };
  if (isa<MinOp>(op))
    return [](double a, double b) {
      return std::isnan(a) ? a : (b < a || std::isnan(b)) ? b : a;
    };
  return nullptr;
}

// Wrapping arithmetic; nothing where the result is not defined.
std::optional<int64_t> binaryInt(Operation *op, int64_t a, int64_t b) {
  auto wrap = [](uint64_t bits) { return static_cast<int64_t>(bits); };
  uint64_t x = a, y = b;
  if (isa<AddOp>(op))
    return wrap(x + y);
  if (isa<SubOp>(op))
    return wrap(x - y);
  if (isa<MulOp>(op))
    return wrap(x * y);
  if (isa<MaxOp>(op))
    return std::max(a, b);
  if (isa<MinOp>(op))
    return std::min(a, b);
  if (isa<AndOp, BitwiseAndOp>(op))
    return a & b;
  if (isa<OrOp, BitwiseOrOp>(op))
    return a | b;
  if (isa<XorOp, BitwiseXorOp>(op))
    return a ^ b;
  if (isa<DivOp, ModOp>(op) && (b == 0 || (b == -1 && a == INT64_MIN)))
    return std::nullopt;
  if (isa<DivOp>(op))
    return a / b;
  if (auto mod = dyn_cast<ModOp>(op)) {
    int64_t rest = a % b;
    return !mod.getFmod() && rest != 0 && (rest < 0) != (b < 0) ? rest + b
                                                                : rest;
  }
  if (isa<PowOp>(op)) {
    if (b < 0 || b > 64)
      return std::nullopt;
    uint64_t power = 1;
    for (int64_t i = 0; i < b; ++i)
      power *= x;
    return wrap(power);
  }
  return std::nullopt;
}

template <typename T> std::optional<bool> compare(Operation *op, T a, T b) {
  if (isa<EqualOp>(op))
    return a == b;
  if (isa<LessOp>(op))
    return a < b;
  if (isa<LessOrEqualOp>(op))
    return a <= b;
  if (isa<GreaterOp>(op))
    return a > b;
  if (isa<GreaterOrEqualOp>(op))
    return a >= b;
  return std::nullopt;
}

// Computes element `i` of `out` from elements `p[k]` of the operands.
bool computeElement(Operation *op, HostOperands in, ArrayRef<int64_t> p,
                    HostTensor &out, int64_t i) {
  const HostTensor &first = *in.front();
  if (isa<CastOp, CastLikeOp>(op)) {
    if (!first.isFloat()) {
      int64_t value = first.getInt(p[0]);
      out.isFloat() ? out.setFloat(i, value) : out.setInt(i, value);
      return true;
    }
    double value = first.getFloat(p[0]);
    if (out.isFloat()) {
      out.setFloat(i, value);
      return true;
    }
    if (out.getElementType().isInteger(1)) {
      out.setInt(i, value != 0);
      return true;
    }
    // What a conversion out of range gives is the machine's choice.
    unsigned bits = out.getElementType().getIntOrFloatBitWidth();
    bool isUnsigned = cast<IntegerType>(out.getElementType()).isUnsigned();
    double limit = std::ldexp(1.0, isUnsigned ? bits : bits - 1);
    if (!(value > (isUnsigned ? -1.0 : -limit - 1) && value < limit) ||
        std::fabs(value) >= 0x1p63)
      return false;
    out.setInt(i, static_cast<int64_t>(value));
    return true;
  }
  if (isa<WhereOp>(op)) {
    unsigned source = first.getInt(p[0]) ? 1 : 2;
    std::memcpy(out.writableAt(i), in[source]->at(p[source]),
                out.getElementBytes());
    return true;
  }
  if (isa<EqualOp, LessOp, LessOrEqualOp, GreaterOp, GreaterOrEqualOp>(op)) {
    out.setInt(i,
               first.isFloat()
                   ? *compare(op, first.getFloat(p[0]), in[1]->getFloat(p[1]))
                   : *compare(op, first.getInt(p[0]), in[1]->getInt(p[1])));
    return true;
  }
  if (isa<NotOp>(op)) {
    out.setInt(i, !first.getInt(p[0]));
    return true;
  }
  if (first.isFloat()) {
    if (UnaryFloat unary = lookupUnaryFloat(op)) {
      out.setFloat(i, unary(first.getFloat(p[0])));
      return true;
    }
    BinaryFloat binary = lookupBinaryFloat(op);
    if (!binary)
      return false;
    auto number = [&](unsigned k) {
      return in[k]->isFloat() ? in[k]->getFloat(p[k])
                              : static_cast<double>(in[k]->getInt(p[k]));
    };
    double value = number(0);
    for (unsigned k = 1; k < in.size(); ++k)
      value = binary(value, number(k));
    out.setFloat(i, value);
    return true;
  }
  int64_t value = first.getInt(p[0]);
  if (isa<NegOp>(op)) {
    out.setInt(i, static_cast<int64_t>(-static_cast<uint64_t>(value)));
    return true;
  }
  if (isa<AbsOp>(op)) {
    out.setInt(i, value < 0
                      ? static_cast<int64_t>(-static_cast<uint64_t>(value))
                      : value);
    return true;
  }
  if (isa<SignOp>(op)) {
    out.setInt(i, (value > 0) - (value < 0));
    return true;
  }
  if (in.size() < 2)
    return false;
  for (unsigned k = 1; k < in.size(); ++k) {
    if (in[k]->isFloat())
      return false;
    std::optional<int64_t> next = binaryInt(op, value, in[k]->getInt(p[k]));
    if (!next)
      return false;
    value = *next;
  }
  out.setInt(i, value);
  return true;
}

} // namespace

HostResults mlir::onnx::evaluateElementwise(Operation *op,
                                            HostOperands operands) {
  if (!op->hasTrait<OpTrait::ONNXElementwise>())
    return {};
  if (isa<CastLikeOp>(op))
    operands = operands.take_front(1);
  RankedTensorType type = staticResultType(op);
  bool allSplat = true;
  for (const HostTensor *operand : operands) {
    // 64-bit unsigned values do not fit the arithmetic here.
    if (!operand || operand->getElementType().isUnsignedInteger(64))
      return {};
    allSplat =
        allSplat && (operand->isSplat() || operand->getNumElements() == 1);
  }
  if (!type || operands.empty() || type.getElementType().isUnsignedInteger(64))
    return {};
  // Nothing is computed in storage types, and bits are no numbers.
  if (!HostTensor::isSupported(type.getElementType()) || isa<BitCastOp>(op))
    return {};

  HostTensor out = HostTensor::create(type, allSplat);
  int64_t count = allSplat ? 1 : type.getNumElements();
  if (type.getNumElements() == 0)
    count = 0;
  // Strides of the operands in the index space of the result.
  int64_t rank = type.getRank();
  SmallVector<SmallVector<int64_t>> strides;
  for (const HostTensor *operand : operands) {
    SmallVector<int64_t> own = rowMajorStrides(operand->getShape());
    SmallVector<int64_t> wide(rank - own.size(), 0);
    for (auto [size, stride] : llvm::zip(operand->getShape(), own))
      wide.push_back(size == 1 ? 0 : stride);
    strides.push_back(wide);
  }
  SmallVector<int64_t> index(rank, 0), position(operands.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    if (!computeElement(op, operands, position, out, i))
      return {};
    // The next index, and the positions that go with it.
    for (int64_t d = rank - 1; d >= 0; --d) {
      bool carry = ++index[d] == type.getDimSize(d);
      for (auto [k, stride] : llvm::enumerate(strides))
        position[k] += carry ? -stride[d] * (index[d] - 1) : stride[d];
      if (!carry)
        break;
      index[d] = 0;
    }
  }
  return single(std::move(out));
}
