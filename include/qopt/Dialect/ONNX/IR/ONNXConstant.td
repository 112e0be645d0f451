//===- ONNXConstant.td - constants and the absent operand ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_TD
#define QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_ConstantOp : ONNX_Op<"Constant", [ConstantLike]> {
  let summary = "A constant tensor";
  let description = [{
    Yields `value`, a dense elements attribute (small tensors) or a dense resource
    (weights, which stay in the mapped file). The result type is the type of the
    value; the location holds the name of the initializer.

    ```mlir
    %axes = onnx.Constant {value = dense<[0, 2]> : tensor<2xi64>}
    %w = onnx.Constant {value = dense_resource<w> : tensor<384x384xf32>}
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyStaticShapeTensor:$output);
  let elementRule = [{attributeElementType(attributes, "value")}];
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getShapedType(), value);
  }]>];
  let assemblyFormat = [{ attr-dict `:` type($output) }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def ONNX_NoValueOp : ONNX_Op<"NoValue", [ConstantLike]> {
  let summary = "Stands for an operand that the node leaves out";
  let description = [{
    ONNX writes an omitted optional input as an empty name. `onnx.NoValue` keeps
    the positions of the operands behind it.
  }];
  let results = (outs NoneType:$output);
  let elementRule = [{::mlir::Type()}];
  let assemblyFormat = "attr-dict";
  let hasFolder = 1;
}

def ONNX_IdentityOp : ONNX_Op<"Identity"> {
  let summary = "Yields its operand";
  let description = "ONNX Identity: `output = input`, any element type and shape.";
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$output);
  let hasFolder = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_TD
