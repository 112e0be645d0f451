// The way of --kv=inplace from the graph to buffers, on grouped-query attention
// whose keys are repeated, transposed and scaled as exporters write it.
// RUN: qopt-opt %s --onnx-infer-shapes --qopt-inplace-caches --convert-onnx-to-linalg --qopt-buffers | FileCheck %s
// RUN: qopt-opt %s --onnx-infer-shapes --qopt-inplace-caches --convert-onnx-to-linalg --qopt-buffers --qopt-variant=isa=avx2 | FileCheck %s --check-prefix=LLVM

// CHECK-DAG: #[[SPLIT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d5)>
// CHECK-DAG: #[[KEYS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d4, d5)>
// CHECK-DAG: #[[VALUES:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d5, d4)>

// Past and present are one argument; the length is another.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[Q:arg0]]: memref<?x4x?x16xf32>
// CHECK-SAME: %[[K:arg1]]: memref<?x2x?x16xf32>
// CHECK-SAME: %[[V:arg2]]: memref<?x2x?x16xf32>
// CHECK-SAME: %[[MASK:arg3]]: memref<?x?xf32>
// CHECK-SAME: %[[PK:arg4]]: memref<?x2x?x16xf32> {onnx.dims = ["batch", 2, "max_length", 16], onnx.name = "past_key_values.0.key", qopt.cache = 2 : i64}
// CHECK-SAME: %[[PV:arg5]]: memref<?x2x?x16xf32> {onnx.dims = ["batch", 2, "max_length", 16], onnx.name = "past_key_values.0.value", qopt.cache = 2 : i64}
// CHECK-SAME: %[[LENGTH:arg6]]: memref<1xi64> {onnx.dims = [1], onnx.name = "past_length", qopt.cache_length}

// All checks come before the first write.
// CHECK: %[[I64:.*]] = memref.load %[[LENGTH]]
// CHECK: %[[PAST:.*]] = arith.index_cast %[[I64]]
// CHECK: %[[SEQ:.*]] = memref.dim %[[Q]], %c2
// CHECK: %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]]
// CHECK: qopt.require %{{.*}} the length of the caches is {0}
// CHECK: %[[ROOM:.*]] = arith.subi %{{.*}}, %[[PAST]]
// CHECK: arith.cmpi sle, %[[SEQ]], %[[ROOM]]
// CHECK: qopt.require %{{.*}} new rows do not fit
// CHECK: qopt.require %{{.*}} new rows do not fit
// CHECK: qopt.require %{{.*}} "input 'mask': dim 1 is {0}, expected {1} by the length of the caches"

// Only new rows are written, behind the filled ones.
// CHECK-NOT: memref.alloc
// CHECK: %[[NEWK:.*]] = memref.subview %[[PK]][0, 0, %[[PAST]], 0] [%{{.*}}, 2, %[[SEQ]], 16]
// CHECK-NEXT: memref.copy %[[K]], %[[NEWK]]
// CHECK-NEXT: %[[ALLK:.*]] = memref.subview %[[PK]][0, 0, 0, 0] [%{{.*}}, 2, %[[TOTAL]], 16]
// CHECK-NEXT: %[[NEWV:.*]] = memref.subview %[[PV]][0, 0, %[[PAST]], 0] [%{{.*}}, 2, %[[SEQ]], 16]
// CHECK-NEXT: memref.copy %[[V]], %[[NEWV]]
// CHECK-NEXT: %[[ALLV:.*]] = memref.subview %[[PV]][0, 0, 0, 0] [%{{.*}}, 2, %[[TOTAL]], 16]

// The factor goes to the queries, the transpose and the repetition into the
// maps: nothing of a cache is read but by the two products, and no buffer of
// its size is made.
// CHECK-NOT: %[[PK]]
// CHECK-NOT: %[[PV]]
// CHECK: %[[SCALED:.*]] = memref.alloc(%{{.*}}, %[[SEQ]])
// CHECK-NOT: %[[ALLK]]
// CHECK: %[[Q5:.*]] = memref.expand_shape %[[SCALED]]
// CHECK: linalg.generic {indexing_maps = [#[[SPLIT]], #[[KEYS]],
// CHECK-SAME: ins(%[[Q5]], %[[ALLK]] :
// CHECK-SAME: strided<[?, ?, 16, 1]>>
// CHECK-NOT: %[[ALLK]]
// CHECK-NOT: %[[ALLV]]
// CHECK: linalg.generic {indexing_maps = [#[[SPLIT]], #[[VALUES]],
// CHECK-SAME: ins(%{{.*}}, %[[ALLV]] :
// CHECK-NOT: %[[ALLK]]
// CHECK-NOT: %[[ALLV]]
// CHECK-NOT: %[[PK]]
// CHECK-NOT: %[[PV]]

