//===- Reporter.cpp - one-line errors of the importer ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The wording that all messages share.
//===----------------------------------------------------------------------===//

#include "Reporter.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::qopt::importer {

std::string quoted(StringRef text) { return quoteName(text); }

std::string escaped(StringRef text) {
  // Quotes of a text that is not a name stay as they are.
  SmallVector<StringRef> parts;
  text.split(parts, '\'');
  auto escape = [](StringRef part) {
    return StringRef(quoteName(part)).drop_front().drop_back().str();
  };
  return join(map_range(parts, escape), "'");
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
