// RUN: qopt-opt %s -split-input-file -verify-diagnostics --onnx-decompose --onnx-infer-shapes --cse | FileCheck %s

// Pairs next to each other and with one value between; weights at the end.
// CHECK-LABEL: @pairs
// CHECK-SAME: (%[[X:.*]]: tensor<?x12xi64>
func.func @pairs(%x: tensor<?x12xi64>) -> tensor<?x3xf32> {
  // CHECK: onnx.Gather %[[X]], %{{.*}} -> tensor<?x11x2xi64>
  // CHECK: onnx.Gather %[[X]], %{{.*}} -> tensor<?x10x2xi64>
  // CHECK: onnx.ScatterND {{.*}}reduction = "add"
  // CHECK: onnx.Mul
  %y = onnx.TfIdfVectorizer %x {
      ngram_counts = array<i64: 0, 1>, ngram_indexes = array<i64: 1, 2, 0>,
      pool_int64s = array<i64: 7, 5, 6, 7, 8>, weights = array<f32: 1.0, 2.0, 0.5>,
      min_gram_length = 2 : i64, max_gram_length = 2 : i64, max_skip_count = 1 : i64,
      mode = "TFIDF"} : (tensor<?x12xi64>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

func.func @pool(%x: tensor<12xi64>) -> tensor<3xf32> {
  // expected-error @+1 {{the pool holds no whole number of n-grams of length 2}}
  %y = onnx.TfIdfVectorizer %x {
      ngram_counts = array<i64: 0, 1>, ngram_indexes = array<i64: 0, 1, 2>,
      pool_int64s = array<i64: 7, 5, 6, 7>, min_gram_length = 1 : i64,
      max_gram_length = 2 : i64, max_skip_count = 0 : i64, mode = "TF"}
    : (tensor<12xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
