// Every family prints and parses: the generic form of operands, attributes that
// differ from their defaults, and a functional type.
// RUN: qopt-opt %s | qopt-opt | FileCheck %s
// RUN: qopt-opt %s --mlir-print-op-generic | qopt-opt | FileCheck %s

// CHECK-LABEL: func.func @constants
func.func @constants() -> (tensor<2xi64>, none, tensor<2xi64>) {
  // CHECK: onnx.Constant {value = dense<[0, 2]> : tensor<2xi64>} : tensor<2xi64>
  %c = onnx.Constant {value = dense<[0, 2]> : tensor<2xi64>} : tensor<2xi64>
  // CHECK: onnx.NoValue
  %n = onnx.NoValue
  // CHECK: onnx.Identity
  %i = onnx.Identity %c : (tensor<2xi64>) -> tensor<2xi64>
  return %c, %n, %i : tensor<2xi64>, none, tensor<2xi64>
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x4xf32>, %y: tensor<4xf32>, %b: tensor<4xi1>) {
  // CHECK: onnx.Add %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %0 = onnx.Add %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Less {{.*}} -> tensor<?x4xi1>
  %1 = onnx.Less %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.Where
  %2 = onnx.Where %b, %x, %y : (tensor<4xi1>, tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Max %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Max %x, %y, %y : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // A default is not printed, another value is.
  // CHECK: onnx.Gelu %{{[^{]*}} : (tensor<?x4xf32>)
  %4 = onnx.Gelu %x {approximate = "none"} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Gelu %{{.*}} {approximate = "tanh"}
  %5 = onnx.Gelu %x {approximate = "tanh"} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.LeakyRelu %{{.*}} {alpha = 2.000000e-01 : f32}
  %6 = onnx.LeakyRelu %x {alpha = 0.2 : f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Cast %{{.*}} {to = ui8} : (tensor<4xf32>) -> tensor<4xui8>
  %7 = onnx.Cast %y {to = ui8} : (tensor<4xf32>) -> tensor<4xui8>
  %n = onnx.NoValue
  // CHECK: onnx.Clip %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4xf32>, none, none) -> tensor<4xf32>
  %8 = onnx.Clip %y, %n, %n : (tensor<4xf32>, none, none) -> tensor<4xf32>
  return
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<2x3x4xf32>, %s: tensor<2xi64>) {
  %n = onnx.NoValue
  // CHECK: onnx.Shape %{{.*}} {end = -1 : i64, start = 1 : i64}
  %0 = onnx.Shape %x {start = 1 : i64, end = -1 : i64} : (tensor<2x3x4xf32>) -> tensor<1xi64>
  // CHECK: onnx.Reshape %{{.*}} {allowzero = 1 : i64}
  %1 = onnx.Reshape %x, %s {allowzero = 1 : i64} : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: onnx.Transpose %{{.*}} {perm = array<i64: 0, 2, 1>}
  %2 = onnx.Transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  // CHECK: onnx.Split %{{.*}}, %{{.*}} {axis = 2 : i64} : (tensor<2x3x4xf32>, none) -> (tensor<2x3x2xf32>, tensor<2x3x2xf32>)
  %3:2 = onnx.Split %x, %n {axis = 2 : i64} : (tensor<2x3x4xf32>, none) -> (tensor<2x3x2xf32>, tensor<2x3x2xf32>)
  // CHECK: onnx.Concat %{{.*}}#0, %{{.*}}#1 {axis = -1 : i64}
  %4 = onnx.Concat %3#0, %3#1 {axis = -1 : i64} : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x4xf32>
  // CHECK: onnx.ConstantOfShape %{{.*}} {value = dense<true> : tensor<1xi1>}
  %5 = onnx.ConstantOfShape %s {value = dense<true> : tensor<1xi1>} : (tensor<2xi64>) -> tensor<?x?xi1>
  // CHECK: onnx.Pad %{{.*}} {mode = "edge"}
  %6 = onnx.Pad %x, %s, %n, %n {mode = "edge"} : (tensor<2x3x4xf32>, tensor<2xi64>, none, none) -> tensor<*xf32>
  return
}

// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<?x4xf32>, %w: tensor<8x4xf32>, %g: tensor<4xf32>) {
  %n = onnx.NoValue
  // CHECK: onnx.Gemm %{{.*}} {alpha = 5.000000e-01 : f32, transB = 1 : i64}
  %0 = onnx.Gemm %x, %w, %n {transB = 1 : i64, alpha = 0.5 : f32} : (tensor<?x4xf32>, tensor<8x4xf32>, none) -> tensor<?x8xf32>
  // CHECK: onnx.Einsum %{{.*}} {equation = "ik,nk->in"}
  %1 = onnx.Einsum %x, %w {equation = "ik,nk->in"} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  // CHECK: onnx.LayerNormalization {{.*}} -> (tensor<?x4xf32>, tensor<?x1xf32>, tensor<?x1xf32>)
  %2:3 = onnx.LayerNormalization %x, %g, %n : (tensor<?x4xf32>, tensor<4xf32>, none) -> (tensor<?x4xf32>, tensor<?x1xf32>, tensor<?x1xf32>)
  // CHECK: onnx.ReduceMean %{{.*}} {keepdims = 0 : i64}
  %3 = onnx.ReduceMean %x, %n {keepdims = 0 : i64} : (tensor<?x4xf32>, none) -> tensor<f32>
  // CHECK: onnx.DynamicQuantizeLinear {{.*}} -> (tensor<?x4xui8>, tensor<f32>, tensor<ui8>)
  %4:3 = onnx.DynamicQuantizeLinear %x : (tensor<?x4xf32>) -> (tensor<?x4xui8>, tensor<f32>, tensor<ui8>)
  // CHECK: onnx.TopK {{.*}} -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %k = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %5:2 = onnx.TopK %x, %k : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  return
}
