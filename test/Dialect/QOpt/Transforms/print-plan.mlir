// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -qopt-print-plan -o /dev/null | FileCheck %s --strict-whitespace
// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -qopt-print-plan=float-weights=f32 -o /dev/null | FileCheck %s --check-prefix=F32
// RUN: not qopt-opt %s -qopt-print-plan=float-weights=f8 2>&1 | FileCheck %s --check-prefix=TYPE

// The shared weight counts once in the total.
//      CHECK:node    KxN      scheme    outliers  bytes before  bytes after  reason
// CHECK-NEXT:fc1     8x16     llm-int8   dynamic           512          448
// CHECK-NEXT:a\x09b           float                                          the second operand is not a constant
// CHECK-NEXT:head    16x4096  float                     262144       131072  last projection
// CHECK-NEXT:again   16x4096  float                     262144       131072  last projection
// CHECK-NEXT:1 quantized, 3 in float
// CHECK-NEXT:their weights:   262656 -> 131520 bytes (256 KiB -> 128 KiB)
// CHECK-NEXT:other constants: 262208 -> 131136 bytes (256 KiB -> 128 KiB)
// CHECK-NEXT:all constants:   524864 -> 262656 bytes (512 KiB -> 256 KiB)
// F32: head {{.*}} 262144       262144  last projection
// TYPE: error: float-weights is f16 or f32, not 'f8'
func.func @main(%x: tensor<?x8xf32>, %z: tensor<16x16xf32>, %ids: tensor<?xi64>) -> (tensor<?x4096xf32>, tensor<?x4096xf32>, tensor<16xf32>, tensor<?x2xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x16xf32>} : tensor<8x16xf32>
  %v = onnx.Constant {value = dense<1.0> : tensor<16x4096xf32>} : tensor<16x4096xf32>
  %c = onnx.Constant {value = dense<1.0> : tensor<16xf32>} : tensor<16xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf32> loc("fc1")
  %1 = onnx.MatMul %0, %z : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("a\tb")
  %2 = onnx.MatMul %1, %v : (tensor<?x16xf32>, tensor<16x4096xf32>) -> tensor<?x4096xf32> loc("head")
  %3 = onnx.MatMul %1, %v : (tensor<?x16xf32>, tensor<16x4096xf32>) -> tensor<?x4096xf32> loc("again")
  %table = onnx.Constant {value = dense<1.0> : tensor<32768x2xf32>} : tensor<32768x2xf32>
  %4 = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<32768x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  return %2, %3, %c, %4 : tensor<?x4096xf32>, tensor<?x4096xf32>, tensor<16xf32>, tensor<?x2xf32>
}
