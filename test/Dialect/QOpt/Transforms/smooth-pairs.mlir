// Where the factors of an activation find somebody who takes them: attention with
// groups of queries, fused projections, biases on the way, caches, several readers.
//
// RUN: %qcal %S/Inputs/smooth-pairs.json %t.qcal
// RUN: qopt-opt %s -qopt-smooth="statistics=%t.qcal alpha=0.5" -split-input-file | FileCheck %s

// Head 0 of the values is read by heads 0 and 1 of the queries: columns 0 and 2 of
// what `o` reads share a factor, the larger one, and so do 1 and 3.
// CHECK-LABEL: @grouped
// CHECK-DAG: onnx.Constant {value = dense<{{\[}}[5.000000e-01, 2.500000e-01], [5.000000e-01, 2.500000e-01], {{.*}}> : tensor<4x2xf32>}
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'v' (s 2 to 4)", {{.*}}qopt.smoothed = dense<[2.000000e+00, 4.000000e+00, 2.000000e+00, 4.000000e+00]>
module attributes {onnx.source_sha256 = "abc"} {
  func.func @grouped(%x: tensor<1x3x4xf32>, %q: tensor<1x2x3x2xf32>, %k: tensor<1x1x3x2xf32>) -> tensor<1x3x4xf32> {
    %n = onnx.NoValue
    %wv = onnx.Constant {value = dense<1.0> : tensor<4x2xf32>} : tensor<4x2xf32>
    %wo = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %heads = onnx.Constant {value = dense<[1, 3, 1, 2]> : tensor<4xi64>} : tensor<4xi64>
    %flat = onnx.Constant {value = dense<[1, 3, 4]> : tensor<3xi64>} : tensor<3xi64>
    %a = onnx.MatMul %x, %wv : (tensor<1x3x4xf32>, tensor<4x2xf32>) -> tensor<1x3x2xf32> loc("v")
    %b = onnx.Reshape %a, %heads : (tensor<1x3x2xf32>, tensor<4xi64>) -> tensor<1x3x1x2xf32>
    %c = onnx.Transpose %b {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x1x2xf32>) -> tensor<1x1x3x2xf32>
    %y, %pk, %pv, %qk = onnx.Attention %q, %k, %c, %n, %n, %n, %n : (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, none, none, none, none) -> (tensor<1x2x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x2x3x3xf32>)
    %d = onnx.Transpose %y {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x3x2xf32>) -> tensor<1x3x2x2xf32>
    %e = onnx.Reshape %d, %flat : (tensor<1x3x2x2xf32>, tensor<3xi64>) -> tensor<1x3x4xf32>
    %o = onnx.MatMul %e, %wo : (tensor<1x3x4xf32>, tensor<4x4xf32>) -> tensor<1x3x4xf32> loc("o")
    return %o : tensor<1x3x4xf32>
  }
}

// -----

// A third of a fused projection, through a bias and attention as exporters write
// it. Queries and keys keep their columns.
// CHECK-LABEL: @fused
// CHECK-DAG: onnx.Constant {value = dense<[3.000000e+00, 3.000000e+00, 3.000000e+00, 3.000000e+00, 3.000000e+00, 3.000000e+00, 3.000000e+00, 3.000000e+00, 1.500000e+00, 3.000000e+00, 3.000000e+00, 7.500000e-01]> : tensor<12xf32>}
// CHECK-DAG: onnx.Constant {value = dense<{{\[}}[1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 5.000000e-01, 1.000000e+00, 1.000000e+00, 2.500000e-01],
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'qkv' (s 1 to 4)", {{.*}}qopt.smoothed = dense<[2.000000e+00, 1.000000e+00, 1.000000e+00, 4.000000e+00]>
module attributes {onnx.source_sha256 = "abc"} {
  func.func @fused(%x: tensor<1x3x4xf32>, %p: tensor<1x2x3x3xf32>) -> (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x12xf32>} : tensor<4x12xf32>
    %bias = onnx.Constant {value = dense<3.0> : tensor<12xf32>} : tensor<12xf32>
    %wo = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %parts = onnx.Constant {value = dense<[4, 4, 4]> : tensor<3xi64>} : tensor<3xi64>
    %heads = onnx.Constant {value = dense<[1, 3, 2, 2]> : tensor<4xi64>} : tensor<4xi64>
    %flat = onnx.Constant {value = dense<[1, 3, 4]> : tensor<3xi64>} : tensor<3xi64>
    %a = onnx.MatMul %x, %w : (tensor<1x3x4xf32>, tensor<4x12xf32>) -> tensor<1x3x12xf32> loc("qkv")
    %b = onnx.Add %bias, %a : (tensor<12xf32>, tensor<1x3x12xf32>) -> tensor<1x3x12xf32>
    %q, %k, %v = onnx.Split %b, %parts {axis = 2 : i64} : (tensor<1x3x12xf32>, tensor<3xi64>) -> (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>)
    %c = onnx.Reshape %v, %heads : (tensor<1x3x4xf32>, tensor<4xi64>) -> tensor<1x3x2x2xf32>
    %d = onnx.Transpose %c {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
    %e = onnx.MatMul %p, %d : (tensor<1x2x3x3xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32> loc("pv")
    %f = onnx.Transpose %e {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x3x2xf32>) -> tensor<1x3x2x2xf32>
    %g = onnx.Reshape %f, %flat : (tensor<1x3x2x2xf32>, tensor<3xi64>) -> tensor<1x3x4xf32>
    %o = onnx.MatMul %g, %wo : (tensor<1x3x4xf32>, tensor<4x4xf32>) -> tensor<1x3x4xf32> loc("o")
    return %o, %q, %k : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>
  }
}

// -----

// A cache that leaves the model must hold the values of the model.
// CHECK-LABEL: @cache
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed in-kernel (s 1 to 4): the result of 'v' is an output of the model"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @cache(%x: tensor<1x3x4xf32>, %q: tensor<1x3x4xf32>, %k: tensor<1x3x4xf32>) -> (tensor<1x3x4xf32>, tensor<1x2x3x2xf32>) {
    %n = onnx.NoValue
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %v = onnx.MatMul %x, %w : (tensor<1x3x4xf32>, tensor<4x4xf32>) -> tensor<1x3x4xf32> loc("v")
    %y, %pk, %pv, %qk = onnx.Attention %q, %k, %v, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64} : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>, none, none, none, none) -> (tensor<1x3x4xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3x3xf32>)
    %o = onnx.MatMul %y, %w : (tensor<1x3x4xf32>, tensor<4x4xf32>) -> tensor<1x3x4xf32> loc("o")
    return %o, %pv : tensor<1x3x4xf32>, tensor<1x2x3x2xf32>
  }
}

