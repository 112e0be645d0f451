// Shapes of ops as expressions over the named dims of the inputs.
// RUN: qopt-opt %s --onnx-print-shapes -split-input-file -verify-diagnostics -o /dev/null

func.func @broadcast(
    %x: tensor<?x?x8xf32> {onnx.dims = ["batch", "seq", 8]},
    %y: tensor<?x8xf32> {onnx.dims = ["seq", 8]},
    %z: tensor<?x1xf32> {onnx.dims = ["other", 1]}) {
  // expected-remark @+1 {{shape [batch, seq, 8]}}
  %0 = onnx.Add %x, %y : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<*xf32>
  // Whether `seq` and `other` are equal, or one of them 1, is not known.
  // expected-remark @+1 {{shape [batch, broadcast(other, seq), 8]}}
  %1 = onnx.Add %x, %z : (tensor<?x?x8xf32>, tensor<?x1xf32>) -> tensor<*xf32>
  return
}

// -----

// Names in sums: `past` occurs in a sum only and is solved for.
func.func @sums(
    %ids: tensor<?x?xi64> {onnx.dims = ["batch", "seq"]},
    %mask: tensor<?x?xi64> {onnx.dims = ["batch", "past + seq"]},
    %past: tensor<?x?xi64> {onnx.dims = ["batch", "past"]},
    %odd: tensor<?xi64> {onnx.dims = ["floor(seq / 2)"]}) {
  // expected-remark @+1 {{shape [batch, seq + past]}}
  %0 = onnx.Neg %mask : (tensor<?x?xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [batch, seq + past]}}
  %1 = onnx.Concat %past, %ids {axis = 1 : i64} : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [batch, seq + past]}}
  %2 = onnx.Add %0, %1 : (tensor<*xi64>, tensor<*xi64>) -> tensor<*xi64>
  // expected-remark @+1 {{shape [floor(seq / 2)]}}
  %3 = onnx.Neg %odd : (tensor<?xi64>) -> tensor<*xi64>
  return
}

// -----

// A name that one input fixes is fixed everywhere.
func.func @fixed(%x: tensor<4x?xf32> {onnx.dims = ["batch", "seq"]},
                 %y: tensor<?x?xf32> {onnx.dims = ["batch", "seq + 1"]}) {
  // expected-remark @+1 {{shape [4, seq + 1]}}
  %0 = onnx.Neg %y : (tensor<?x?xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @products(%x: tensor<?x4x?x16xf32> {onnx.dims = ["b", 4, "s", 16]},
                    %k: tensor<?x4x16x?xf32> {onnx.dims = ["b", 4, 16, "t"]},
                    %v: tensor<16xf32>) {
  // expected-remark @+1 {{shape [b, 4, s, t]}}
  %0 = onnx.MatMul %x, %k : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [b, 4, s]}}
  %1 = onnx.MatMul %x, %v : (tensor<?x4x?x16xf32>, tensor<16xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [b, s, 4, t]}}
  %2 = onnx.Einsum %x, %k {equation = "bhid,bhdj->bihj"} : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [b, s, 4, 16]}}
  %3 = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x4x?x16xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [4*b, 16*s]}}
  %4 = onnx.Flatten %x {axis = 2 : i64} : (tensor<?x4x?x16xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @slices(%x: tensor<?x12xf32> {onnx.dims = ["s", 12]}) {
  %n = onnx.NoValue
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %three = onnx.Constant {value = dense<3> : tensor<1xi64>} : tensor<1xi64>
  %minus = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %end = onnx.Constant {value = dense<9223372036854775807> : tensor<1xi64>} : tensor<1xi64>
  %front = onnx.Constant {value = dense<-9223372036854775808> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{shape [s, 12]}}
  %0 = onnx.Slice %x, %zero, %end, %zero, %n : (tensor<?x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<*xf32>
  // The dim may be 0, so that one row less is not s - 1.
  // expected-remark @+1 {{shape [s - min(1, s), 12]}}
  %1 = onnx.Slice %x, %one, %end, %zero, %n : (tensor<?x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [s, 4]}}
  %2 = onnx.Slice %x, %two, %end, %one, %three : (tensor<?x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [s, 12]}}
  %3 = onnx.Slice %x, %minus, %front, %one, %minus : (tensor<?x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xf32>
  return
}

// -----

// Sizes that the data decides are symbols of their own.
func.func @data_dependent(%x: tensor<?x4xf32> {onnx.dims = ["s", 4]}, %k: tensor<1xi64>) {
  // expected-remark @+1 {{shape [2, d1]}}
  %0 = onnx.NonZero %x : (tensor<?x4xf32>) -> tensor<*xi64>
  // expected-remark @+2 {{result 0: shape [s, e2]}}
  // expected-remark @+1 {{result 1: shape [s, e2]}}
  %1:2 = onnx.TopK %x, %k : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<*xf32>, tensor<*xi64>)
  return
}

// -----

func.func @norms(%x: tensor<?x?x8xf32> {onnx.dims = ["b", "s", 8]}, %g: tensor<8xf32>, %axes: tensor<?xi64>) {
  %n = onnx.NoValue
  // expected-remark @+3 {{result 0: shape [b, s, 8]}}
  // expected-remark @+2 {{result 1: shape [b, s, 1]}}
  // expected-remark @+1 {{result 2: shape [b, s, 1]}}
  %0:3 = onnx.LayerNormalization %x, %g, %n : (tensor<?x?x8xf32>, tensor<8xf32>, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  %last = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{shape [b, s]}}
  %1 = onnx.ReduceMean %x, %last {keepdims = 0 : i64} : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<*xf32>
  // expected-remark @+1 {{shape []}}
  %2 = onnx.ReduceMax %x, %n {keepdims = 0 : i64} : (tensor<?x?x8xf32>, none) -> tensor<*xf32>
  // Which dims go is decided at run time.
  // expected-remark @+1 {{rank is not known}}
  %3 = onnx.ReduceMax %x, %axes {keepdims = 0 : i64} : (tensor<?x?x8xf32>, tensor<?xi64>) -> tensor<*xf32>
  return
}
