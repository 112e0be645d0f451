//===- Compare.h - how far one tensor is from another -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_RUN_COMPARE_H
#define QOPT_TOOLS_QOPT_RUN_COMPARE_H

#include "Tensor.h"

namespace runner {

/// |a - b| <= absolute + relative * |b| + ofLargest * max |b|.
struct Tolerance {
  double absolute = 1e-7, relative = 1e-3, ofLargest = 0;
  /// Integers and booleans are compared for equality.
  bool exactIntegers = false;
};

struct Difference {
  /// Why the tensors cannot be compared at all; empty if they can.
  std::string mismatch;
  double largestAbsolute = 0;
  /// Over the elements whose expected value is not zero.
  double largestRelative = 0;
  double largestExpected = 0;
  int64_t outside = 0, firstOutside = -1;

  bool isWithin() const { return mismatch.empty() && outside == 0; }
};

/// Equal infinities and two NaNs count as equal.
Difference compare(const Tensor &actual, const Tensor &expected,
                   const Tolerance &tolerance);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_COMPARE_H