// One output is left.
// CHECK: qopt.output 0
// CHECK-NOT: qopt.output
// CHECK: return{{$}}

// The products are kernels: no loop nest remains that reads a cache by element.
// LLVM-COUNT-2: llvm.func internal @contraction_

func.func @main(
    %q: tensor<?x4x?x16xf32> {onnx.name = "q", onnx.dims = ["batch", 4, "seq", 16]},
    %k: tensor<?x2x?x16xf32> {onnx.name = "k", onnx.dims = ["batch", 2, "seq", 16]},
    %v: tensor<?x2x?x16xf32> {onnx.name = "v", onnx.dims = ["batch", 2, "seq", 16]},
    %mask: tensor<?x?xf32> {onnx.name = "mask", onnx.dims = ["batch", "past + seq"]},
    %pk: tensor<?x2x?x16xf32> {onnx.name = "past_key_values.0.key", onnx.dims = ["batch", 2, "past", 16]},
    %pv: tensor<?x2x?x16xf32> {onnx.name = "past_key_values.0.value", onnx.dims = ["batch", 2, "past", 16]})
    -> (tensor<?x4x?x16xf32> {onnx.name = "y"},
        tensor<?x2x?x16xf32> {onnx.name = "present.0.key", onnx.dims = ["batch", 2, "past + seq", 16]},
        tensor<?x2x?x16xf32> {onnx.name = "present.0.value", onnx.dims = ["batch", 2, "past + seq", 16]}) {
  %keys = onnx.Concat %pk, %k {axis = 2 : i64} : (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x2x?x16xf32>
  %values = onnx.Concat %pv, %v {axis = -2 : i64} : (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x2x?x16xf32>
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %repeat = onnx.Constant {value = dense<[1, 1, 2, 1, 1]> : tensor<5xi64>} : tensor<5xi64>
  %heads = onnx.Constant {value = dense<[0, 4, -1, 16]> : tensor<4xi64>} : tensor<4xi64>
  %k5 = onnx.Unsqueeze %keys, %two : (tensor<?x2x?x16xf32>, tensor<1xi64>) -> tensor<?x2x1x?x16xf32>
  %kr = onnx.Expand %k5, %repeat : (tensor<?x2x1x?x16xf32>, tensor<5xi64>) -> tensor<?x2x2x?x16xf32>
  %k4 = onnx.Reshape %kr, %heads : (tensor<?x2x2x?x16xf32>, tensor<4xi64>) -> tensor<?x4x?x16xf32>
  %v5 = onnx.Unsqueeze %values, %two : (tensor<?x2x?x16xf32>, tensor<1xi64>) -> tensor<?x2x1x?x16xf32>
  %vr = onnx.Expand %v5, %repeat : (tensor<?x2x1x?x16xf32>, tensor<5xi64>) -> tensor<?x2x2x?x16xf32>
  %v4 = onnx.Reshape %vr, %heads : (tensor<?x2x2x?x16xf32>, tensor<4xi64>) -> tensor<?x4x?x16xf32>
  %kt = onnx.Transpose %k4 {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x4x?x16xf32>) -> tensor<?x4x16x?xf32>
  %scale = onnx.Constant {value = dense<5.000000e-01> : tensor<f32>} : tensor<f32>
  %ks = onnx.Mul %kt, %scale : (tensor<?x4x16x?xf32>, tensor<f32>) -> tensor<?x4x16x?xf32>
  %scores = onnx.MatMul %q, %ks : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<?x4x?x?xf32>
  %axes = onnx.Constant {value = dense<[1, 2]> : tensor<2xi64>} : tensor<2xi64>
  %m4 = onnx.Unsqueeze %mask, %axes : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x1x1x?xf32>
  %masked = onnx.Add %scores, %m4 : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  %p = onnx.Softmax %masked {axis = -1 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = onnx.MatMul %p, %v4 : (tensor<?x4x?x?xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
  return %y, %keys, %values : tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>
}
