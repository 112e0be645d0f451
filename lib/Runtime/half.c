//===- half.c - conversions that llc calls by name ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM turns conversions to and from half and bfloat16 into calls of the
// compiler's support library where the target has no instruction for them; a
// model.so links none, so they are here. Correctly rounded (nearest, ties to
// even) in one step from either source format; a NaN stays one, is made quiet
// and keeps the upper bits of its payload. _Float16 and __bf16 give the
// functions the calling convention that llc expects (SSE registers on x86-64);
// the work is done on bits, since arithmetic would call these very functions.
//===----------------------------------------------------------------------===//

#include <stdint.h>
#include <string.h>

// Binary formats by the width of their parts.
typedef struct {
  int exponent, mantissa;
} format;

static const format half = {5, 10}, bfloat = {8, 7}, single = {8, 23},
                    dbl = {11, 52};

static inline uint64_t bits_of(int n) { return ((uint64_t)1 << n) - 1; }

// Shifts right, to the nearest, ties to even; shift in 1 .. 63.
static inline uint64_t shift_rounded(uint64_t value, int shift) {
  uint64_t rest = value & bits_of(shift), tie = (uint64_t)1 << (shift - 1);
  uint64_t result = value >> shift;
  return result + (rest > tie || (rest == tie && (result & 1)));
}

static inline uint64_t narrow(uint64_t x, format from, format to) {
  int dropped = from.mantissa - to.mantissa;
  uint64_t sign = x >> (from.exponent + from.mantissa);
  uint64_t exponent = x >> from.mantissa & bits_of(from.exponent);
  uint64_t mantissa = x & bits_of(from.mantissa);
  uint64_t infinity = bits_of(to.exponent) << to.mantissa;
  uint64_t result;
  int64_t e = (int64_t)exponent - (int64_t)bits_of(from.exponent - 1) +
              (int64_t)bits_of(to.exponent - 1);
  if (exponent == bits_of(from.exponent)) {
    result = infinity;
    if (mantissa)
      result |= mantissa >> dropped | (uint64_t)1 << (to.mantissa - 1);
  } else if (e >= (int64_t)bits_of(to.exponent)) {
    result = infinity;
  } else if (e > 0) {
    // A carry out of the mantissa rightly raises the exponent, up to infinity.
    result = shift_rounded((uint64_t)e << from.mantissa | mantissa, dropped);
  } else {
    // Subnormal in the narrow format; so small a number rounds to zero.
    int64_t shift = dropped + 1 - e;
    if (exponent == 0)
      shift -= 1; // no hidden bit, and the exponent of subnormals is 1
    else
      mantissa |= (uint64_t)1 << from.mantissa;
    result =
        shift <= from.mantissa + 2 ? shift_rounded(mantissa, (int)shift) : 0;
  }
  return sign << (to.exponent + to.mantissa) | result;
}

static inline uint64_t widen(uint64_t x, format from, format to) {
  int added = to.mantissa - from.mantissa;
  uint64_t sign = x >> (from.exponent + from.mantissa);
  uint64_t exponent = x >> from.mantissa & bits_of(from.exponent);
  uint64_t mantissa = x & bits_of(from.mantissa);
  uint64_t bias = bits_of(to.exponent - 1) - bits_of(from.exponent - 1);
  uint64_t result;
  if (exponent == bits_of(from.exponent)) {
    result = bits_of(to.exponent) << to.mantissa | mantissa << added;
    if (mantissa)
      result |= (uint64_t)1 << (to.mantissa - 1);
  } else if (exponent) {
    result = (exponent + bias) << to.mantissa | mantissa << added;
  } else if (mantissa && bias) {
    // Normal in the wide format: move the top bit to the hidden place.
    int shift = from.mantissa - (63 - __builtin_clzll(mantissa));
    result = (bias + 1 - (uint64_t)shift) << to.mantissa |
             (mantissa << (shift + added) & bits_of(to.mantissa));
  } else {
    result = mantissa << added;
  }
  return sign << (to.exponent + to.mantissa) | result;
}

#define CONVERT(name, To, ToBits, to, From, FromBits, from, how)               \
  To name(From value);                                                         \
  To name(From value) {                                                        \
    FromBits x;                                                                \
    memcpy(&x, &value, sizeof x);                                              \
    ToBits y = (ToBits)how(x, from, to);                                       \
    To result;                                                                 \
    memcpy(&result, &y, sizeof result);                                        \
    return result;                                                             \
  }

CONVERT(__truncsfhf2, _Float16, uint16_t, half, float, uint32_t, single, narrow)
CONVERT(__truncdfhf2, _Float16, uint16_t, half, double, uint64_t, dbl, narrow)
CONVERT(__truncsfbf2, __bf16, uint16_t, bfloat, float, uint32_t, single, narrow)
CONVERT(__truncdfbf2, __bf16, uint16_t, bfloat, double, uint64_t, dbl, narrow)
CONVERT(__extendhfsf2, float, uint32_t, single, _Float16, uint16_t, half, widen)
CONVERT(__extendhfdf2, double, uint64_t, dbl, _Float16, uint16_t, half, widen)
CONVERT(__extendbfsf2, float, uint32_t, single, __bf16, uint16_t, bfloat, widen)
