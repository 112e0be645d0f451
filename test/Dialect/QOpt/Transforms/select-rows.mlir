// Static scales, threshold=auto, alpha=auto and bias correction, from sample rows:
// one column of eight is a hundred times the others.
//
// RUN: %qcal %S/Inputs/select-rows.json %t.qcal
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{activations=static} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=STATIC
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{activations=static zero-point=true} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=ZERO
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{activations=static} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=BODY
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{activations=static observer=percentile} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=RANGE
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=auto} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=AUTO
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=auto cap=0} has-statistics" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=CAP
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{activations=static} has-statistics" -qopt-smooth="statistics=%t.qcal alpha=1" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=SMOOTH
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-smooth="statistics=%t.qcal alpha=1" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=GONE
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{activations=static} has-statistics" -qopt-smooth="statistics=%t.qcal" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=FOUND
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8{alpha=off} has-statistics" -qopt-smooth="statistics=%t.qcal" -qopt-select=statistics=%t.qcal | FileCheck %s --check-prefix=OFF
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8 has-statistics" -qopt-select="statistics=%t.qcal bias-correction" | FileCheck %s --check-prefix=BIAS
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8 has-statistics" -qopt-select="statistics=%t.qcal bias-correction" -qopt-quantize | FileCheck %s --check-prefix=ADDED
// RUN: not qopt-opt %s -qopt-plan="scheme=w8a8{activations=static}" -qopt-select 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: sed 's/"rows".*/"tokens":4,"absmax":[1,1,1,1,1,1,1,1]}]}/;/^\[/d' %S/Inputs/select-rows.json > %t.norows.json
// RUN: %qcal %t.norows.json %t.norows.qcal
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=auto} has-statistics" -qopt-select=statistics=%t.norows.qcal 2>&1 | FileCheck %s --check-prefix=NOROWS

// 110 / 127
// STATIC: qopt.activation_scale = 0.866141{{[0-9]*}} : f32
// (110 + 80) / 255, 80 / that
// ZERO: qopt.activation_scale = 0.745098{{[0-9]*}} : f32, qopt.activation_zero_point = 107 : i32
// Over the columns that are left.
// BODY: qopt.activation_scale = 0.00787401{{[0-9]*}} : f32, {{.*}}qopt.outliers = array<i64: 7>, {{.*}}outliers = guarded
// RANGE: qopt.activation_scale = {{(0\.8[0-6]|0\.7).*}} : f32
// AUTO: qopt.outliers = array<i64: 7>
// CAP-NOT: qopt.outliers
// CAP: outliers = none
// alpha = 1 makes all columns 1, and the range with them.
// SMOOTH: qopt.activation_scale = 0.00787401{{[0-9]*}} : f32, qopt.alpha = 1.000000e+00
// The column is no outlier any more.
// GONE-NOT: qopt.outliers
// GONE: outliers = none
// FOUND: qopt.alpha = {{[0-9.]+e[-+][0-9]+}} : f64
// OFF-NOT: qopt.smooth =
// BIAS: qopt.bias_correction = dense<{{.*}}> : tensor<2xf32>
// ADDED: qopt.quantized_matmul {{.*}}bias(
// NONE: error: {{.*}}a static activation scale needs statistics: add --calib=FILE
// NOROWS: error: {{.*}}threshold=auto needs sample rows
module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%x: tensor<?x8xf32>, %r: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = onnx.Constant {value = dense<[[1.0, 0.5], [0.3, -0.7], [-0.2, 0.9], [0.6, 0.1], [-0.8, 0.4], [0.7, 0.3], [0.9, -0.6], [0.01, 0.02]]> : tensor<8x2xf32>} : tensor<8x2xf32>
    %y = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x2xf32>) -> tensor<?x2xf32> loc("fc")
    %s = onnx.Add %y, %r : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    return %s : tensor<?x2xf32>
  }
}
