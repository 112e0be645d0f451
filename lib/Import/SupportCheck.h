//===- SupportCheck.h - what the importer would refuse as unsupported -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_SUPPORTCHECK_H
#define QOPT_LIB_IMPORT_SUPPORTCHECK_H

#include "Functions.h"
#include "Opset.h"

namespace mlir::qopt::importer {

/// Looks up every node; `forms` gets one row per node, null where unsupported.
/// `problems` gets one text per unsupported operator, opset or data type.
/// Fails for a domain that opset_import lacks or a version that no opset has.
LogicalResult checkSupport(const FlatGraph &flat, const pb::GraphProto &graph,
                           MLIRContext *context, Reporter &reporter,
                           std::vector<const OpForm *> &forms,
                           std::vector<std::string> &problems);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_SUPPORTCHECK_H
