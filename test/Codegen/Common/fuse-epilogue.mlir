// RUN: qopt-opt %s --qopt-fuse-epilogue --split-input-file | FileCheck %s

// A bias per column and a residual per element, at the place of the last one.
// CHECK-LABEL: func.func @bias_residual
// CHECK-NOT: linalg.generic
// CHECK: %[[Y:.*]] = qopt.matmul ins(%arg0, %arg1 : tensor<?x8xf32>, tensor<8x4xf32>) with(%arg2, %arg3 : tensor<4xf32>, tensor<?x4xf32>)
// CHECK: ^bb0(%[[P:.*]]: f32, %[[B:.*]]: f32, %[[R:.*]]: f32):
// CHECK: %[[S:.*]] = arith.addf %[[P]], %[[B]]
// CHECK: %[[T:.*]] = arith.addf %[[S]], %[[R]]
// CHECK: qopt.yield %[[T]]
// CHECK: return %[[Y]]
#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
func.func @bias_residual(%x: tensor<?x8xf32>, %w: tensor<8x4xf32>, %b: tensor<4xf32>, %r: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %p = qopt.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x4xf32>) outs(%e : tensor<?x4xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x4xf32>
  %s = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<?x4xf32>, tensor<4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %0 = arith.addf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s, %r : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %0 = arith.addf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// The product has a second reader: it has to reach memory.
// CHECK-LABEL: func.func @two_readers
// CHECK: qopt.matmul
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @two_readers(%x: tensor<?x8xf32>, %w: tensor<8x4xf32>, %e: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %p = qopt.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x4xf32>) outs(%e : tensor<?x4xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.tanh %a : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  return %p, %y : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// One factor per row is neither an element nor a column.
// CHECK-LABEL: func.func @per_row
// CHECK: qopt.matmul
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @per_row(%x: tensor<?x8xf32>, %w: tensor<8x4xf32>, %f: tensor<?xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %p = qopt.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x4xf32>) outs(%e : tensor<?x4xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %f : tensor<?x4xf32>, tensor<?xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %0 = arith.mulf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
