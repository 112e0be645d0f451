// RUN: qopt-opt %s -qopt-float-weights 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: qopt-opt %s -qopt-float-weights=type=f32 | FileCheck %s --check-prefix=F32
// RUN: not qopt-opt %s -qopt-float-weights=type=bf16 2>&1 | FileCheck %s --check-prefix=TYPE

// REMARK: remark: 1 constants hold values above 65504 and stay f32
// F32: onnx.Cast {{.*}}-> tensor<65536x2xf32>
// F32-NOT: onnx.Cast
// TYPE: error: qopt-float-weights: type is f16 or f32, not 'bf16'

// CHECK-LABEL: @main
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi64>, %[[X:.*]]: tensor<?x65536xf32>
func.func @main(%ids: tensor<?xi64>, %x: tensor<?x65536xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<65536x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  %table = onnx.Constant {value = dense<1.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  %weight = onnx.Constant {value = dense<2.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  %large = onnx.Constant {value = dense<65505.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  %added = onnx.Constant {value = dense<3.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  %asked32 = onnx.Constant {value = dense<4.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  %asked16 = onnx.Constant {value = dense<5.0> : tensor<65536x2xf32>} : tensor<65536x2xf32>
  // A table: rows first, then the conversion.
  // CHECK: %[[ROWS:.*]] = onnx.Gather %{{.*}}, %[[IDS]] {{.*}}: (tensor<65536x2xf16>, tensor<?xi64>) -> tensor<?x2xf16>
  // CHECK: onnx.Cast %[[ROWS]] {to = f32} : (tensor<?x2xf16>) -> tensor<?x2xf32>
  %0 = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<65536x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  // CHECK: onnx.MatMul %[[X]], %{{.*}} : (tensor<?x65536xf32>, tensor<65536x2xf32>)
  %1 = onnx.MatMul %x, %weight : (tensor<?x65536xf32>, tensor<65536x2xf32>) -> tensor<?x2xf32>
  %2 = onnx.MatMul %x, %large : (tensor<?x65536xf32>, tensor<65536x2xf32>) -> tensor<?x2xf32>
  // Not a weight of these.
  // CHECK: onnx.Neg {{.*}}(tensor<65536x2xf32>)
  %3 = onnx.Neg %added : (tensor<65536x2xf32>) -> tensor<65536x2xf32>
  // A rule for one layer overrules the option.
  %4 = onnx.MatMul %x, %asked32 {qopt.weights = f32} : (tensor<?x65536xf32>, tensor<65536x2xf32>) -> tensor<?x2xf32>
  %5 = onnx.MatMul %x, %asked16 {qopt.weights = f16} : (tensor<?x65536xf32>, tensor<65536x2xf32>) -> tensor<?x2xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<65536x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}
