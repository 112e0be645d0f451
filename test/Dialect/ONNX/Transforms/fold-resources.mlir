// Weights in blobs: a reshape shares the blob, a transpose makes a new one, and the
// blob that nothing refers to any more is gone.
// RUN: qopt-opt %s --onnx-fold-constants | FileCheck %s

// CHECK-LABEL: func.func @weights
func.func @weights(%x: tensor<1x2xf16>) -> (tensor<1x4xf16>, tensor<2x2x2xf16>) {
  %w = onnx.Constant {value = dense_resource<w> : tensor<4x2xf16>} : tensor<4x2xf16>
  // CHECK: onnx.Constant {value = dense<{{\[\[}}1.000000e+00, 3.000000e+00, 5.000000e+00, 7.000000e+00], [2.000000e+00, 4.000000e+00, 6.000000e+00, 8.000000e+00]]> : tensor<2x4xf16>}
  %t = onnx.Transpose %w : (tensor<4x2xf16>) -> tensor<2x4xf16>
  %0 = onnx.MatMul %x, %t : (tensor<1x2xf16>, tensor<2x4xf16>) -> tensor<1x4xf16>
  %u = onnx.Constant {value = dense_resource<u> : tensor<4x2xf16>} : tensor<4x2xf16>
  %s = onnx.Constant {value = dense<2> : tensor<3xi64>} : tensor<3xi64>
  // CHECK: onnx.Constant {value = dense_resource<u> : tensor<2x2x2xf16>}
  %1 = onnx.Reshape %u, %s : (tensor<4x2xf16>, tensor<3xi64>) -> tensor<2x2x2xf16>
  return %0, %1 : tensor<1x4xf16>, tensor<2x2x2xf16>
}

// CHECK-NOT: w: "0x
// CHECK: u: "0x
{-#
  dialect_resources: {
    builtin: {
      w: "0x02000000003C0040004200440045004600470048",
      u: "0x02000000003C0040004200440045004600470048"
    }
  }
#-}
