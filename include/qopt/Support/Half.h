//===- Half.h - float to half precision and back --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IEEE binary16 on the bits, rounding to nearest, ties to even: the compiler
// must not depend on the F16C instructions of the machine that it runs on.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_HALF_H
#define QOPT_SUPPORT_HALF_H

#include <cstdint>
#include <cstring>

namespace mlir::qopt {

/// The largest finite half. What lies above, up to 65,520, still rounds to it.
constexpr float halfMax = 65504.0f;

inline uint16_t floatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) // NaN, made quiet
    return sign | 0x7e00 | (magnitude >> 13 & 0x1ff);
  if (magnitude >= 0x477ff000) // 65520 and above, infinity
    return sign | 0x7c00;
  if (magnitude < 0x38800000) { // below 2^-14: a subnormal half
    // Adding 0.5 shifts the mantissa so that the sum's last bit is worth 2^-24.
    float shifted;
    std::memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    std::memcpy(&bits, &shifted, sizeof bits);
    return sign | (bits - 0x3f000000);
  }
  magnitude += 0xfff + (magnitude >> 13 & 1);
  return sign | ((magnitude - 0x38000000) >> 13);
}

inline float halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
  uint32_t bits;
  if (exponent == 0x1f) {
    bits = sign | 0x7f800000 | mantissa << 13;
  } else if (exponent == 0) {
    float value = float(mantissa) * 0x1p-24f;
    std::memcpy(&bits, &value, sizeof bits);
    bits |= sign;
  } else {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  }
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_HALF_H
