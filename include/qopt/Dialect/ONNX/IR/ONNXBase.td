//===- ONNXBase.td - the onnx dialect and the classes its ops share ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op is a node type of ONNX in the form of opset 27: inputs are operands in
// ONNX's order, attributes keep ONNX's spelling, and what older opsets had as
// attributes (axes, split, starts, ...) is an operand. Importers upgrade older
// nodes; passes see this form only.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_IR_ONNXBASE_TD
#define QOPT_DIALECT_ONNX_IR_ONNXBASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "qopt/Dialect/ONNX/IR/ONNXInterfaces.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::mlir::onnx";
  let summary = "Graphs of ONNX operators in the form of opset 27";
  let description = [{
    Values are builtin tensors: ranked, or unranked as long as the rank is not
    known. Element types are `i1`, signless `i8`..`i64` (signed integers),
    `ui8`..`ui64`, `f16`, `bf16`, `f32` and `f64`; for storage also `i4`, `i2`, `ui4`,
    `ui2`, `f8E4M3FN`, `f8E4M3FNUZ`, `f8E5M2`, `f8E5M2FNUZ`, `f8E8M0FNU` and `f4E2M1FN`.

    - An operand that ONNX allows to be missing is a value of type `none`, made
      by `onnx.NoValue`; operand `i` of a node is always operand `i` of its op.
    - Attributes that hold an ONNX data type (`to`, `dtype`, `output_dtype`) are
      type attributes.
    - Broadcasting is ONNX's (NumPy's) multidirectional broadcasting.
    - Ops are pure; If and Loop are as pure as the graphs they hold. The location of an op is a `NameLoc` with its node name.

    ```mlir
    %none = onnx.NoValue
    %w = onnx.Constant {value = dense<1.0> : tensor<4x8xf32>}
    %y = onnx.MatMul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
    %m = onnx.ReduceMean %y, %axes {keepdims = 1 : i64}
           : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
    ```
  }];
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    // One per family; each lives in its own source file.
    void registerConstantOps();
    void registerControlFlowOps();
    void registerElementwiseOps();
    void registerShapeOps();
    void registerIndexingOps();
    void registerReductionOps();
    void registerMatMulOps();
    void registerConvolutionOps();
    void registerPoolingOps();
    void registerResamplingOps();
    void registerChannelNormalizationOps();
    void registerLossOps();
    void registerRecurrentOps();
    void registerSelectionOps();
    void registerSignalOps();
    void registerNormalizationOps();
    void registerQuantizationOps();
    void registerAttentionOps();
  }];
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

// An operand that the node may leave out.
class ONNX_Optional<Type type> : AnyTypeOf<[type, NoneType], type.summary # " or none">;

def ONNX_BoolTensor : TensorOf<[I1]>;
def ONNX_I64Tensor : TensorOf<[I64]>;
def ONNX_IndexTensor : TensorOf<[I32, I64]>;
def ONNX_IntTensor : TensorOf<[AnyInteger]>;
def ONNX_FloatTensor : TensorOf<[AnyFloat]>;
def ONNX_NumberTensor : TensorOf<[AnyInteger, AnyFloat]>;

// ONNX's int attribute. I64Attr would hand out uint64_t, and most are axes.
def ONNX_IntAttr : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer">;

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

// Computes result element i from operand elements i under broadcasting.
def ONNX_Elementwise : NativeOpTrait<"ONNXElementwise">;

// `elementRule` is a C++ expression for the element type of result `result`, over
// `operands` (ValueRange), `attributes` (DictionaryAttr) and `context`. A null type
// says that nothing is known. One rule serves the importer and the verifier.
class ONNX_Op<string mnemonic, list<Trait> traits = []>
    : Op<ONNX_Dialect, mnemonic,
         !listconcat([Pure, DeclareOpInterfaceMethods<ONNXOpInterface>], traits)> {
  code elementRule = [{elementOf(operands, 0)}];
  let extraClassDefinition = [{
    ::mlir::Type $cppClass::inferElementType(
        ::mlir::MLIRContext *context, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr attributes, unsigned result) {
      return }] # elementRule # [{;
    }
  }];
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, results)
  }];
}

defvar ONNX_BoolRule = [{::mlir::IntegerType::get(context, 1)}];
defvar ONNX_I64Rule = [{::mlir::IntegerType::get(context, 64)}];

#endif // QOPT_DIALECT_ONNX_IR_ONNXBASE_TD
