//===- Reporter.cpp - one-line errors of the importer ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Escaping of names and the wording that all messages share.
//===----------------------------------------------------------------------===//

#include "Reporter.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
constexpr size_t maxShown = 240;

std::string escape(StringRef text, bool escapeQuote) {
  std::string out;
  const auto *p = reinterpret_cast<const UTF8 *>(text.data());
  const UTF8 *end = p + text.size();
  while (p != end) {
    if (out.size() >= maxShown) {
      out += "...";
      break;
    }
    unsigned length = getNumBytesForUTF8(*p);
    bool whole = p + length <= end && isLegalUTF8Sequence(p, p + length);
    if (length == 1 || !whole) {
      if (*p >= 0x20 && *p < 0x7f && *p != '\\' &&
          !(escapeQuote && *p == '\'')) {
        out += static_cast<char>(*p);
      } else {
        out += "\\x";
        out += hexdigit(*p >> 4, /*LowerCase=*/true);
        out += hexdigit(*p & 15, /*LowerCase=*/true);
      }
      ++p;
      continue;
    }
    // C1 controls and the marks that reorder text could disguise a message.
    bool disguise =
        (p[0] == 0xc2 && p[1] < 0xa0) ||
        (p[0] == 0xe2 && p[1] == 0x80 &&
         ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
        (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0) ||
        (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
    for (unsigned i = 0; i < length; ++i) {
      if (disguise) {
        out += "\\x";
        out += hexdigit(p[i] >> 4, /*LowerCase=*/true);
        out += hexdigit(p[i] & 15, /*LowerCase=*/true);
      } else {
        out += static_cast<char>(p[i]);
      }
    }
    p += length;
  }
  return out;
}

} // namespace

std::string escaped(StringRef text) {
  return escape(text, /*escapeQuote=*/false);
}

std::string quoted(StringRef text) {
  return "'" + escape(text, /*escapeQuote=*/true) + "'";
}

std::string describe(const pb::NodeProto &node) {
  std::string out = "node ";
  if (!node.name().empty())
    out += quoted(node.name());
  else if (node.output_size() > 0)
    out += "that produces " + quoted(node.output(0));
  else
    out += "without a name";
  return out + " (" + escaped(node.op_type()) + ")";
}

LogicalResult Reporter::fail(ExitCode status, const Twine &text) {
  if (error.status == ExitOk) {
    error.status = status;
    error.message = file + ": " + text.str();
  }
  return failure();
}

void Reporter::warn(const Twine &text) const {
  if (options.warn)
    options.warn(file + ": " + text.str());
}

} // namespace mlir::qopt::importer
