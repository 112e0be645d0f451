// RUN: qopt-opt %s -qopt-plan -split-input-file | FileCheck %s
// RUN: qopt-opt %s -qopt-plan=scheme=llm-int8 -split-input-file | FileCheck %s --check-prefix=DYNAMIC
// RUN: qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=0}" -split-input-file | FileCheck %s --check-prefix=ZERO
// RUN: qopt-opt %s -qopt-plan=scheme=fp32 -split-input-file | FileCheck %s --check-prefix=FP32

// A product with a constant is quantized; attention products and the head are not.
// CHECK-LABEL: @block
// CHECK: onnx.MatMul {{.*}}qopt.scheme = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none
// CHECK: onnx.MatMul {{.*}}qopt.keep = "the second operand is not a constant"
// CHECK: onnx.MatMul {{.*}}qopt.scheme
// CHECK: onnx.MatMul {{.*}}qopt.keep = "last projection"
// DYNAMIC-LABEL: @block
// DYNAMIC: onnx.MatMul {{.*}}outliers = dynamic, threshold = 6.0
// ZERO-LABEL: @block
// ZERO: onnx.MatMul {{.*}}qopt.note = "threshold 0: no outliers", {{.*}}qopt.scheme = {{.*}}outliers = none
// FP32-LABEL: @block
// FP32-COUNT-2: qopt.keep
// FP32: qopt.keep = "the scheme is fp32"
func.func @block(%x: tensor<?x?x8xf32>, %k: tensor<?x8x?xf32>) -> tensor<?x?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x8xf32>} : tensor<8x8xf32>
  %head = onnx.Constant {value = dense<1.0> : tensor<8x2xf32>} : tensor<8x2xf32>
  %q = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %a = onnx.MatMul %q, %k : (tensor<?x?x8xf32>, tensor<?x8x?xf32>) -> tensor<?x?x?xf32>
  %o = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %r = onnx.Add %x, %o : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %y = onnx.MatMul %r, %head : (tensor<?x?x8xf32>, tensor<8x2xf32>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A key projection reaches an output (the cache) and a product: no head. A bias
// behind the head is no residual.
// CHECK-LABEL: @cache
// CHECK: onnx.MatMul {{.*}}qopt.scheme
// CHECK: onnx.MatMul {{.*}}not a constant
// CHECK: onnx.MatMul {{.*}}"last projection"
func.func @cache(%x: tensor<?x8xf32>, %q: tensor<?x?xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x8xf32>} : tensor<8x8xf32>
  %bias = onnx.Constant {value = dense<1.0> : tensor<8xf32>} : tensor<8xf32>
  %k = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %a = onnx.MatMul %q, %k : (tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %h = onnx.MatMul %a, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %y = onnx.Add %h, %bias : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %k, %y : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Forms that have no quantized product.
// CHECK-LABEL: @forms
// CHECK: onnx.Gemm {{.*}}qopt.keep = "the activation is read transposed"
// CHECK: onnx.MatMul {{.*}}qopt.keep = "the weight is f16, only f32 is quantized"
// CHECK: onnx.MatMul {{.*}}qopt.keep = "the weight has rank 3, not 2"
// CHECK: onnx.MatMul {{.*}}qopt.keep = "K is not static in the activation"
// CHECK: onnx.MatMul {{.*}}qopt.keep = "the activation has rank 1, at least 2 is needed"
func.func @forms(%a: tensor<4x?xf32>, %b: tensor<?x4xf16>, %c: tensor<?x?x4xf32>, %d: tensor<?x?xf32>,
                 %e: tensor<4xf32>) {
  %none = onnx.NoValue
  %w = onnx.Constant {value = dense<1.0> : tensor<4x2xf32>} : tensor<4x2xf32>
  %half = onnx.Constant {value = dense<1.0> : tensor<4x2xf16>} : tensor<4x2xf16>
  %batch = onnx.Constant {value = dense<1.0> : tensor<3x4x2xf32>} : tensor<3x4x2xf32>
  %0 = onnx.Gemm %a, %w, %none {transA = 1 : i64} : (tensor<4x?xf32>, tensor<4x2xf32>, none) -> tensor<?x2xf32>
  %1 = onnx.MatMul %b, %half : (tensor<?x4xf16>, tensor<4x2xf16>) -> tensor<?x2xf16>
  %2 = onnx.MatMul %c, %batch : (tensor<?x?x4xf32>, tensor<3x4x2xf32>) -> tensor<3x?x2xf32>
  %3 = onnx.MatMul %d, %w : (tensor<?x?xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %4 = onnx.MatMul %e, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  return
}
