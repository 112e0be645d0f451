// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -qopt-print-plan -o /dev/null | FileCheck %s --strict-whitespace
// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -qopt-print-plan=float-weights=f32 -o /dev/null | FileCheck %s --check-prefix=F32
// RUN: not qopt-opt %s -qopt-print-plan=float-weights=f8 2>&1 | FileCheck %s --check-prefix=TYPE

// The shared weight counts once in the total.
//      CHECK:node    KxN   scheme    outliers  bytes before  bytes after  reason
// CHECK-NEXT:fc1     8x16  llm-int8   dynamic           512          448
// CHECK-NEXT:a\x09b        float                                          the second operand is not a constant
// CHECK-NEXT:head    16x8  float                        512          256  last projection
// CHECK-NEXT:again   16x8  float                        512          256  last projection
// CHECK-NEXT:1 quantized, 3 in float
// CHECK-NEXT:their weights:   1024 -> 704 bytes (1 KiB -> 0 KiB)
// CHECK-NEXT:other constants: 4160 -> 2112 bytes (4 KiB -> 2 KiB)
// CHECK-NEXT:all constants:   5184 -> 2816 bytes (5 KiB -> 2 KiB)
// F32: head {{.*}} 512          512  last projection
// TYPE: error: float-weights is f16 or f32, not 'f8'
func.func @main(%x: tensor<?x8xf32>, %z: tensor<16x16xf32>, %ids: tensor<?xi64>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<16xf32>, tensor<?x2xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x16xf32>} : tensor<8x16xf32>
  %v = onnx.Constant {value = dense<1.0> : tensor<16x8xf32>} : tensor<16x8xf32>
  %c = onnx.Constant {value = dense<1.0> : tensor<16xf32>} : tensor<16xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf32> loc("fc1")
  %1 = onnx.MatMul %0, %z : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("a\tb")
  %2 = onnx.MatMul %1, %v : (tensor<?x16xf32>, tensor<16x8xf32>) -> tensor<?x8xf32> loc("head")
  %3 = onnx.MatMul %1, %v : (tensor<?x16xf32>, tensor<16x8xf32>) -> tensor<?x8xf32> loc("again")
  %table = onnx.Constant {value = dense<1.0> : tensor<512x2xf32>} : tensor<512x2xf32>
  %4 = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<512x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  return %2, %3, %c, %4 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<16xf32>, tensor<?x2xf32>
}
