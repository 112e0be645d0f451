// What qopt-reduce refuses: a check that does not fail, a model that does not parse, a
// command that is not there.
// REQUIRES: tool-qopt, tool-qopt-reduce
//
// RUN: %exit 1 qopt-reduce %s --check true -o %t.no.mlir | FileCheck --check-prefix=PASSES %s
// RUN: %exit 2 qopt-reduce %s | FileCheck --check-prefix=USAGE %s
// RUN: echo 'func.func @main(' > %t.bad.mlir
// RUN: %exit 1 qopt-reduce %t.bad.mlir --check false | FileCheck --check-prefix=PARSE %s
// RUN: not ls %t.no.mlir
//
// Every check that fails in another way than the model does is no failure at all: a
// candidate that is cut makes it exit 3 here, not 5.
// RUN: qopt-reduce %s --check 'grep -q onnx.Exp {} && grep -q onnx.Log {} && exit 5; exit 3' 2>&1 | FileCheck --check-prefix=CODE %s
//
// PASSES: error: {{.*}}refuse.mlir: the check does not fail on this model (exit code 0)
// USAGE: --check
// PARSE: error: {{.*}}bad.mlir: line 1: {{.+}}
// CODE: reduced from 3 to 2 nodes; the check ends with exit code 5

func.func @main(%x: tensor<4xf32> {onnx.name = "x", onnx.dims = [4]})
    -> (tensor<4xf32> {onnx.name = "y", onnx.dims = [4]}) {
  %a = onnx.Exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("exp")
  %b = onnx.Neg %a : (tensor<4xf32>) -> tensor<4xf32> loc("neg")
  %c = onnx.Log %b : (tensor<4xf32>) -> tensor<4xf32> loc("log")
  return %c : tensor<4xf32>
}
