// RUN: qopt-opt %s -qopt-plan="rules=keep:layer,quantize:fc2=llm-int8,quantize:head=w8a8" | FileCheck %s --check-prefix=RULES
// RUN: qopt-opt %s -qopt-plan="keep=fc1=f32" | FileCheck %s --check-prefix=STORAGE
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8 quantize={layer.0=w8a8} keep=fc1" | FileCheck %s --check-prefix=LISTS
// RUN: qopt-opt %s -qopt-plan="quantize=product=w8a8" 2>&1 >/dev/null | FileCheck %s --check-prefix=CANNOT
// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -mlir-print-debuginfo | qopt-opt -qopt-plan | FileCheck %s --check-prefix=AGAIN

// The last rule that matches decides; a rule may quantize the last projection.
// RULES: onnx.MatMul {{.*}}qopt.keep = "kept by the rule 'layer'"
// RULES: onnx.MatMul {{.*}}outliers = dynamic
// RULES: onnx.MatMul {{.*}}not a constant
// RULES: onnx.MatMul {{.*}}outliers = none

// STORAGE: onnx.MatMul {{.*}}qopt.keep = "kept by the rule 'fc1'", qopt.weights = f32

// LISTS: onnx.MatMul {{.*}}qopt.keep = "kept by the rule 'fc1'"
// LISTS: onnx.MatMul {{.*}}outliers = none
// LISTS: "last projection"

// CANNOT: warning: {{.*}}cannot be quantized as asked: the second operand is not a constant

// A second plan replaces the first.
// AGAIN: onnx.MatMul {{.*}}outliers = none
// AGAIN-NOT: dynamic
func.func @main(%x: tensor<?x8xf32>, %z: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x8xf32>} : tensor<8x8xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("layer.0/fc1")
  %1 = onnx.MatMul %0, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("layer.0/fc2")
  %2 = onnx.MatMul %1, %z : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("product")
  %3 = onnx.MatMul %2, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("head")
  return %3 : tensor<?x8xf32>
}
