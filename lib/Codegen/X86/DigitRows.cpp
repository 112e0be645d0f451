//===- DigitRows.cpp - the digits of float rows ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "../Kernels/Instructions.h"
#include "Digits.h"
#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

constexpr int64_t kLanes = 16;
constexpr float kBase = 254, kLargest = 127;
/// Rows of smaller magnitudes are multiplied by a power of two first, so that
/// the inverse is finite.
constexpr float kSmall = 0x1p-60f, kFactor = 0x1p90f;

int64_t x86::digitSteps(const Operands &in) {
  int64_t depth = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
  return llvm::divideCeil(depth, kTileDepth);
}

Value x86::areManyDigits(KernelBuilder &b, Value rows) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rows,
                               b.index(kDigitRows));
}

DigitPlaces::DigitPlaces(KernelBuilder &b, Value many, int64_t steps) {
  auto choose = [&](int64_t ofTiles, int64_t ofRows) -> Value {
    return arith::SelectOp::create(b, many, b.index(ofTiles), b.index(ofRows));
  };
  row = choose(kTileDepth, kDigits * steps * kTileDepth);
  step = choose(kTileBytes, kTileDepth);
  digit = choose(steps * kTileBytes, steps * kTileDepth);
}

/// NaN if an element is not finite.
static Value magnitudeOfRow(KernelBuilder &b, Value lhs, Value row, int64_t k) {
  auto words = VectorType::get({kLanes}, b.getI32Type());
  auto larger = [&](Value column, int64_t count, Value most) -> Value {
    Value bits = arith::BitcastOp::create(
        b, words, b.load(lhs, {row, column}, kLanes, count));
    bits = arith::AndIOp::create(b, bits, b.splat(words, 0x7fffffff));
    return arith::MaxSIOp::create(b, most, bits);
  };
  int64_t whole = k / kLanes * kLanes;
  Value most =
      b.loop(b.index(0), b.index(whole), kLanes, ValueRange{b.splat(words, 0)},
             [&](Value column, ValueRange carried) {
               return SmallVector<Value>{larger(column, kLanes, carried[0])};
             })[0];
  if (whole != k)
    most = larger(b.index(whole), k - whole, most);
  Value bits =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, most);
  Value infinite =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(0x7f800000));
  Value finite =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits, infinite);
  Value magnitude = arith::BitcastOp::create(b, b.getF32Type(), bits);
  return arith::SelectOp::create(
      b, finite, magnitude, b.f32(std::numeric_limits<float>::quiet_NaN()));
}

/// The order of loadOctet.
static Value orderOctets(KernelBuilder &b, Value bytes) {
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < kTileDepth; ++i)
    order.push_back(i / kDigitOctet * kDigitOctet + 2 * (i % 4) + i / 4 % 2);
  return vector::ShuffleOp::create(b, bytes, bytes, order);
}

