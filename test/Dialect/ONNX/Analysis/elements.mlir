// Data propagation: small integer tensors as expressions, so that the targets of
// Reshape, Expand and Range are known.
// RUN: qopt-opt %s --onnx-print-shapes -split-input-file -verify-diagnostics -o /dev/null

// Heads are split off: [b, s, 64] -> [b, s, 4, 16], with the -1 solved.
func.func @reshape(%x: tensor<?x?x64xf32> {onnx.dims = ["b", "s", 64]}) {
  %n = onnx.NoValue
  %i0 = onnx.Constant {value = dense<0> : tensor<i64>} : tensor<i64>
  %i1 = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %tail = onnx.Constant {value = dense<[-1, 16]> : tensor<2xi64>} : tensor<2xi64>
  // expected-remark @+1 {{shape [3] = [b, s, 64]}}
  %shape = onnx.Shape %x : (tensor<?x?x64xf32>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [] = [b]}}
  %b = onnx.Gather %shape, %i0 : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [] = [s]}}
  %s = onnx.Gather %shape, %i1 : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [1] = [b]}}
  %b1 = onnx.Unsqueeze %b, %axis : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [1] = [s]}}
  %s1 = onnx.Unsqueeze %s, %axis : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [4] = [b, s, -1, 16]}}
  %to = onnx.Concat %b1, %s1, %tail {axis = 0 : i64} : (tensor<*xi64>, tensor<*xi64>, tensor<2xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [b, s, 4, 16]}}
  %0 = onnx.Reshape %x, %to : (tensor<?x?x64xf32>, tensor<*xi64>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [] = [b*s]}}
  %rows = onnx.Mul %b, %s : (tensor<*xi64>, tensor<*xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [1] = [b*s]}}
  %rows1 = onnx.Unsqueeze %rows, %axis : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %open = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{shape [2] = [-1, b*s]}}
  %to2 = onnx.Concat %open, %rows1 {axis = 0 : i64} : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [64, b*s]}}
  %1 = onnx.Reshape %x, %to2 : (tensor<?x?x64xf32>, tensor<*xi64>) -> tensor<*xf32>
  return
}

// -----

// torch's expand: -1 in the target means "as it is", by way of Equal and Where.
func.func @expand(%x: tensor<?x1xf32> {onnx.dims = ["b", 1]},
                  %y: tensor<?xf32> {onnx.dims = ["s"]}) {
  %minus = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{shape [1] = [s]}}
  %s = onnx.Shape %y : (tensor<?xf32>) -> tensor<1xi64>
  // expected-remark @+1 {{shape [2] = [-1, s]}}
  %wanted = onnx.Concat %minus, %s {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // expected-remark @+1 {{shape [1] = [2]}}
  %rank = onnx.Shape %wanted : (tensor<2xi64>) -> tensor<1xi64>
  // expected-remark @+1 {{shape [2] = [1, 1]}}
  %ones = onnx.ConstantOfShape %rank {value = dense<1> : tensor<1xi64>} : (tensor<1xi64>) -> tensor<?xi64>
  // expected-remark @+1 {{shape [2] = [-1, -1]}}
  %all = onnx.Mul %ones, %minus : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  // expected-remark @+1 {{shape [2] = [1, 0]}}
  %keep = onnx.Equal %wanted, %all : (tensor<2xi64>, tensor<?xi64>) -> tensor<2xi1>
  // expected-remark @+1 {{shape [2] = [1, s]}}
  %to = onnx.Where %keep, %ones, %wanted : (tensor<2xi1>, tensor<?xi64>, tensor<2xi64>) -> tensor<2xi64>
  // expected-remark @+1 {{shape [b, s]}}
  %0 = onnx.Expand %x, %to : (tensor<?x1xf32>, tensor<2xi64>) -> tensor<*xf32>
  return
}

// -----

// Positions behind a cache.
func.func @range(%ids: tensor<?x?xi64> {onnx.dims = ["b", "s"]},
                 %cache: tensor<?x4x?x8xf32> {onnx.dims = ["b", 4, "past", 8]}) {
  %one = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %two = onnx.Constant {value = dense<2> : tensor<i64>} : tensor<i64>
  // expected-remark @+1 {{shape [1] = [past]}}
  %p1 = onnx.Shape %cache {start = 2 : i64, end = 3 : i64} : (tensor<?x4x?x8xf32>) -> tensor<1xi64>
  %n = onnx.NoValue
  // expected-remark @+1 {{shape [] = [past]}}
  %p = onnx.Squeeze %p1, %n : (tensor<1xi64>, none) -> tensor<i64>
  // expected-remark @+1 {{shape [2] = [b, s]}}
  %shape = onnx.Shape %ids : (tensor<?x?xi64>) -> tensor<2xi64>
  // expected-remark @+1 {{shape [] = [s]}}
  %s = onnx.Gather %shape, %one : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  // expected-remark @+1 {{shape [] = [s + past]}}
  %end = onnx.Add %p, %s : (tensor<i64>, tensor<i64>) -> tensor<i64>
  // expected-remark @+1 {{shape [s]}}
  %0 = onnx.Range %p, %end, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [] = [floordiv(s, 2)]}}
  %half = onnx.Div %s, %two : (tensor<i64>, tensor<i64>) -> tensor<i64>
  // expected-remark @+1 {{shape [] = [s - 2*floordiv(s, 2)]}}
  %odd = onnx.Mod %s, %two : (tensor<i64>, tensor<i64>) -> tensor<i64>
  // expected-remark @+1 {{shape [] = [b*s]}}
  %count = onnx.Size %ids : (tensor<?x?xi64>) -> tensor<i64>
  return
}

// -----

// The elements of an input are symbols; what follows from their sign does not.
func.func @input(%x: tensor<?x8xf32> {onnx.dims = ["b", 8]}, %to: tensor<2xi64>) {
  // expected-remark @+1 {{shape [d3, d4]}}
  %0 = onnx.Reshape %x, %to : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [e1, e2]}}
  %1 = onnx.ConstantOfShape %to : (tensor<2xi64>) -> tensor<*xf32>
  return
}
