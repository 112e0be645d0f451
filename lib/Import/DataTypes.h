//===- DataTypes.h - ONNX data types and builtin types --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_DATATYPES_H
#define QOPT_LIB_IMPORT_DATATYPES_H

#include "Reporter.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::qopt::importer {

/// ONNX's name of a data type in lower case; empty if it has no such number.
llvm::StringRef dataTypeName(int64_t dataType);

/// The builtin type, or null for a type that exists but is not supported.
/// `dataTypeName` tells the two kinds of null apart.
Type elementTypeOf(int64_t dataType, MLIRContext *context);

/// Fails with "invalid" for a number that is no type and with "unsupported" for
/// a type that qopt lacks. `subject` names the bearer.
LogicalResult requireElementType(int64_t dataType, const llvm::Twine &subject,
                                 MLIRContext *context, Reporter &reporter,
                                 Type &type);

/// Multiplies dims; false when the product of those that are not zero does not
/// fit, or a dim is negative.
bool countElements(llvm::ArrayRef<int64_t> dims, uint64_t &count);

/// The greatest rank of a tensor.
inline constexpr int64_t maxRank = 8;

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_DATATYPES_H