/// Groups [begin, end) of rows.
static void emitRows(KernelBuilder &b, const Isa &isa, Value lhs, Value digits,
                     Value ranges, Value begin, Value end) {
  int64_t k = cast<MemRefType>(lhs.getType()).getDimSize(1);
  int64_t steps = llvm::divideCeil(k, kTileDepth);
  auto floats = VectorType::get({kLanes}, b.getF32Type());
  auto integers = VectorType::get({kLanes}, b.getI32Type());
  auto codes = VectorType::get({kTileDepth}, b.getI8Type());
  Value m = b.dim(lhs, 0), last = b.sub(m, b.index(1));
  Value many = areManyDigits(b, m);
  DigitPlaces places(b, many, steps);
  Value ofGroup = arith::SelectOp::create(b, many, b.index(kTileRows), m);
  b.loop(begin, end, 1, [&](Value group) {
    Value first = b.mul(group, kTileRows);
    b.loop(b.index(0), ofGroup, 1, [&](Value i) {
      Value row = b.min(b.add(first, i), last);
      Value magnitude = magnitudeOfRow(b, lhs, row, k);
      auto storeNumber = [&](Value number, int64_t column) {
        memref::StoreOp::create(b, number, ranges,
                                ValueRange{b.add(first, i), b.index(column)});
      };
      storeNumber(magnitude, 0);
      Value small = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                          magnitude, b.f32(kSmall));
      Value factor =
          arith::SelectOp::create(b, small, b.f32(kFactor), b.f32(1));
      Value inverse = arith::DivFOp::create(
          b, b.f32(kLargest), arith::MulFOp::create(b, magnitude, factor));
      Value some = arith::CmpFOp::create(b, arith::CmpFPredicate::ONE,
                                         magnitude, b.f32(0));
      inverse = arith::SelectOp::create(b, some, inverse, b.f32(0));
      inverse = b.broadcast(inverse, kLanes);
      factor = b.broadcast(factor, kLanes);
      auto emitStep = [&](Value step, int64_t count, ValueRange carried) {
        SmallVector<Value> words[kDigits];
        for (int64_t v = 0; v < kTileDepth; v += kLanes) {
          Value value = b.splat(floats, 0);
          if (v < count)
            value = b.load(lhs, {row, b.add(b.mul(step, kTileDepth), v)},
                           kLanes, std::min(kLanes, count - v));
          value = arith::MulFOp::create(b, value, factor);
          value = arith::MulFOp::create(b, value, inverse);
          for (auto [digit, own] : llvm::enumerate(words)) {
            own.push_back(roundToWords(b, value));
            if (digit + 1 == kDigits)
              break;
            Value rest = arith::SubFOp::create(
                b, value, arith::SIToFPOp::create(b, floats, own.back()));
            value = arith::MulFOp::create(b, rest, b.splat(floats, kBase));
          }
        }
        Value at = b.add(b.mul(step, places.step), b.mul(i, places.row));
        SmallVector<Value> sums(carried);
        for (auto [digit, own] : llvm::enumerate(words)) {
          Value bytes = packWords(b, own);
          sums[digit] =
              dotBytes(b, isa, sums[digit], b.splat(codes, -128), bytes);
          b.store(orderOctets(b, bytes), digits,
                  {group, b.add(at, b.mul(places.digit, digit))}, kTileDepth);
        }
        return sums;
      };
      int64_t whole = k / kTileDepth;
      SmallVector<Value> sums(kDigits, b.splat(integers, 0));
      sums = b.loop(b.index(0), b.index(whole), 1, sums,
                    [&](Value step, ValueRange carried) {
                      return emitStep(step, kTileDepth, carried);
                    });
      if (k % kTileDepth)
        sums = emitStep(b.index(whole), k % kTileDepth, sums);
      // Multiples of 128 below 2^31: exact.
      for (auto [digit, sum] : llvm::enumerate(sums))
        storeNumber(
            arith::SIToFPOp::create(b, b.getF32Type(),
                                    vector::ReductionOp::create(
                                        b, vector::CombiningKind::ADD, sum)),
            1 + digit);
    });
  });
}

void x86::makeDigits(KernelBuilder &b, const Isa &isa, Operands &views,
                     KernelTable &kernels) {
  int64_t k = cast<MemRefType>(views.lhs.getType()).getDimSize(1);
  Value groups = b.ceilDiv(b.dim(views.lhs, 0), b.index(kTileRows));
  views.digits = memref::AllocOp::create(
      b,
      MemRefType::get(
          {ShapedType::kDynamic, kDigits * digitSteps(views) * kTileBytes},
          b.getI8Type()),
      groups);
  views.digitRanges = memref::AllocOp::create(
      b, MemRefType::get({ShapedType::kDynamic, 1 + kDigits}, b.getF32Type()),
      b.mul(groups, kTileRows));
  SmallVector<Value> captures{views.lhs, views.digits, views.digitRanges};
  func::FuncOp kernel = kernels.get(
      b.getLoc(), "digits_" + std::to_string(k), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        emitRows(inner, isa, arguments[0], arguments[1], arguments[2], begin,
                 end);
      });
  ParallelCallOp::create(b, kernel.getSymName(), groups,
                         b.index(std::max<int64_t>(1, (16 << 10) / k)),
                         captures);
}

Value x86::joinDigits(KernelBuilder &b, ArrayRef<Value> sums, Value magnitude) {
  auto floats = cast<VectorType>(magnitude.getType());
  Value value = b.splat(floats, 0);
  for (int64_t digit = kDigits; digit-- > 0;) {
    Value own = arith::SIToFPOp::create(b, floats, sums[digit]);
    double weight = 1 / (kLargest * std::pow(double(kBase), digit));
    value = vector::FMAOp::create(b, own, b.splat(floats, weight), value);
  }
  return arith::MulFOp::create(b, value, magnitude);
}
