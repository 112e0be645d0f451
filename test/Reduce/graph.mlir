// A reduced model is what fails: cut values are inputs and outputs with the names of
// their nodes, constants stay with their users, and qopt takes the result.
// REQUIRES: tool-qopt, tool-qopt-reduce
//
// The check: code generation for an Erf that Add reads. Both nodes are needed.
// RUN: qopt-reduce %s --check 'qopt {} --emit=linalg -q | grep -A99 math.erf | grep -q arith.addf && exit 7; exit 0' \
// RUN:   -o %t.mlir 2>&1 | FileCheck --check-prefix=NOTE %s
// RUN: FileCheck --implicit-check-not=onnx.MatMul --implicit-check-not=onnx.Tanh %s < %t.mlir
// RUN: qopt %t.mlir -q -o %t.so
// RUN: qopt-info %t.so | FileCheck --check-prefix=INFO %s
//
// A node of several results, one of them read from the region of an If.
// RUN: qopt-reduce %s --check 'grep -q onnx.If {} && exit 1; exit 0' 2>&1 | FileCheck --check-prefix=REGION %s
//
// NOTE: reduced from 8 to 2 nodes; the check ends with exit code 7
// CHECK: func.func @main(%{{.*}}: tensor<?x4xf32> {onnx.dims = ["dim", 4], onnx.name = "product"}
// CHECK-SAME: -> (tensor<?x4xf32> {onnx.dims = ["", 4], onnx.name = "shifted"})
// CHECK: onnx.Constant
// CHECK: onnx.Erf
// CHECK: onnx.Add
// INFO: 'product' float32[dim, 4]
//
// REGION: reduced from 8 to 3 nodes
// REGION: onnx.If

func.func @main(%x: tensor<?x3xf32> {onnx.name = "x", onnx.dims = ["n", 3]},
                %flag: tensor<i1> {onnx.name = "flag", onnx.dims = []})
    -> (tensor<?x4xf32> {onnx.name = "y", onnx.dims = ["n", 4]}) {
  %w = onnx.Constant {value = dense<0.5> : tensor<3x4xf32>} : tensor<3x4xf32>
  %one = onnx.Constant {value = dense<1.0> : tensor<4xf32>} : tensor<4xf32>
  %a = onnx.Tanh %x : (tensor<?x3xf32>) -> tensor<?x3xf32> loc("first")
  %b = onnx.MatMul %a, %w : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32> loc("product")
  %c = onnx.Erf %b : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("error")
  %d = onnx.Add %c, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32> loc("shifted")
  %e = onnx.If %flag : (tensor<i1>) -> tensor<?x4xf32> {
    %t = onnx.Relu %d : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("then")
    onnx.Yield %t : tensor<?x4xf32>
  } else {
    %f = onnx.Neg %d : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("else")
    onnx.Yield %f : tensor<?x4xf32>
  } loc("choice")
  %g = onnx.Tanh %e : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("last")
  return %g : tensor<?x4xf32>
}
