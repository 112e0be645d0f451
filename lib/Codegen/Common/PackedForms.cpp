//===- PackedForms.cpp - panels of weights as the kernels read them -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "PackedForms.h"
#include "qopt/Support/Half.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir::qopt;
using namespace mlir::qopt::packed;

void packed::packCodes(const Matrix &from, int64_t panel, char *to,
                       int64_t depth, int64_t groupRows, int32_t *sums,
                       int64_t stride) {
  int64_t blocks = llvm::divideCeil(from.rows, 64);
  int64_t first = panel * kPanel;
  int64_t count = std::min(kPanel, from.columns - first);
  memset(to, 0, blocks * 64 * kPanel);
  for (int64_t k = 0; k < from.rows; ++k) {
    if (k % groupRows == 0) {
      if (k)
        sums += stride;
      std::fill_n(sums, kPanel, 0);
    }
    const char *row = from.data + k * from.columns + first;
    char *group =
        to + k / 64 * 64 * kPanel + k % 64 / depth * depth * 16 + k % depth;
    for (int64_t n = 0; n < count; ++n) {
      group[n / 16 * 1024 + n % 16 * depth] = row[n];
      sums[n] += int8_t(row[n]);
    }
  }
}

void packed::packRows(const Matrix &from, int64_t size, int64_t first,
                      int64_t width, char *to) {
  int64_t count = std::min(width, from.columns - first);
  for (int64_t k = 0; k < from.rows; ++k, to += width * size) {
    memcpy(to, from.data + (k * from.columns + first) * size, count * size);
    memset(to + count * size, 0, (width - count) * size);
  }
}

void packed::packPairs(const Matrix &from, int64_t panel, uint16_t *to) {
  int64_t first = panel * kPanel;
  int64_t count = std::min(kPanel, from.columns - first);
  auto *data = reinterpret_cast<const uint16_t *>(from.data);
  memset(to, 0, from.rows * kPanel * sizeof(uint16_t));
  for (int64_t k = 0; k < from.rows; ++k) {
    const uint16_t *row = data + k * from.columns + first;
    uint16_t *pair = to + k / 32 * 32 * kPanel + k % 32 / 2 * 32 + k % 2;
    for (int64_t n = 0; n < count; ++n)
      pair[n / 16 * 512 + n % 16 * 2] = row[n];
  }
}

/// A half as two bfloat16: cut off after 8 of its 11 bits, it leaves three.
static std::pair<uint16_t, uint16_t> splitHalf(uint16_t half) {
  float value = halfToFloat(half);
  uint32_t high = llvm::bit_cast<uint32_t>(value) & 0xffff0000;
  // The sum is the half itself, whatever it is.
  float rest = std::isfinite(value) ? value - llvm::bit_cast<float>(high) : 0;
  uint32_t low = llvm::bit_cast<uint32_t>(std::copysign(rest, value));
  return {uint16_t(high >> 16), uint16_t(low >> 16)};
}

void packed::packTail(const Matrix &from, int64_t panel,
                      const TailLayout &layout, uint16_t *to) {
  int64_t first = panel * kPanel;
  int64_t count = std::min(kPanel, from.columns - first);
  auto *data = reinterpret_cast<const uint16_t *>(from.data);
  memset(to, 0, layout.tiles() * 1024 * sizeof(uint16_t));
  auto put = [&](int64_t slot, int64_t n, uint16_t value) {
    to[slot / 32 * 1024 + n / 16 * 512 + slot % 32 / 2 * 32 + n % 16 * 2 +
       slot % 2] = value;
  };
  for (int64_t j = 0; j < from.rows; ++j) {
    TailLayout::Slots slots = layout.slotsOf(j);
    for (int64_t n = 0; n < count; ++n) {
      auto [high, low] = splitHalf(data[j * from.columns + first + n]);
      put(slots.high, n, high);
      if (slots.again >= 0)
        put(slots.again, n, high);
      put(slots.low, n, low);
    }
  }
}
