//===- Compare.cpp - how far one tensor is from another -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Compare.h"

#include <algorithm>
#include <cmath>

namespace runner {

Difference compare(const Tensor &actual, const Tensor &expected,
                   const Tolerance &tolerance) {
  Difference result;
  if (actual.dtype != expected.dtype || actual.shape != expected.shape) {
    result.mismatch = "is " + actual.str() + ", expected " + expected.str();
    return result;
  }
  for (int64_t i = 0, e = expected.elements(); i < e; ++i) {
    long double value = std::fabs(expected.at(i));
    if (std::isfinite(value))
      result.largestExpected = std::max<double>(result.largestExpected, value);
  }
  bool exact = tolerance.exactIntegers && expected.dtype->isInteger();
  for (int64_t i = 0, e = expected.elements(); i < e; ++i) {
    long double a = actual.at(i), b = expected.at(i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    long double error = std::fabs(a - b);
    long double allowed = tolerance.absolute +
                          tolerance.relative * std::fabs(b) +
                          tolerance.ofLargest * result.largestExpected;
    // An infinite |b| allows nothing but itself, and a NaN compares with none.
    bool within =
        !exact && std::isfinite(a) && std::isfinite(b) && error <= allowed;
    if (std::isnan(error))
      error = INFINITY;
    result.largestAbsolute = std::max<double>(result.largestAbsolute, error);
    if (b != 0 && !std::isnan(b))
      result.largestRelative =
          std::max<double>(result.largestRelative, error / std::fabs(b));
    if (!within && result.outside++ == 0)
      result.firstOutside = i;
  }
  return result;
}

} // namespace runner
