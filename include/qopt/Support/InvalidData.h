//===- InvalidData.h - the error of data that is wrong ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tools end with ExitInvalid for this error and with ExitIO for every other
// one: those carry what the system said of a file.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_INVALIDDATA_H
#define QOPT_SUPPORT_INVALIDDATA_H

#include "llvm/Support/Error.h"
#include <system_error>

namespace mlir::qopt {

inline llvm::Error invalidData(const llvm::Twine &message) {
  return llvm::createStringError(
      std::make_error_code(std::errc::invalid_argument), message);
}

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_INVALIDDATA_H
