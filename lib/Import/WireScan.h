//===- WireScan.h - count entries of a model before parsing it ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_WIRESCAN_H
#define QOPT_LIB_IMPORT_WIRESCAN_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace mlir::qopt::importer {

/// Number of entries in the repeated fields of a ModelProto that can hold many:
/// those of the model, its graph, its functions and their nodes (a string of a
/// node counts as an eighth). Damaged bytes end the count; the parser reports
/// them.
uint64_t countGraphEntries(llvm::StringRef model);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_WIRESCAN_H
