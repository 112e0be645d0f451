//===- Opset.h - the operators that the importer knows, by version --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row per form of an operator, not per version: a version that only adds
// types, or an attribute with a default, changes no form. The tables lie in
// Opset<Family>.cpp. A row without a decoder is imported one to one, to the op
// of the dialect with the same name; the others are decoded to the forms of
// `newestOpset`.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_OPSET_H
#define QOPT_LIB_IMPORT_OPSET_H

#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace mlir::qopt::importer {

struct NodeContext;

/// Builds the ops of one node; fills NodeContext::results.
using Decoder = LogicalResult (*)(NodeContext &);

/// The form that an operator has from opset `since` until the next row of the
/// same operator.
struct OpForm {
  /// `Gather`, or with the domain where that is not ONNX's own one:
  /// `com.microsoft.FastGelu`.
  const char *op;
  int since;
  /// Inputs that must be there, and most inputs (-1: any number).
  int minInputs, maxInputs;
  int minOutputs, maxOutputs;
  /// Attributes as `name:kind`, separated by spaces. Kinds: i f s I F S t
  /// (tensor) g (graph; left to the decoder) d (data type) x (read and dropped)
  /// u (unsupported); ! behind it: required; @19 behind that: from opset 19 on.
  const char *attributes;
  /// Null: the op of the same name with the same operands and attributes.
  Decoder decode = nullptr;
  /// Digits: inputs below `minInputs` that a node may leave out all the same,
  /// with an empty name.
  const char *optional = "";

  /// The name without the domain.
  llvm::StringRef opName() const;
};

inline constexpr int64_t oldestOpset = 1, newestOpset = 27;

/// The tables.
ArrayRef<OpForm> contribForms();
ArrayRef<OpForm> controlFlowForms();
ArrayRef<OpForm> elementwiseForms();
ArrayRef<OpForm> mathForms();
ArrayRef<OpForm> quantizedForms();
ArrayRef<OpForm> spatialForms();
ArrayRef<OpForm> tensorForms();

/// The key of an operator in the table; `domain` is empty for ai.onnx.
std::string qualifiedName(llvm::StringRef domain, llvm::StringRef op);

/// The form of the operator with key `op` at `version`; null if it is unknown
/// or younger.
const OpForm *findForm(llvm::StringRef op, int64_t version);

/// Whether the importer makes ops from the form: it has a decoder, or the
/// dialect has its operator.
bool isSupported(const OpForm &form, MLIRContext *context);

/// The kind of an attribute with its `!`; empty if the form has no such
/// attribute. `since` gets the opset that introduced it, 0 for that of the row.
llvm::StringRef attributeKind(const OpForm &form, llvm::StringRef name,
                              int64_t *since = nullptr);

/// Calls `visit` with name and kind of every attribute.
void forEachAttribute(
    const OpForm &form,
    llvm::function_ref<void(llvm::StringRef name, llvm::StringRef kind)> visit);

/// The first version of `op` in the table, 0 if there is none.
int64_t firstVersion(llvm::StringRef op);

/// The keys of all operators in the table, sorted.
std::vector<llvm::StringRef> knownOps();

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_OPSET_H
