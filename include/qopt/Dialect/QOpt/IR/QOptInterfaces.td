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
    InterfaceMethod<"The factor of the bias (Gemm's beta).", "double", "getBiasFactor">,
    InterfaceMethod<"Why this one cannot be read as such a product; empty: it can.", "std::string", "whyIrregular",
                    (ins), /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<"The product plus the bias with its factor, by operations of the dialect.", "::mlir::Value", "addBias",
                    (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$product), /*methodBody=*/"",
                    /*defaultImplementation=*/"return ::mlir::qopt::buildArithSum(builder, product, ::llvm::cast<::mlir::qopt::ContractionOpInterface>($_op.getOperation()).getContractionBias());">,
    InterfaceMethod<"A constant as the dialect of the operation spells it.", "::mlir::Value", "buildConstant",
                    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::ElementsAttr":$value), /*methodBody=*/"",
                    /*defaultImplementation=*/"return ::mlir::qopt::buildArithConstant(builder, loc, value);">];
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
    An operation that positive factors per channel pass through, from an operand to
    results: it keeps channels apart and is linear in each for positive factors, as
    movements, relu, a product of elements, or attention in its values. Or one whose
    results depend on no values at all, so that factors end there.
  }];
  let methods = [
    InterfaceMethod<"The operands from which factors may come; `passScales` decides.",
                    "::llvm::SmallVector<::mlir::OpOperand *>", "getScaleSources">,
    InterfaceMethod<"Where the factors of `operand` are found in the results: one entry for each result that sees them. False when multiplying the operand by them is not the same as multiplying those results.",
                    "bool", "passScales",
                    (ins "::mlir::OpOperand &":$operand, "const ::mlir::qopt::ScaleLayout &":$layout,
                         "::llvm::SmallVectorImpl<std::pair<::mlir::OpResult, ::mlir::qopt::ScaleLayout>> &":$results)>,
    InterfaceMethod<"Multiplies by values[layout] what else flows into the first result: the constant of a sum. New constants are built in front of the op.",
                    "void", "rescaleConstants",
                    (ins "::mlir::OpBuilder &":$builder, "const ::mlir::qopt::ScaleLayout &":$layout,
                         "::llvm::ArrayRef<float>":$values)>,
    InterfaceMethod<"Whether factors on operands change no result: only shapes are read.", "bool", "readsOnlyShape">];
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_TD
