//===- CacheAttrs.h - notes on @main about caches in place ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A key or value cache that is updated in place is an argument of @main and the
// result that it becomes, in one buffer of the caller. `qopt.cache` on the
// argument is the axis along which the cache fills, on the result the number of
// the argument. `qopt.cache_length` marks the argument, tensor<1xi64>, that
// says how many rows are filled.
//
// In `onnx` the argument still stands for its filled rows, and the result for
// these and the new ones. Below, both are the whole buffer: the result is the
// argument with the new rows written to it.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_CACHEATTRS_H
#define QOPT_DIALECT_QOPT_IR_CACHEATTRS_H

#include "llvm/ADT/StringRef.h"

namespace mlir::qopt {

inline constexpr llvm::StringLiteral kCacheAttrName = "qopt.cache";
inline constexpr llvm::StringLiteral kCacheLengthAttrName = "qopt.cache_length";

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_CACHEATTRS_H
