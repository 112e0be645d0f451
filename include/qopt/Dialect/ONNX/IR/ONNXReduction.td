//===- ONNXReduction.td - reductions and scans ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXREDUCTION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXREDUCTION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

// Marks the Reduce* ops: they share operands, attributes and shape rule.
def ONNX_Reduction : NativeOpTrait<"ONNXReduction">;

class ONNX_ReduceOp<string mnemonic, string what> : ONNX_Op<mnemonic, [ONNX_Reduction]> {
  let summary = what # " over some dims";
  let description = "ONNX " # mnemonic # ": " # what # [{ of the elements of `data` over the
    dims `axes` (rank-1 `i64`). Without axes, or with none in it, all dims are reduced,
    unless `noop_with_empty_axes` is set. A reduced dim stays as 1 if `keepdims`.
  }];
  let arguments = (ins ONNX_NumberTensor:$data, ONNX_Optional<ONNX_I64Tensor>:$axes,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$keepdims,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs ONNX_NumberTensor:$reduced);
}
def ONNX_ReduceSumOp : ONNX_ReduceOp<"ReduceSum", "sum">;
def ONNX_ReduceMeanOp : ONNX_ReduceOp<"ReduceMean", "mean">;
def ONNX_ReduceMaxOp : ONNX_ReduceOp<"ReduceMax", "maximum">;
def ONNX_ReduceMinOp : ONNX_ReduceOp<"ReduceMin", "minimum">;
def ONNX_ReduceProdOp : ONNX_ReduceOp<"ReduceProd", "product">;
def ONNX_ReduceSumSquareOp : ONNX_ReduceOp<"ReduceSumSquare", "sum of squares">;
def ONNX_ReduceL1Op : ONNX_ReduceOp<"ReduceL1", "sum of magnitudes">;
def ONNX_ReduceL2Op : ONNX_ReduceOp<"ReduceL2", "root of the sum of squares">;
def ONNX_ReduceLogSumOp : ONNX_ReduceOp<"ReduceLogSum", "logarithm of the sum">;
def ONNX_ReduceLogSumExpOp
    : ONNX_ReduceOp<"ReduceLogSumExp", "logarithm of the sum of exponentials">;

class ONNX_ArgOp<string mnemonic, string what> : ONNX_Op<mnemonic> {
  let summary = "Index of the " # what # " along an axis";
  let description = "ONNX " # mnemonic # ": the `i64` index of the " # what # [{ along `axis`;
    of equal elements the first one, or the last one if `select_last_index`.
    The axis stays as 1 if `keepdims`.
  }];
  let arguments = (ins ONNX_NumberTensor:$data, DefaultValuedAttr<ONNX_IntAttr, "0">:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$keepdims,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$select_last_index);
  let results = (outs ONNX_I64Tensor:$reduced);
  let elementRule = ONNX_I64Rule;
  let hasVerifier = 1;
}
def ONNX_ArgMaxOp : ONNX_ArgOp<"ArgMax", "maximum">;
def ONNX_ArgMinOp : ONNX_ArgOp<"ArgMin", "minimum">;

class ONNX_CumulativeOp<string mnemonic, string what> : ONNX_Op<mnemonic> {
  let summary = "Running " # what # " along an axis";
  let description = "ONNX " # mnemonic # ": " # what # "s of the elements up to each position along `axis` "
    "(a scalar operand), without the element itself if `exclusive`, from the end if `reverse`.";
  let arguments = (ins ONNX_NumberTensor:$x, ONNX_IndexTensor:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$exclusive,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$reverse);
  let results = (outs ONNX_NumberTensor:$y);
}
def ONNX_CumSumOp : ONNX_CumulativeOp<"CumSum", "sum">;
def ONNX_CumProdOp : ONNX_CumulativeOp<"CumProd", "product">;

#endif // QOPT_DIALECT_ONNX_IR_ONNXREDUCTION_TD
