//===- Names.cpp - names out of a model, made safe to print ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Names.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

using namespace llvm;

namespace mlir::qopt {

/// Reorder what a reader sees (embedding, override, isolate) without being
/// seen.
static bool isBidiControl(UTF32 c) {
  return c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static void appendEscaped(std::string &result, uint8_t byte) {
  result += "\\x";
  result += hexdigit(byte >> 4);
  result += hexdigit(byte & 15);
}

std::string quoteName(StringRef name, size_t limit) {
  std::string result = "'";
  bool cut = name.size() > limit;
  name = name.take_front(limit);
  while (!name.empty()) {
    const UTF8 *begin = reinterpret_cast<const UTF8 *>(name.begin());
    const UTF8 *position = begin;
    UTF32 c = 0;
    UTF32 *target = &c;
    unsigned length = getNumBytesForUTF8(*begin);
    bool valid = length <= name.size() &&
                 ConvertUTF8toUTF32(&position, begin + length, &target, &c + 1,
                                    strictConversion) == conversionOK;
    if (!valid)
      length = 1;
    StringRef bytes = name.take_front(length);
    if (c == '\n' && valid)
      result += "\\n";
    else if ((c == '\'' || c == '\\') && valid)
      (result += '\\') += char(c);
    else if (valid && !isBidiControl(c) && sys::unicode::isPrintable(c))
      result += bytes;
    else
      for (char byte : bytes)
        appendEscaped(result, byte);
    name = name.drop_front(length);
  }
  return result + (cut ? "...'" : "'");
}

} // namespace mlir::qopt
