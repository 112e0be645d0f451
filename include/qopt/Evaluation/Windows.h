//===- Windows.h - which tokens are seen and which are judged -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Perplexities compare only under one protocol: how a text is cut, and which of
// the predictions count.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EVALUATION_WINDOWS_H
#define QOPT_EVALUATION_WINDOWS_H

#include "qopt/Support/TokenFile.h"

namespace mlir::qopt {

enum class Protocol {
  /// Windows of one size, `stride` apart, over the whole stream; the remainder
  /// is dropped. A prediction counts in the first window that makes it.
  Windows,
  /// Each document on its own, cut to the window.
  Documents,
  /// Windows that do not overlap; the second half is scored, and the first
  /// token is replaced by BOS where there is one.
  LlamaCpp
};

struct ProtocolOptions {
  Protocol protocol = Protocol::Windows;
  /// Documents: 0 for no cut.
  int64_t window = 512;
  /// 0: the window.
  int64_t stride = 0;
  std::optional<int32_t> bos;
  /// At most that many windows or documents; 0: all.
  int64_t limit = 0;
};

/// Tokens of one forward pass; the positions [first, last) are scored, each on
/// the token that follows it.
struct Window {
  llvm::ArrayRef<int32_t> ids;
  int64_t first = 0;
  int64_t last = 0;

  int64_t predictions() const { return last - first; }
};

struct WindowList {
  std::vector<Window> windows;
  /// The protocol in words, for the report.
  std::string description;
  /// Tokens behind the last window, and documents of less than two tokens.
  int64_t dropped = 0;
  /// Texts that are not in the file as they are (a BOS was put in).
  std::vector<std::vector<int32_t>> storage;
};

/// Cuts the file; an error when nothing is left to be judged. The windows point
/// into `file`.
llvm::Expected<WindowList> cutWindows(const TokenFile &file,
                                      const ProtocolOptions &options);

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_WINDOWS_H
