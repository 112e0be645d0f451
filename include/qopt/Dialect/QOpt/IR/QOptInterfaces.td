//===- QOptInterfaces.td - what the quantization passes see of an op -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_TD
#define QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_TD

include "mlir/IR/OpBase.td"

def QOpt_ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::mlir::qopt";
  let description = [{
    A product of an activation [..., K] with a second operand, over K:
    `y[..., n] = alpha * sum_k x[..., k] * w[k, n] + beta * bias[n]`. The second
    operand is often a constant, but need not be.
  }];
  let methods = [
    InterfaceMethod<"The activation, [..., K].", "::mlir::Value", "getActivation">,
    InterfaceMethod<"The second operand: [K, N], or [N, K] when `isWeightTransposed`; of higher rank for batched products.",
                    "::mlir::Value", "getWeight">,
    InterfaceMethod<"Whether the second operand is stored as [N, K].", "bool", "isWeightTransposed">,
    InterfaceMethod<"Whether the activation is read transposed ([K, M]); such a contraction has no rows to quantize.",
                    "bool", "isActivationTransposed">,
    InterfaceMethod<"The bias, or a null value.", "::mlir::Value", "getContractionBias">,
    InterfaceMethod<"The factor of the product (Gemm's alpha).", "double", "getProductFactor">,
    InterfaceMethod<"The factor of the bias (Gemm's beta).", "double", "getBiasFactor">];
}

def QOpt_ScaleAbsorbingOpInterface : OpInterface<"ScaleAbsorbingOpInterface"> {
  let cppNamespace = "::mlir::qopt";
  let description = [{
    An operation that can take a factor per channel (last axis) of its first
    result into constants that it already has: the gain and bias of a norm, the
    output columns of a product, a constant factor. SmoothQuant folds through it.
  }];
  let methods = [
    InterfaceMethod<"Whether all operands that `absorbScale` has to change are constants. `reason` says why not.",
                    "bool", "canAbsorbScale", (ins "std::string &":$reason)>,
    InterfaceMethod<"Multiplies channel k of the first result by factors[k], by new constants built in front of the op.",
                    "void", "absorbScale", (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<float>":$factors)>];
}

def QOpt_ScalePassingOpInterface : OpInterface<"ScalePassingOpInterface"> {
  let cppNamespace = "::mlir::qopt";
  let description = [{
    An operation that keeps channels (the last axis) apart and that positive
    factors per channel pass through, from an operand to the first result: a
    reshape of the other axes, relu, a product of elements. Or one whose results
    depend on no values at all, so that factors end there.
  }];
  let methods = [
    InterfaceMethod<"The operands any single one of which can be multiplied by positive factors in place of the first result.",
                    "::llvm::SmallVector<::mlir::OpOperand *>", "getScalePassingOperands">,
    InterfaceMethod<"Whether factors on operands change no result: only shapes are read.", "bool", "readsOnlyShape">];
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_TD
