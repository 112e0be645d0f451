//===- DidYouMean.h - the nearest name to a misspelt one ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For messages that refuse a name out of a known set: flags, inputs, dims,
// layers, schemes.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_DIDYOUMEAN_H
#define QOPT_SUPPORT_DIDYOUMEAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir::qopt {

/// "; did you mean 'x'?" for the candidate at the smallest edit distance, the
/// first one of several; empty when none is near enough to be a misspelling.
std::string didYouMean(llvm::StringRef name,
                       llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_DIDYOUMEAN_H
