//===- ONNXInterfaces.td - what every onnx op can tell ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXINTERFACES_TD
#define QOPT_DIALECT_ONNX_IR_ONNXINTERFACES_TD

include "mlir/IR/OpBase.td"

def ONNXOpInterface : OpInterface<"ONNXOpInterface"> {
  let cppNamespace = "::mlir::onnx";
  let description = [{
    An op of the `onnx` dialect. ONNX files state element types for graph inputs
    and outputs only, so that the type of everything between follows from the op;
    this interface answers before the op exists (importer) and checks it
    afterwards (verifier). Shapes are the business of the shape analysis.
  }];
  let methods = [
    StaticInterfaceMethod<[{
      The element type of a result, or null if the operands do not tell.
    }], "::mlir::Type", "inferElementType",
    (ins "::mlir::MLIRContext *":$context, "::mlir::ValueRange":$operands,
         "::mlir::DictionaryAttr":$attributes, "unsigned":$result)>
  ];
  let verify = [{
    return ::mlir::onnx::detail::verifyElementTypes($_op);
  }];
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXINTERFACES_TD
