//===- CacheNames.h - names of key and value caches -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX has no notion of a cache: that an input is the past of an output is a
// convention of names, and every exporter has its own.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_CACHENAMES_H
#define QOPT_SUPPORT_CACHENAMES_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir::qopt {

/// What tells one cache of a model from its others, the same for the two names
/// of a pair: "0.key" for past_key_values.0.key and present.0.key, "key.self.3"
/// for past_key_self_3. Empty if the name is not that of a past.
std::string cacheOfPast(llvm::StringRef input);

/// The same for the name of an output: empty if it is not that of a present.
std::string cacheOfPresent(llvm::StringRef output);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_CACHENAMES_H
