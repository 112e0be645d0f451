//===- HalfTest.cpp - half precision, all of it ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Half.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace mlir::qopt;

namespace {

uint16_t reference(float value) {
  APFloat number(value);
  bool losesInfo;
  number.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}

TEST(Half, AllHalves) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    APFloat number(APFloat::IEEEhalf(), APInt(16, bits));
    bool losesInfo;
    number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    float value = halfToFloat(bits);
    if (number.isNaN())
      EXPECT_NE(value, value);
    else
      EXPECT_EQ(llvm::bit_cast<uint32_t>(value),
                number.bitcastToAPInt().getZExtValue());
    if (!number.isNaN())
      EXPECT_EQ(floatToHalf(value), bits);
  }
}

// Around every half and every middle between two halves.
TEST(Half, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    uint32_t low = llvm::bit_cast<uint32_t>(halfToFloat(bits));
    uint32_t high = bits + 1 < 0x7c00
                        ? llvm::bit_cast<uint32_t>(halfToFloat(bits + 1))
                        : llvm::bit_cast<uint32_t>(65536.0f);
    float middle =
        (llvm::bit_cast<float>(low) + llvm::bit_cast<float>(high)) / 2;
    for (uint32_t around : {low, llvm::bit_cast<uint32_t>(middle), high})
      for (int step : {-1, 0, 1}) {
        float value = llvm::bit_cast<float>(around + step);
        if (value != value)
          continue;
        EXPECT_EQ(floatToHalf(value), reference(value)) << value;
        EXPECT_EQ(floatToHalf(-value), reference(-value)) << value;
      }
  }
  EXPECT_EQ(floatToHalf(1e30f), 0x7c00);
  EXPECT_EQ(floatToHalf(-__builtin_inff()), 0xfc00);
  EXPECT_EQ(floatToHalf(__builtin_nanf("")) & 0x7fff, 0x7e00);
}

} // namespace
