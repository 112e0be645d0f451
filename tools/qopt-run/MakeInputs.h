//===- MakeInputs.h - inputs for a benchmark --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_RUN_MAKEINPUTS_H
#define QOPT_TOOLS_QOPT_RUN_MAKEINPUTS_H

#include "Tensor.h"

#include "qopt/Support/Signature.h"

#include <map>

namespace runner {

/// Shapes given on the command line, by the name of the input.
using ShapeMap = std::map<std::string, std::vector<int64_t>>;

/// Makes up every input that `given` lacks. Symbols take their size from the
/// shapes given (of arrays, or on the command line), and are 1 otherwise.
llvm::Expected<std::vector<Tensor>>
makeInputs(const mlir::qopt::Signature &signature,
           std::map<std::string, Tensor> given, const ShapeMap &shapes);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_MAKEINPUTS_H
