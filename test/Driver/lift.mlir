// What was lifted stands under the plan and, with -v, among the remarks; --no-lift and the
// preset's own option leave it.
// REQUIRES: tool-qopt
//
// RUN: qopt %s --pass-pipeline=w8a8 --dry-run -q | FileCheck --check-prefix=PLAN %s
// RUN: qopt %s --emit=qopt -v -o %t.mlir 2>&1 | FileCheck --check-prefix=REMARK %s
// RUN: qopt %s --pass-pipeline=w8a8 --no-lift=gelu,swish --dry-run -q | FileCheck --check-prefix=OFF %s
// RUN: qopt %s --pass-pipeline='w8a8{no-lift=all}' --dry-run -q | FileCheck --check-prefix=OFF %s
//
// PLAN: lifted from parts: 1 Swish
// REMARK: remark: {{.*}}lifted 1 Swish
// OFF-NOT: lifted
module attributes {onnx.opset = 17 : i64, onnx.producer = "", onnx.source_sha256 = ""} {
  func.func @main(%x: tensor<2x2xf32> {onnx.name = "x", onnx.dims = [2, 2]}) -> (tensor<2x2xf32> {onnx.name = "y", onnx.dims = [2, 2]}) {
    %0 = onnx.Sigmoid %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
    %1 = onnx.Mul %x, %0 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    return %1 : tensor<2x2xf32>
  }
}
