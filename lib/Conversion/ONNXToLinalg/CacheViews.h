//===- CacheViews.h - products that read a cache where it lies ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHEVIEWS_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHEVIEWS_H

#include "Lowering.h"

namespace mlir::qopt {

/// a x b where b is a cache behind operations that only move, repeat or scale
/// its elements (Transpose, Unsqueeze, Expand, Reshape, Mul by one number): the
/// product reads the cache itself, in any order, and the factor goes to a. None
/// of this is done where b is no such thing; the result is null then.
FailureOr<Value> multiplyByCache(Lowering &l, Value a, Value b, Value result);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHEVIEWS_H
