//===- Signature.h - inputs, outputs and their dims -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_SIGNATURE_H
#define QOPT_LIB_IMPORT_SIGNATURE_H

#include "Reporter.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <map>
#include <optional>

namespace mlir::qopt::importer {

/// A dim of the signature: a sum of symbols and a number, or one opaque symbol
/// whose text is no such sum.
struct Dim {
  std::vector<std::string> symbols;
  int64_t constant = 0;

  static Dim parse(llvm::StringRef text);
  bool isStatic() const { return symbols.empty(); }
  std::string str() const;
};

/// An input or output of the graph.
struct Port {
  std::string name;
  Type elementType;
  bool ranked = false;
  std::vector<Dim> dims;

  TensorType getType() const;
  /// The attributes `onnx.name` and, if the rank is known, `onnx.dims`.
  DictionaryAttr getAttributes(MLIRContext *context) const;
};

struct Signature {
  std::vector<Port> inputs, outputs;
  /// Ranges by symbol: low, high, opt.
  std::map<std::string, std::vector<int64_t>> ranges;
};

/// Reads the declared types of the inputs that no initializer gives, and of the
/// outputs, and applies the shape and dim options.
LogicalResult readSignature(const pb::GraphProto &graph, MLIRContext *context,
                            Reporter &reporter, Signature &signature);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_SIGNATURE_H
