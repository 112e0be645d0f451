//===- ExitCodes.h - the exit codes of every qopt tool --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table: the codes are part of the interface, stable and tested. A refusal
// is one line on stderr that starts `error:`; the code says whose move is next.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_EXITCODES_H
#define QOPT_SUPPORT_EXITCODES_H

/// X(enumerator, code, text)
#define QOPT_EXIT_CODES(X)                                                     \
  X(Ok, 0, "success")                                                          \
  X(Invalid, 1, "model or data rejected: it is invalid")                       \
  X(Usage, 2, "wrong use of the command line")                                 \
  X(Unsupported, 3, "valid but unsupported: operator, opset or type")          \
  X(IO, 4, "input or output failed: disk full, permission, missing file")      \
  X(Limit, 5, "limit hit: memory, time or size")                               \
  X(Accuracy, 6, "accuracy guard failed")                                      \
  X(Internal, 70, "internal error: the worker died; a reproducer was kept")    \
  X(Interrupted, 130, "interrupted (SIGINT)")                                  \
  X(Terminated, 143, "terminated (SIGTERM)")

namespace mlir::qopt {

/// Not an enum class: the values travel through main() and waitpid() as ints.
enum ExitCode : int {
#define X(name, code, text) Exit##name = (code),
  QOPT_EXIT_CODES(X)
#undef X
};

/// The text of `code`, or nullptr for a code that is not in the table.
inline const char *exitCodeText(int code) {
  switch (code) {
#define X(name, value, text)                                                   \
  case value:                                                                  \
    return text;
    QOPT_EXIT_CODES(X)
#undef X
  default:
    return nullptr;
  }
}

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_EXITCODES_H
