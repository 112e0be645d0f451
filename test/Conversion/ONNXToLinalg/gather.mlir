// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s
// RUN: qopt-opt %s --convert-onnx-to-linalg=unsafe-indices --split-input-file | FileCheck %s --check-prefix=UNSAFE

// One reduction checks all indices; the loop that reads does not.
// CHECK-LABEL: func.func @table
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]
// CHECK: arith.minsi
// CHECK: arith.maxsi
// CHECK: qopt.require %{{.*}}, "embed: index {0} is outside [-{1}, {1})"
// CHECK: linalg.generic
// CHECK: %[[ROW:.*]] = arith.select
// CHECK: tensor.extract %arg0[%[[ROW]], %{{.*}}]
// UNSAFE-LABEL: func.func @table
// UNSAFE-NOT: qopt.require
// UNSAFE: tensor.extract %arg0
func.func @table(%t: tensor<512x8xf32>, %i: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %0 = onnx.Gather %t, %i {axis = 0 : i64} : (tensor<512x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32> loc("embed")
  return %0 : tensor<?x?x8xf32>
}

// -----

// Only the rows that are wanted are widened.
// CHECK-LABEL: func.func @half_table
// CHECK: %[[T:.*]] = qopt.weight {{.*}} : tensor<100x8xf16>
// CHECK: %[[H:.*]] = tensor.extract %[[T]]
// CHECK: arith.extf %[[H]] : f16 to f32
// CHECK-NOT: arith.extf
func.func @half_table(%i: tensor<?xi64>) -> tensor<?x8xf32> {
  %t = onnx.Constant {value = dense_resource<table> : tensor<100x8xf16>} : tensor<100x8xf16>
  %w = onnx.Cast %t {to = f32} : (tensor<100x8xf16>) -> tensor<100x8xf32>
  %0 = onnx.Gather %w, %i {axis = 0 : i64} : (tensor<100x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// One known index is a slice; -1 is the last.
// CHECK-LABEL: func.func @last
// CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %c1
// CHECK: tensor.extract_slice %arg0[0, %[[LAST]], 0] [%{{.*}}, 1, 8] [1, 1, 1]
func.func @last(%x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %i = onnx.Constant {value = dense<-1> : tensor<i64>} : tensor<i64>
  %0 = onnx.Gather %x, %i {axis = 1 : i64} : (tensor<?x?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// Tuples are checked entry by entry.
// CHECK-LABEL: func.func @tuples
// CHECK-COUNT-2: qopt.require %{{.*}}, "nd: index {0} is outside [-{1}, {1})"
// CHECK: tensor.extract %arg0
func.func @tuples(%x: tensor<4x8xf32>, %i: tensor<?x2xi64>) -> tensor<?xf32> {
  %0 = onnx.GatherND %x, %i : (tensor<4x8xf32>, tensor<?x2xi64>) -> tensor<?xf32> loc("nd")
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @elements
// CHECK: qopt.require %{{.*}}, "ge: {0} indices for a dim of {1}"
// CHECK: tensor.extract %arg0
func.func @elements(%x: tensor<?x8xf32> {onnx.dims = ["n", 8]}, %i: tensor<?x3xi64> {onnx.dims = ["m", 3]}) -> tensor<?x3xf32> {
  %0 = onnx.GatherElements %x, %i {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x3xi64>) -> tensor<?x3xf32> loc("ge")
  return %0 : tensor<?x3xf32>
}

// -----

// Updates are written one by one into a copy.
// CHECK-LABEL: func.func @scatter
// CHECK: %[[COPY:.*]] = linalg.generic
// CHECK: scf.for {{.*}} iter_args(%[[T:.*]] = %{{.*}}) -> (tensor<16x8xf32>)
// CHECK: tensor.extract_slice %arg2
// CHECK: tensor.insert_slice %{{.*}} into %[[T]]
func.func @scatter(%x: tensor<16x8xf32>, %i: tensor<?x1xi64> {onnx.dims = ["n", 1]}, %u: tensor<?x8xf32> {onnx.dims = ["n", 8]}) -> tensor<16x8xf32> {
  %0 = onnx.ScatterND %x, %i, %u : (tensor<16x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<16x8xf32>
  return %0 : tensor<16x8xf32>
}

// -----

// CHECK-LABEL: func.func @scatter_add
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: tensor.insert
func.func @scatter_add(%x: tensor<4x8xf32>, %i: tensor<2x8xi64>, %u: tensor<2x8xf32>) -> tensor<4x8xf32> {
  %0 = onnx.ScatterElements %x, %i, %u {axis = 0 : i64, reduction = "add"} : (tensor<4x8xf32>, tensor<2x8xi64>, tensor<2x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

{-#
  dialect_resources: {
    builtin: { table: "0x02000000" }
  }
#-}
