// RUN: %qcal %S/Inputs/smooth.json %t.smooth.qcal
// RUN: not qopt-opt %s -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not qopt-opt %s -qopt-smooth 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not qopt-opt %s -qopt-smooth="statistics=%t.smooth.qcal alpha=1.5" 2>&1 | FileCheck %s --check-prefix=ALPHA
// RUN: not qopt-opt %s -qopt-smooth="statistics=%t.smooth.qcal alpha=nan" 2>&1 | FileCheck %s --check-prefix=ALPHA
// RUN: sed s/abc/def/ %S/Inputs/smooth.json > %t.other.json
// RUN: %qcal %t.other.json %t.other.qcal
// RUN: not qopt-opt %s -qopt-smooth="statistics=%t.other.qcal alpha=0.5" 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: sed s/fc/fd/ %S/Inputs/smooth.json > %t.tap.json
// RUN: %qcal %t.tap.json %t.tap.qcal
// RUN: not qopt-opt %s -qopt-smooth="statistics=%t.tap.qcal alpha=0.5" 2>&1 | FileCheck %s --check-prefix=TAP
// RUN: qopt-opt %s -qopt-plan=rules=quantize:fc=w8a8 -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" | sed 's/qopt.smooth = dense<.2[^>]*> : tensor<4xf32>/qopt.smooth = dense<-1.0> : tensor<4xf32>/' > %t.sign.mlir
// RUN: not qopt-opt %t.sign.mlir -qopt-quantize 2>&1 | FileCheck %s --check-prefix=SIGN
// RUN: sed 's/"absmax":.4.0,16.0,0.0,1.0./"absmax":[0.0,0.0,0.0,0.0]/' %S/Inputs/smooth.json > %t.zero.json
// RUN: %qcal %t.zero.json %t.zero.qcal
// RUN: qopt-opt %s -qopt-smooth="statistics=%t.zero.qcal alpha=0.5" 2>&1 | FileCheck %s --check-prefix=ZERO

// TWICE: error: the model is smoothed already
// NONE: error: qopt-smooth needs a statistics file
// ALPHA: error: qopt-smooth: alpha must be within [0, 1], auto or off
// OTHER: error: {{.*}}other.qcal: the statistics belong to another model (sha256 def, this model has abc)
// TAP: error: {{.*}}the statistics know no activation 'fc'; calibrate again
// SIGN: error: {{.*}}qopt.smooth must hold 4 positive f32 numbers
// ZERO: warning: no activation was smoothed
// ZERO: qopt.note = "not smoothed: the activation is always 0 in the statistics"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %y = onnx.MatMul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("fc")
    return %y : tensor<4x4xf32>
  }
}
