// RUN: %qcal %S/Inputs/statistics.json %t.statistics.qcal
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-select=statistics=%t.statistics.qcal | FileCheck %s
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{cap=1} has-statistics" -qopt-select=statistics=%t.statistics.qcal | FileCheck %s --check-prefix=CAP
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{frequency=0.1} has-statistics" -qopt-select=statistics=%t.statistics.qcal | FileCheck %s --check-prefix=OFTEN
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=7} has-statistics" -qopt-select=statistics=%t.statistics.qcal 2>&1 | FileCheck %s --check-prefix=BETWEEN
// RUN: qopt-opt %s -qopt-plan="scheme=w8a8 has-statistics" -qopt-select=statistics=%t.statistics.qcal | FileCheck %s --check-prefix=PLAIN
// RUN: sed s/abc/def/ %S/Inputs/statistics.json > %t.other.json
// RUN: %qcal %t.other.json %t.other.qcal
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-select=statistics=%t.other.qcal 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: sed s/o_proj/x_proj/ %S/Inputs/statistics.json > %t.tap.json
// RUN: %qcal %t.tap.json %t.tap.qcal
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-select=statistics=%t.tap.qcal 2>&1 | FileCheck %s --check-prefix=TAP
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-select=statistics=%t.missing.qcal 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=0.1} has-statistics" -qopt-select=statistics=%t.statistics.qcal 2>&1 | FileCheck %s --check-prefix=LOW

// RUN: sed s/nonfinite_samples.:0/nonfinite_samples\":3/ %S/Inputs/statistics.json > %t.nan.json
// RUN: %qcal %t.nan.json %t.nan.qcal
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8 has-statistics" -qopt-select=statistics=%t.nan.qcal -qopt-print-plan -o /dev/null 2>&1 | FileCheck %s --check-prefix=ORIGIN

// CHECK: qopt.calibration = {samples = 4 : i64, tokens = 100 : i64}
// ORIGIN-DAG: warning: 3 of 7 calibration samples were left out: NaN or Inf in activations
// ORIGIN-DAG: outlier lists from 4 samples, 100 tokens

// Of 16 columns at most 2: three fulfil the rule, the largest comes first, a tie
// goes to the lower index. Both readers of the activation get the list.
// CHECK: onnx.MatMul {{.*}}qopt.note = "capped, 3 columns fulfil the rule", qopt.outliers = array<i64: 3, 7>, {{.*}}qopt.scheme = {{.*}}outliers = static, threshold = 6.0
// CHECK: onnx.MatMul {{.*}}qopt.outliers = array<i64: 3, 7>
// No hit: plain.
// CHECK: onnx.MatMul {{.*}}qopt.scheme = {{.*}}outliers = none
// All columns: there is no body.
// CHECK: onnx.MatMul {{.*}}qopt.keep = "all columns of the activation are outliers"

// CAP: qopt.outliers = array<i64: 3>
// OFTEN-NOT: qopt.note
// OFTEN: qopt.outliers = array<i64: 3>
// BETWEEN: warning: statistics have no counts at the threshold 7.0{{.*}}; those at 6.0{{.*}} decide
// PLAIN-NOT: qopt.outliers
// OTHER: error: {{.*}}other.qcal: the statistics belong to another model (sha256 def, this model has abc)
// TAP: error: {{.*}}the statistics know no activation 'o_proj'; calibrate again
// MISSING: error: {{.*}}missing.qcal: No such file or directory
// LOW: error: {{.*}}statistics count values from {{.*}} on; they know nothing about a threshold of 1.0
module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<16x16xf32>} : tensor<16x16xf32>
    %q = onnx.MatMul %x, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("q_proj")
    %k = onnx.MatMul %x, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("k_proj")
    %a = onnx.Add %q, %k : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    %o = onnx.MatMul %a, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("o_proj")
    %d = onnx.MatMul %o, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("down")
    %y = onnx.Add %d, %x : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    return %y : tensor<?x16xf32>
  }
}
