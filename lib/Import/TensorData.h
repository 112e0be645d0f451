//===- TensorData.h - TensorProto to elements attribute -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_TENSORDATA_H
#define QOPT_LIB_IMPORT_TENSORDATA_H

#include "ExternalData.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace mlir::qopt::importer {

/// Checks dtype and dims of a tensor (rows T01, T02, T04 of the bad inputs).
LogicalResult tensorTypeOf(const pb::TensorProto &tensor,
                           const llvm::Twine &subject, MLIRContext *context,
                           Reporter &reporter, RankedTensorType &type);

/// Turns tensors into attributes. Small ones become dense attributes, others
/// resource blobs, which take over the string of raw_data or share the mapping
/// of external data.
class TensorImporter {
public:
  TensorImporter(MLIRContext *context, ExternalData &external,
                 Reporter &reporter)
      : context(context), external(external), reporter(reporter) {}

  /// Moves raw_data out of `tensor`. `subject` names it in messages; `hint` is
  /// the wanted key of a blob.
  LogicalResult import(pb::TensorProto &tensor, const llvm::Twine &subject,
                       llvm::StringRef hint, ElementsAttr &result);

private:
  LogicalResult typedFields(const pb::TensorProto &tensor, Type elementType,
                            uint64_t count, const std::string &subject,
                            std::string &bytes);
  ElementsAttr makeAttr(RankedTensorType type, llvm::StringRef bytes);
  ElementsAttr makeBlob(RankedTensorType type, llvm::StringRef hint,
                        AsmResourceBlob blob);

  MLIRContext *context;
  ExternalData &external;
  Reporter &reporter;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_TENSORDATA_H
