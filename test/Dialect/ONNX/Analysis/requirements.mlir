// A table of 128 positions, cut to the sequence and added to it: in every run that
// is not an error the minimum is the sequence, so no dim is a broadcast.
// RUN: qopt-opt %s --onnx-print-shapes -verify-diagnostics -o /dev/null

func.func @positions(%x: tensor<?x?x8xf32> {onnx.dims = ["b", "s", 8]},
                     %table: tensor<1x128x8xf32>) {
  %n = onnx.NoValue
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{shape [1] = [s]}}
  %s = onnx.Shape %x {start = 1 : i64, end = 2 : i64} : (tensor<?x?x8xf32>) -> tensor<1xi64>
  // expected-remark @+1 {{shape [1, s, 8]}}
  %cut = onnx.Slice %table, %zero, %s, %one, %n : (tensor<1x128x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [b, s, 8]}}
  %0 = onnx.Add %x, %cut : (tensor<?x?x8xf32>, tensor<*xf32>) -> tensor<*xf32>
  return
}
