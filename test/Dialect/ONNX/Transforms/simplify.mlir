// The passes together: float arithmetic on a dim becomes a constant, which a Reshape
// behind it reads; names of constants survive.
// RUN: qopt-opt %s --onnx-simplify --mlir-print-debuginfo | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-NOT: onnx.Shape
// CHECK-NOT: onnx.Sqrt
func.func @main(%x: tensor<?x16xf32> {onnx.dims = ["n", 16]}) -> (tensor<*xf32> {onnx.dims = ["?"]}) {
  // CHECK: onnx.Constant {value = dense<2.500000e-01> : tensor<16x4xf32>} : tensor<16x4xf32> loc(#[[W:.*]])
  %w = onnx.Constant {value = dense<0.25> : tensor<16x4xf32>} : tensor<16x4xf32> loc("weight")
  %i = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %shape = onnx.Shape %x : (tensor<?x16xf32>) -> tensor<*xi64>
  %d = onnx.Gather %shape, %i : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %f = onnx.Cast %d {to = f32} : (tensor<*xi64>) -> tensor<*xf32>
  %r = onnx.Sqrt %f : (tensor<*xf32>) -> tensor<*xf32>
  %c = onnx.Cast %r {to = i64} : (tensor<*xf32>) -> tensor<*xi64>
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %c1 = onnx.Unsqueeze %c, %axis : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %minus = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %to = onnx.Concat %minus, %c1 {axis = 0 : i64} : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
  // CHECK: onnx.MatMul {{.*}} -> tensor<?x4xf32> loc(#[[M:.*]])
  %y = onnx.MatMul %x, %w : (tensor<?x16xf32>, tensor<16x4xf32>) -> tensor<*xf32> loc("product")
  // n rows of 4 are n rows of 4.
  %z = onnx.Reshape %y, %to : (tensor<*xf32>, tensor<*xi64>) -> tensor<*xf32>
  // CHECK-NOT: onnx.Reshape
  // CHECK: return %{{.*}} : tensor<?x4xf32>
  return %z : tensor<*xf32>
}
// CHECK-DAG: #[[W]] = loc("weight")
// CHECK-DAG: #[[M]] = loc("product")
