//===- Vocabularies.h - inputs that index a table --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_PIPELINES_VOCABULARIES_H
#define QOPT_LIB_PIPELINES_VOCABULARIES_H

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>

namespace mlir::qopt {

/// Inputs of @main whose values are indices of a Gather from a table, and the
/// number of its entries (the smallest, if there are several).
std::map<std::string, int64_t> findVocabularies(ModuleOp module);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_VOCABULARIES_H
