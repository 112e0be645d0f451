//===- PackTest.cpp - elements of less than a byte ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cstdint>
#include <gtest/gtest.h>
#include <vector>

extern "C" {
void rt_unpack(int8_t *elements, const uint8_t *packed, int64_t n, int bits,
               bool is_signed);
void rt_pack(uint8_t *packed, const int8_t *elements, int64_t n, int bits);
}

namespace {

std::vector<int8_t> unpack(std::vector<uint8_t> packed, int64_t n, int bits,
                           bool isSigned) {
  std::vector<int8_t> elements(n);
  rt_unpack(elements.data(), packed.data(), n, bits, isSigned);
  return elements;
}

/// The low bits come first, as in ONNX's files and in DLPack.
TEST(Pack, Order) {
  EXPECT_EQ(unpack({0x21, 0x0f}, 3, 4, false), (std::vector<int8_t>{1, 2, 15}));
  EXPECT_EQ(unpack({0xf1, 0x08}, 3, 4, true), (std::vector<int8_t>{1, -1, -8}));
  EXPECT_EQ(unpack({0x39, 0x02}, 5, 2, false),
            (std::vector<int8_t>{1, 2, 3, 0, 2}));
  EXPECT_EQ(unpack({0x39, 0x02}, 5, 2, true),
            (std::vector<int8_t>{1, -2, -1, 0, -2}));
}

/// Every element of every type, for all lengths modulo a byte; what is behind
/// the last element is 0, and no byte behind it is written.
TEST(Pack, ThereAndBack) {
  for (int bits : {2, 4})
    for (bool isSigned : {false, true})
      for (int64_t n = 0; n < 20; ++n) {
        std::vector<int8_t> elements(n);
        for (int64_t i = 0; i < n; ++i)
          elements[i] = isSigned ? int8_t(i % (1 << bits)) - (1 << (bits - 1))
                                 : int8_t(i % (1 << bits));
        size_t bytes = (n * bits + 7) / 8;
        std::vector<uint8_t> packed(bytes + 1, 0xaa);
        rt_pack(packed.data(), elements.data(), n, bits);
        EXPECT_EQ(packed[bytes], 0xaa);
        EXPECT_EQ(unpack(packed, n, bits, isSigned), elements);
        if (int used = n * bits % 8)
          EXPECT_EQ(packed[bytes - 1] >> used, 0);
      }
}

} // namespace
