// A decoder of one layer that fits on a page: 16 tokens, one head of 8 elements,
// causal attention over a cache, and padding masks.
module attributes {onnx.opset = 18 : i64} {
  func.func @main(
      %ids: tensor<?x?xi64> {onnx.name = "input_ids", onnx.dims = ["batch", "seq"]},
      %mask: tensor<?x?xi64> {onnx.name = "attention_mask", onnx.dims = ["batch", "past + seq"]},
      %pk: tensor<?x1x?x8xf32> {onnx.name = "past_key_values.0.key", onnx.dims = ["batch", 1, "past", 8]},
      %pv: tensor<?x1x?x8xf32> {onnx.name = "past_key_values.0.value", onnx.dims = ["batch", 1, "past", 8]})
      -> (tensor<?x?x16xf32> {onnx.name = "logits", onnx.dims = ["batch", "seq", 16]},
          tensor<?x1x?x8xf32> {onnx.name = "present.0.key", onnx.dims = ["batch", 1, "past + seq", 8]},
          tensor<?x1x?x8xf32> {onnx.name = "present.0.value", onnx.dims = ["batch", 1, "past + seq", 8]}) {
    %embed = onnx.Constant {value = dense<[[-0.80, -1.32, -0.25, 0.42, 1.14, 0.11, -0.55, -0.78], [0.75, 1.63, 0.27, -1.23, -0.96, 1.60, 0.20, -1.73], [-0.08, -1.16, -0.63, -0.49, -0.71, 0.55, -0.06, -0.59], [0.41, 0.83, -1.64, -0.26, -0.98, -0.17, -1.29, 0.02], [-0.04, -0.30, -1.05, -0.40, -1.09, -1.36, 0.22, -1.11], [1.17, 0.72, -2.00, 0.27, -1.10, 0.03, 0.04, -1.99], [-0.23, -0.26, 0.96, -1.18, 0.74, -1.10, -0.33, -0.84], [1.45, 0.57, 2.43, 0.64, 0.84, 0.84, -0.61, -0.07], [1.35, -0.40, 0.19, -0.02, 0.61, -0.36, -0.15, 0.24], [0.10, -0.86, 0.90, -1.30, -1.20, -1.28, 0.97, -0.36], [-0.97, -1.14, 0.42, -1.05, -1.27, 0.61, -1.20, -0.32], [-0.01, -0.45, -0.05, 1.34, -0.52, -1.26, -1.84, -0.20], [-0.35, 0.27, -0.46, -0.48, -0.72, -0.52, 0.16, -0.38], [0.10, 1.90, 0.48, -1.58, 1.73, 0.35, -0.94, 0.91], [0.02, -0.62, -0.63, -0.99, 0.05, 1.07, -0.33, 0.42], [1.88, -1.21, 0.26, -0.31, -1.06, -1.03, -0.02, 0.43]]> : tensor<16x8xf32>} : tensor<16x8xf32>
    %head = onnx.Constant {value = dense<[[-0.53, 0.05, 0.72, 0.30, 0.87, 0.46, 0.49, 1.83, 0.62, 0.13, 0.71, -0.92, -0.34, 0.79, 0.63, 1.55], [0.01, -1.46, 1.95, 1.09, -1.06, 1.38, 0.03, -1.81, -0.42, -0.51, 1.59, -0.79, -0.25, -0.28, -0.38, -0.91], [0.22, 1.08, 0.62, -0.93, -1.15, 0.12, -0.71, -0.63, -1.68, 1.95, 0.92, -0.97, 0.91, 1.34, -2.39, -0.55], [-0.39, 0.65, -0.12, -0.23, -0.06, 1.85, 2.16, -0.52, -0.93, 2.69, -0.98, -0.57, 0.04, 0.48, 1.03, 0.39], [-0.87, 0.51, 0.25, 1.88, -0.01, -1.34, -1.05, 1.45, -0.54, -2.10, -0.58, 0.00, 1.19, -1.01, 0.67, 0.80], [-0.70, -0.19, 1.77, 1.72, 0.86, 0.33, 1.14, -0.14, -0.10, -0.86, 0.01, -0.08, 2.77, -0.19, 1.27, 1.32], [-0.19, 1.17, -2.18, 0.09, 0.86, -2.40, -1.16, 1.06, -0.26, -1.10, -0.37, -0.54, 0.72, 0.45, -0.28, -0.67], [-0.05, 1.33, 0.35, 0.64, -0.15, -1.29, -0.71, 0.65, 0.10, -0.90, -1.62, 0.11, -0.34, -0.35, -0.33, 0.28]]> : tensor<8x16xf32>} : tensor<8x16xf32>
    %x = onnx.Gather %embed, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
    %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
    %q = onnx.Unsqueeze %x, %one : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x1x?x8xf32>
    %k = onnx.Tanh %q : (tensor<?x1x?x8xf32>) -> tensor<?x1x?x8xf32>
    %v = onnx.Sin %q : (tensor<?x1x?x8xf32>) -> tensor<?x1x?x8xf32>
    %keys = onnx.Concat %pk, %k {axis = 2 : i64} : (tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x1x?x8xf32>
    %values = onnx.Concat %pv, %v {axis = 2 : i64} : (tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x1x?x8xf32>
    %kt = onnx.Transpose %keys {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x1x?x8xf32>) -> tensor<?x1x8x?xf32>
    %scores = onnx.MatMul %q, %kt : (tensor<?x1x?x8xf32>, tensor<?x1x8x?xf32>) -> tensor<?x1x?x?xf32>

    // Column j of row i is seen when j <= past + i, and the mask shows it.
    %two = onnx.Constant {value = dense<2> : tensor<i64>} : tensor<i64>
    %zero = onnx.Constant {value = dense<0> : tensor<i64>} : tensor<i64>
    %step = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
    %pastShape = onnx.Shape %pk : (tensor<?x1x?x8xf32>) -> tensor<4xi64>
    %past = onnx.Gather %pastShape, %two : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %allShape = onnx.Shape %keys : (tensor<?x1x?x8xf32>) -> tensor<4xi64>
    %all = onnx.Gather %allShape, %two : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %columns = onnx.Range %zero, %all, %step : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    %positions = onnx.Range %past, %all, %step : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    %rows = onnx.Unsqueeze %positions, %one : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
    %causal = onnx.LessOrEqual %columns, %rows : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
    %axes = onnx.Constant {value = dense<[1, 2]> : tensor<2xi64>} : tensor<2xi64>
    %bits = onnx.Cast %mask {to = i1} : (tensor<?x?xi64>) -> tensor<?x?xi1>
    %shown = onnx.Unsqueeze %bits, %axes : (tensor<?x?xi1>, tensor<2xi64>) -> tensor<?x1x1x?xi1>
    %seen = onnx.And %shown, %causal : (tensor<?x1x1x?xi1>, tensor<?x?xi1>) -> tensor<?x1x?x?xi1>
    %low = onnx.Constant {value = dense<-1.0e+30> : tensor<f32>} : tensor<f32>
    %masked = onnx.Where %seen, %scores, %low : (tensor<?x1x?x?xi1>, tensor<?x1x?x?xf32>, tensor<f32>) -> tensor<?x1x?x?xf32>
    %p = onnx.Softmax %masked {axis = -1 : i64} : (tensor<?x1x?x?xf32>) -> tensor<?x1x?x?xf32>
    %y = onnx.MatMul %p, %values : (tensor<?x1x?x?xf32>, tensor<?x1x?x8xf32>) -> tensor<?x1x?x8xf32>
    %y3 = onnx.Squeeze %y, %one : (tensor<?x1x?x8xf32>, tensor<1xi64>) -> tensor<?x?x8xf32>
    %logits = onnx.MatMul %y3, %head : (tensor<?x?x8xf32>, tensor<8x16xf32>) -> tensor<?x?x16xf32>
    return %logits, %keys, %values : tensor<?x?x16xf32>, tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>
  }
}
