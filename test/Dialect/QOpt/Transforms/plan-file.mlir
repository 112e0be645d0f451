// The plan as a file, and back.
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8 quantize=fc2=w8a16{weights=group:8}" -qopt-select -qopt-write-plan -o %t.first.mlir > %t.json
// RUN: FileCheck %s < %t.json
// RUN: qopt-opt %s -qopt-plan=plan-file=%t.json -qopt-select -o %t.second.mlir
// RUN: FileCheck %s --check-prefix=IR < %t.second.mlir
// RUN: sed 's/mode=dynamic}/mode=static}", "outliers": [4, 1], "alpha": "off/' %t.json > %t.edited.json
// RUN: qopt-opt %s -qopt-plan=plan-file=%t.edited.json -qopt-select | FileCheck %s --check-prefix=EDITED
// RUN: sed s/abc/def/ %t.json > %t.other.json
// RUN: not qopt-opt %s -qopt-plan=plan-file=%t.other.json 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: qopt-opt %s -qopt-plan="plan-file=%t.other.json force" -o /dev/null
// RUN: not qopt-opt %s -qopt-write-plan=float-weights=f8 2>&1 | FileCheck %s --check-prefix=TYPE

//      CHECK: "qopt_plan": 1,
// CHECK-NEXT: "model_sha256": "abc",
// CHECK-NEXT: "float_weights": "f16",
//      CHECK: "quantized": 2,
// CHECK-NEXT: "kept": 1,
//      CHECK: "name": "fc1",
// CHECK-NEXT: "op": "onnx.MatMul",
// CHECK-NEXT: "k": 16,
// CHECK-NEXT: "n": 32,
// CHECK-NEXT: "scheme": "llm-int8{mode=dynamic}",
// CHECK-NEXT: "bytes_before": 2048,
// CHECK-NEXT: "bytes_after": 1664
//      CHECK: "name": "fc2",
//      CHECK: "scheme": "w8a16{weights=group:8}",
// CHECK-NEXT: "bytes_before": 2048,
// CHECK-NEXT: "bytes_after": 768
//      CHECK: "name": "fc2#2",
//      CHECK: "scheme": "fp32",
// CHECK-NEXT: "reason": "the second operand is not a constant"
//  CHECK-NOT: "bytes_before"

// IR: onnx.MatMul {{.*}}qopt.scheme = #qopt.scheme<{{.*}}outliers = dynamic
// IR: onnx.MatMul {{.*}}qopt.scheme = #qopt.scheme<{{.*}}weight_granularity = group{{.*}}group_size = 8
// IR: onnx.MatMul {{.*}}qopt.keep = "the second operand is not a constant"
// EDITED: onnx.MatMul {{.*}}qopt.alpha = "off", qopt.outliers = array<i64: 1, 4>{{.*}}outliers = static
// OTHER: error: {{.*}}other.json: the plan belongs to another model (sha256 def, this model has abc); --force takes it anyway
// TYPE: error: float-weights is f16 or f32, not 'f8'
module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%x: tensor<?x16xf32>, %z: tensor<16x16xf32>) -> tensor<?x16xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<16x32xf32>} : tensor<16x32xf32>
    %v = onnx.Constant {value = dense<1.0> : tensor<32x16xf32>} : tensor<32x16xf32>
    %0 = onnx.MatMul %x, %w : (tensor<?x16xf32>, tensor<16x32xf32>) -> tensor<?x32xf32> loc("fc1")
    %1 = onnx.MatMul %0, %v : (tensor<?x32xf32>, tensor<32x16xf32>) -> tensor<?x16xf32> loc("fc2")
    %2 = onnx.MatMul %1, %z : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32> loc("fc2")
    return %2 : tensor<?x16xf32>
  }
}
