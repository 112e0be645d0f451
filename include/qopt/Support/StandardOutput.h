//===- StandardOutput.h - the end of what a tool prints ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A full disk or a closed pipe must not look like a short result, nor end in
// the abort with which LLVM's streams answer an error that nobody has read.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_STANDARDOUTPUT_H
#define QOPT_SUPPORT_STANDARDOUTPUT_H

namespace mlir::qopt {

/// Writes out what llvm::outs() still holds. Returns `code`, or ExitIO after an
/// error line on stderr when `code` is ExitOk and something was not written.
/// The last call of a main.
int finishStandardOutput(int code);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_STANDARDOUTPUT_H
