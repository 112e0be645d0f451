// Ids and a mask in, a row for each token out.
module attributes {onnx.opset = 18 : i64} {
  func.func @main(
      %ids: tensor<?x?xi64> {onnx.name = "input_ids", onnx.dims = ["batch", "seq"]},
      %mask: tensor<?x?xi64> {onnx.name = "attention_mask", onnx.dims = ["batch", "seq"]})
      -> (tensor<?x?x2xf32> {onnx.name = "last_hidden_state", onnx.dims = ["batch", "seq", 2]}) {
    %embed = onnx.Constant {value = dense<[[0.5, 1.0], [2.0, -1.0]]> : tensor<2x2xf32>} : tensor<2x2xf32>
    %x = onnx.Gather %embed, %ids : (tensor<2x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
    %last = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
    %m = onnx.Unsqueeze %mask, %last : (tensor<?x?xi64>, tensor<1xi64>) -> tensor<?x?x1xi64>
    %f = onnx.Cast %m {to = f32} : (tensor<?x?x1xi64>) -> tensor<?x?x1xf32>
    %y = onnx.Mul %x, %f : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
    return %y : tensor<?x?x2xf32>
  }
}
