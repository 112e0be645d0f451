//===- QOptOps.td - operations of the qopt dialect -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTOPS_TD
#define QOPT_DIALECT_QOPT_IR_QOPTOPS_TD

include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "qopt/Dialect/QOpt/IR/QOptAttrs.td"

class QOpt_Op<string mnemonic, list<Trait> traits = []>
    : Op<QOpt_Dialect, mnemonic, traits>;

def QOpt_Codes : TensorOf<[I8, UI8]>;
def QOpt_Float : TensorOf<[F32, F16]>;

include "qopt/Dialect/QOpt/IR/QOptGraphOps.td"
include "qopt/Dialect/QOpt/IR/QOptKernelOps.td"

#endif // QOPT_DIALECT_QOPT_IR_QOPTOPS_TD
