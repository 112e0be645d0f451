//===- HalfTest.cpp - half and bfloat16 against APFloat -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Widening is tried on all 65,536 values. Narrowing is tried on each value, on
// the middle between it and the next, and on the numbers beside that middle, in
// both source formats: all places where a rounding can go wrong.
//===----------------------------------------------------------------------===//

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"

#include "gtest/gtest.h"

#include <cstring>
#include <random>

using llvm::APFloat;
using llvm::APInt;

extern "C" {
_Float16 __truncsfhf2(float);
_Float16 __truncdfhf2(double);
__bf16 __truncsfbf2(float);
__bf16 __truncdfbf2(double);
float __extendhfsf2(_Float16);
double __extendhfdf2(_Float16);
float __extendbfsf2(__bf16);
}

namespace {

template <typename To, typename From> To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From), "a cast of bits");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

uint64_t convert(uint64_t bits, const llvm::fltSemantics &from,
                 const llvm::fltSemantics &to) {
  APFloat value(from, APInt(APFloat::semanticsSizeInBits(from), bits));
  bool losesInfo;
  value.convert(to, APFloat::rmNearestTiesToEven, &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

const auto &half = APFloat::IEEEhalf();
const auto &bfloat = APFloat::BFloat();
const auto &single = APFloat::IEEEsingle();
const auto &dbl = APFloat::IEEEdouble();

TEST(HalfTest, Widen) {
  for (uint32_t i = 0; i < 65536; ++i) {
    auto h = bitCast<_Float16>(uint16_t(i));
    auto b = bitCast<__bf16>(uint16_t(i));
    ASSERT_EQ(bitCast<uint32_t>(__extendhfsf2(h)), convert(i, half, single))
        << i;
    ASSERT_EQ(bitCast<uint64_t>(__extendhfdf2(h)), convert(i, half, dbl)) << i;
    ASSERT_EQ(bitCast<uint32_t>(__extendbfsf2(b)), convert(i, bfloat, single))
        << i;
  }
}

void checkSingle(uint32_t bits) {
  auto f = bitCast<float>(bits);
  ASSERT_EQ(bitCast<uint16_t>(__truncsfhf2(f)), convert(bits, single, half))
      << std::hex << bits;
  ASSERT_EQ(bitCast<uint16_t>(__truncsfbf2(f)), convert(bits, single, bfloat))
      << std::hex << bits;
}

void checkDouble(uint64_t bits) {
  auto d = bitCast<double>(bits);
  ASSERT_EQ(bitCast<uint16_t>(__truncdfhf2(d)), convert(bits, dbl, half))
      << std::hex << bits;
  ASSERT_EQ(bitCast<uint16_t>(__truncdfbf2(d)), convert(bits, dbl, bfloat))
      << std::hex << bits;
}

/// `value` and its neighbours, and the same with the sign changed.
void checkAround(double value) {
  auto bits = bitCast<uint64_t>(value);
  auto narrow = bitCast<uint32_t>(float(value));
  for (int step = -1; step <= 1; ++step) {
    checkDouble(bits + step);
    checkDouble((bits + step) ^ uint64_t(1) << 63);
    checkSingle(narrow + step);
    checkSingle((narrow + step) ^ uint32_t(1) << 31);
  }
}

TEST(HalfTest, NarrowAtEveryBoundary) {
  for (const llvm::fltSemantics *format : {&half, &bfloat})
    for (uint32_t i = 1; i < 32768; ++i) {
      auto low = bitCast<double>(convert(i - 1, *format, dbl));
      auto high = bitCast<double>(convert(i, *format, dbl));
      if (!(high - high == 0)) // infinities and NaNs
        break;
      checkAround(high);
      checkAround(low + (high - low) / 2);
      if (HasFatalFailure())
        return;
    }
  // Above the largest number there is a middle too.
  checkAround(65520);
  checkAround(0x1.ffp127);
}

TEST(HalfTest, NarrowSpecialAndRandom) {
  for (uint32_t bits : {0u, 1u, 0x7fffffu, 0x800000u, 0x7f7fffffu, 0x7f800000u,
                        0x7f800001u, 0x7fbfffffu, 0x7fc00000u, 0x7fffffffu}) {
    checkSingle(bits);
    checkSingle(bits | 0x80000000u);
  }
  for (uint64_t bits :
       {uint64_t(0), uint64_t(1), uint64_t(0x7ff0000000000000),
        uint64_t(0x7ff0000000000001), uint64_t(0x7fefffffffffffff),
        uint64_t(0x7ff8000000000000), uint64_t(0x000fffffffffffff)}) {
    checkDouble(bits);
    checkDouble(bits | uint64_t(1) << 63);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000 && !HasFatalFailure(); ++i) {
    uint64_t bits = random();
    checkSingle(bits);
    checkDouble(bits);
  }
}

} // namespace
