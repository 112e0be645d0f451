//===- Signature.h - the JSON that a model.so carries -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What qopt_api.signature_json of a library says, as structures: names, types
// and dims of its inputs and outputs. A dim is a number, a symbol, a sum of
// symbols and numbers, or unknown.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_SIGNATURE_H
#define QOPT_SUPPORT_SIGNATURE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlir::qopt {

/// Sizes of symbols by name.
using DimBindings = std::map<std::string, int64_t>;

struct SignatureDim {
  /// -1 when `text` says what it is.
  int64_t size = -1;
  /// "batch_size", "past + length"; empty when nothing is known.
  std::string text;

  std::string str() const;
  /// The symbols of a sum; empty for a number and for other expressions.
  std::vector<std::string> symbols() const;
  /// The size under `bindings`; nothing when a symbol is unbound or the text is
  /// no sum.
  std::optional<int64_t> evaluate(const DimBindings &bindings) const;
};

struct SignaturePort {
  std::string name;
  /// "float32", "bfloat16", "bool", ...
  std::string dtype;
  std::vector<SignatureDim> shape;

  /// "float32[batch, 4]"
  std::string str() const;
};

struct Signature {
  std::vector<SignaturePort> inputs, outputs;
  std::vector<std::string> isa;
  std::string quant, sourceSha256;
  /// The whole, for fields that are shown and not used.
  llvm::json::Object json;
};

llvm::Expected<Signature> parseSignature(llvm::StringRef text);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_SIGNATURE_H
