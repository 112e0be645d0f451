//===- ONNXControlFlow.td - ops that hold graphs ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXCONTROLFLOW_TD
#define QOPT_DIALECT_ONNX_IR_ONNXCONTROLFLOW_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "qopt/Dialect/ONNX/IR/ONNXBase.td"

// Inner graphs see the values of outer ones. An op with graphs is as pure as they
// are; its results have the element types that the graphs yield.
class ONNX_ControlFlowOp<string mnemonic>
    : Op<ONNX_Dialect, mnemonic, [RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let hasVerifier = 1;
}

def ONNX_IfOp : ONNX_ControlFlowOp<"If"> {
  let summary = "One of two graphs";
  let description = [{
    ONNX If: the results of `then_branch` if `cond` (one element) is true, else those
    of `else_branch`. Shapes may differ between the branches, ranks may not, unless
    the condition is known at compile time.

    ```mlir
    %y = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
      onnx.Yield %x : tensor<?xf32>
    } else {
      %z = onnx.Neg %x : (tensor<?xf32>) -> tensor<?xf32>
      onnx.Yield %z : tensor<?xf32>
    }
    ```

    Limits: the branches give values of equal ranks, unless the condition is known at compile time.
  }];
  let arguments = (ins ONNX_BoolTensor:$cond);
  let results = (outs Variadic<AnyTensor>:$outputs);
  let regions = (region SizedRegion<1>:$then_branch, SizedRegion<1>:$else_branch);
  let assemblyFormat = [{
    $cond attr-dict `:` functional-type(operands, results) $then_branch `else` $else_branch
  }];
  let hasCanonicalizer = 1;
}

def ONNX_LoopOp : ONNX_ControlFlowOp<"Loop"> {
  let summary = "A graph run again and again";
  let description = [{
    ONNX Loop: runs `body` at most `m` times (an absent one: no limit) and while
    `cond` (an absent one: true) holds. The body takes the number of the iteration,
    the condition and the carried values, and yields the next condition, the next
    carried values and what is collected. Results are the last carried values, then
    each collected value of all iterations, joined along a new first dim.

    `onnx.Scan` does not exist: importers write a Scan as a Loop that takes slices.

    Limits: a trip count or a condition that ends it; carried values keep their ranks, and what
    is stacked has a rank that is known at compile time.
  }];
  let arguments = (ins ONNX_Optional<ONNX_I64Tensor>:$m,
                       ONNX_Optional<ONNX_BoolTensor>:$cond,
                       Variadic<AnyTensor>:$initial);
  let results = (outs Variadic<AnyTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, results) $body
  }];
  let extraClassDeclaration = [{
    unsigned getNumCarried() { return getInitial().size(); }
    // Body arguments and yielded values of the carried values.
    ::mlir::MutableArrayRef<::mlir::BlockArgument> getCarriedArguments();
    ::mlir::OperandRange getYielded();
    // The condition cannot become false.
    bool isCounted();
  }];
  let hasCanonicalizer = 1;
}

def ONNX_YieldOp : Op<ONNX_Dialect, "Yield", [Pure, Terminator,
                                              ParentOneOf<["IfOp", "LoopOp"]>]> {
  let summary = "The outputs of an inner graph";
  let description = "Ends the region of an If or a Loop.";
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = [{ ($values^ `:` type($values))? attr-dict }];
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXCONTROLFLOW_TD
