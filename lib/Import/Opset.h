//===- Opset.h - the operators that the importer knows, by version --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_OPSET_H
#define QOPT_LIB_IMPORT_OPSET_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace mlir::qopt::importer {

struct NodeContext;

/// Builds the ops of one node; fills NodeContext::results.
using Decoder = LogicalResult (*)(NodeContext &);

/// The form that an operator of the default domain has from opset `since` until
/// the next row of the same operator.
struct OpForm {
  const char *op;
  int since;
  /// Inputs that must be there, and most inputs (-1: any number).
  int minInputs, maxInputs;
  int minOutputs, maxOutputs;
  /// Attributes as `name:kind`, separated by spaces. Kinds: i f s I F t
  /// (tensor) d (data type) x (read and dropped); a trailing ! says required.
  const char *attributes;
  /// Null: the op of the same name with the same operands and attributes.
  Decoder decode = nullptr;
};

inline constexpr int64_t oldestOpset = 1, newestOpset = 23;

/// The form of `op` at `version`; null if the operator is unknown or younger.
const OpForm *findForm(llvm::StringRef op, int64_t version);

/// The kind of an attribute with its `!`; empty if the form has no such
/// attribute.
llvm::StringRef attributeKind(const OpForm &form, llvm::StringRef name);

/// The first version of `op` in the table, 0 if there is none.
int64_t firstVersion(llvm::StringRef op);

/// The names of all operators in the table.
std::vector<llvm::StringRef> knownOps();

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_OPSET_H
