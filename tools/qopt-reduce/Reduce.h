//===- Reduce.h - the parts of qopt-reduce --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_REDUCE_REDUCE_H
#define QOPT_TOOLS_QOPT_REDUCE_REDUCE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Reducer/ReductionNode.h"

namespace qopt_reduce {

/// Makes the function around `region` compute the operations of the ranges
/// only. What they take from the others becomes inputs, what the others take
/// from them becomes outputs; constants stay with their users.
void keepSubgraph(mlir::Region &region,
                  llvm::ArrayRef<mlir::ReductionNode::Range> ranges);

/// Operations that a user would count: all but constants and the return.
unsigned countNodes(mlir::ModuleOp module);

/// Replaces `module` by the smallest one that was found for which `tester` is
/// interested. False if it is not interested in the module itself.
bool reduce(mlir::OwningOpRef<mlir::ModuleOp> &module,
            const mlir::Tester &tester);

} // namespace qopt_reduce

#endif // QOPT_TOOLS_QOPT_REDUCE_REDUCE_H