// -----

// The upper half of a fused gate takes the factors of what reads the product.
// CHECK-LABEL: @gate_up
// CHECK-DAG: onnx.Constant {value = dense<{{\[}}[1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 5.000000e-01, 1.000000e+00, 1.000000e+00, 2.500000e-01],
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'gate_up' (s 1 to 4)"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @gate_up(%x: tensor<1x3x4xf32>) -> tensor<1x3x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x8xf32>} : tensor<4x8xf32>
    %wo = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %starts = onnx.Constant {value = dense<4> : tensor<1xi64>} : tensor<1xi64>
    %ends = onnx.Constant {value = dense<8> : tensor<1xi64>} : tensor<1xi64>
    %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
    %axes = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
    %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
    %a = onnx.MatMul %x, %w : (tensor<1x3x4xf32>, tensor<4x8xf32>) -> tensor<1x3x8xf32> loc("gate_up")
    %gate = onnx.Slice %a, %zero, %starts, %axes, %one : (tensor<1x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x3x4xf32>
    %up = onnx.Slice %a, %starts, %ends, %axes, %one : (tensor<1x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x3x4xf32>
    %s = onnx.Gelu %gate : (tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
    %h = onnx.Mul %s, %up : (tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
    %o = onnx.MatMul %h, %wo : (tensor<1x3x4xf32>, tensor<4x4xf32>) -> tensor<1x3x4xf32> loc("o")
    return %o : tensor<1x3x4xf32>
  }
}

// -----

// The encoder's last norm is in front of the keys and values of every layer of the
// decoder: one s for all of them.
// CHECK-LABEL: @cross
// CHECK-COUNT-4: onnx.MatMul {{.*}}qopt.note = "smoothed into 'norm' (s 1 to 4)"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @cross(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>) {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32> loc("norm")
    %k1 = onnx.MatMul %n, %w : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("k1")
    %v1 = onnx.MatMul %n, %w : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("v1")
    %k2 = onnx.MatMul %n, %w : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("k2")
    %v2 = onnx.MatMul %n, %w : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("v2")
    return %k1, %v1, %k2, %v2 : tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>
  }
}

// -----

// Experts read the rows that the router sends them: router and experts share s.
// CHECK-LABEL: @experts
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'norm' (s 1 to 4)"
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'norm' (s 1 to 4)"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @experts(%x: tensor<3x4xf32>, %rows: tensor<2xi64>) -> (tensor<3x2xf32>, tensor<2x4xf32>) {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %r = onnx.Constant {value = dense<1.0> : tensor<4x2xf32>} : tensor<4x2xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32> loc("norm")
    %a = onnx.MatMul %n, %r : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32> loc("router")
    %t = onnx.Gather %n, %rows {axis = 0 : i64} : (tensor<3x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
    %e = onnx.MatMul %t, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32> loc("expert")
    return %a, %e : tensor<3x2xf32>, tensor<2x4xf32>
  }
}

// -----

// A reader that wants no factors keeps the norm as it is; the others have theirs in
// the quantize step.
// CHECK-LABEL: @off
// CHECK: onnx.MatMul {{.*}} {qopt.alpha = "off"} :
// CHECK: onnx.MatMul {{.*}}qopt.alpha = 1.000000e+00 : f64, qopt.note = "smoothed in-kernel (s 1 to 16): 'k1' has alpha=off"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @off(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32> loc("norm")
    %k1 = onnx.MatMul %n, %w {qopt.alpha = "off"} : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("k1")
    %v1 = onnx.MatMul %n, %w {qopt.alpha = 1.0 : f64} : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("v1")
    return %k1, %v1 : tensor<3x4xf32>, tensor<3x4xf32>
  }
}

// -----

// A row of zeros in the weight counts as 1e-5, as in the paper, and a norm without
// bias has none afterwards.
// CHECK-LABEL: @zero_row
// CHECK: onnx.RMSNormalization %arg0, %{{[^,]*}} :
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed into 'norm' (s 1 to 316)"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @zero_row(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
    %w = onnx.Constant {value = dense<[[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32> loc("norm")
    %y = onnx.MatMul %n, %w : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32> loc("fc1")
    return %y : tensor<3x4xf32>
  }
}
