// REQUIRES: tool-qopt
//
// --float=bf16 reaches the kernels, of every preset; a pipeline text says it itself.
// RUN: qopt %s --float=bf16 --emit=linalg -o - | FileCheck %s --check-prefix=BF16
// RUN: qopt %s --pass-pipeline=w8a8 --keep=.* --float=bf16 --emit=linalg -o - | FileCheck %s --check-prefix=BF16
// RUN: qopt %s '--pass-pipeline=fp32{products=bf16}' --emit=linalg -o - | FileCheck %s --check-prefix=BF16
// RUN: qopt %s --emit=linalg -o - | FileCheck %s --check-prefix=F32
// RUN: not qopt %s '--pass-pipeline=fp32{products=f8}' -o %t.so 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: %exit 2 qopt %s '--pass-pipeline=w8a8{attention=half}' -o %t.so | FileCheck %s --check-prefix=ATTENTION
// RUN: not qopt-opt %s '--fp32=products=f8' 2>&1 | FileCheck %s --check-prefix=BUILDER
// RUN: not qopt %s '--pass-pipeline=builtin.module(canonicalize)' --float=bf16 -o %t.so 2>&1 | FileCheck %s --check-prefix=TEXT

// The rows are rounded once for both products.
// BF16: arith.truncf {{.*}} : f32 to bf16
// BF16-NOT: arith.truncf
// BF16-COUNT-2: qopt.matmul ins(%{{.*}} : tensor<?x32xbf16>, tensor<32x8xbf16>)
// F32-NOT: bf16
// UNKNOWN: error: {{.*}}: products are f32 or bf16, not 'f8'
// BUILDER: error: products are f32 or bf16, not 'f8'
// ATTENTION: error: {{.*}}: attention is float, bf16x2, bf16 or int8, not 'half'
// TEXT: error: {{.*}}--float,
func.func @main(%x: tensor<?x32xf32> {onnx.name = "x", onnx.dims = ["n", 32]}) -> (tensor<?x8xf32> {onnx.name = "y"}, tensor<?x8xf32> {onnx.name = "z"}) {
  %a = onnx.Constant {value = dense<1.0> : tensor<32x8xf32>} : tensor<32x8xf32>
  %b = onnx.Constant {value = dense<2.0> : tensor<32x8xf32>} : tensor<32x8xf32>
  %y = onnx.MatMul %x, %a : (tensor<?x32xf32>, tensor<32x8xf32>) -> tensor<?x8xf32>
  %z = onnx.MatMul %x, %b : (tensor<?x32xf32>, tensor<32x8xf32>) -> tensor<?x8xf32>
  return %y, %z : tensor<?x8xf32>, tensor<?x8xf32>
}
