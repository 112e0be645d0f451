// RUN: qopt-opt %s --split-input-file --qopt-pack-weights | FileCheck %s
// RUN: qopt-opt %s --split-input-file --qopt-pack-weights=depth=8 | FileCheck %s --check-prefix=EIGHT
// RUN: not qopt-opt %s --split-input-file --qopt-pack-weights=depth=5 2>&1 | FileCheck %s --check-prefix=DEPTH

// AArch64 has eight codes of a column side by side.
// EIGHT: codes_packed: "0x400000000104070A0D0000000205080B0E0000000306090C0F000000{{(00)+}}"
// DEPTH: error: packed weights have a depth of 4 or 8, not 5

// Byte of (k, n): k%4 within n%16 within (k%64)/4, rows and columns filled up with
// zeros. One packed blob for both users, with the sums of its columns; the
// row-major blob is gone.
// CHECK-LABEL: func.func @codes
// CHECK-DAG: %[[W:.*]] = qopt.weight dense_resource<codes_packed> : tensor<1x1x2x16x64xi8> : tensor<1x1x2x16x64xi8>
// CHECK-DAG: %[[SUMS:.*]] = qopt.weight dense_resource<codes_packed_sums> : tensor<32xi32> : tensor<32xi32>
// CHECK: qopt.matmul ins(%{{.*}}, %[[W]] : tensor<?x64xi8>, tensor<1x1x2x16x64xi8>)
// CHECK-SAME: sums(%[[SUMS]] : tensor<32xi32>)
// CHECK: qopt.matmul ins(%{{.*}} : tensor<?x64xi8>, tensor<1x1x2x16x64xi8>)
// CHECK: dialect_resources
// CHECK-NOT: codes:
// CHECK-DAG: codes_packed: "0x400000000104070A0205080B0306090C{{(00)+}}0D0000000E0000000F000000{{(00)+}}"
// CHECK-DAG: codes_packed_sums: "0x4000000023000000280000002D000000{{(00)+}}"
func.func @codes(%x: tensor<?x64xi8>, %s: tensor<?xf32>, %ws: tensor<3xf32>, %y: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %w = qopt.weight dense_resource<codes> : tensor<5x3xi8> : tensor<5x3xi8>
  %0 = qopt.matmul ins(%x, %w : tensor<?x64xi8>, tensor<5x3xi8>) row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<3xf32>)
    outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  %1 = qopt.matmul ins(%x, %w : tensor<?x64xi8>, tensor<5x3xi8>) row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<3xf32>)
    outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}
{-# dialect_resources: { builtin: { codes: "0x400000000102030405060708090A0B0C0D0E0F" } } #-}

// -----

// Of bf16 on both sides: (k, n) is k%2 within n%16 within (k%32)/2, the same bytes as
// those of codes.
// CHECK-LABEL: func.func @pairs
// CHECK: qopt.weight dense_resource<pairs_pairs> : tensor<1x1x2x16x32xbf16>
// CHECK: pairs_pairs: "0x40000000803F0040{{(00)+}}40408040{{(00)+}}A040C040{{(00)+}}
func.func @pairs(%x: tensor<?x32xbf16>, %y: tensor<?x1xf32>) -> tensor<?x1xf32> {
  %w = qopt.weight dense_resource<pairs> : tensor<32x1xbf16> : tensor<32x1xbf16>
  %0 = qopt.matmul ins(%x, %w : tensor<?x32xbf16>, tensor<32x1xbf16>) outs(%y : tensor<?x1xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}
{-# dialect_resources: { builtin: {
  pairs: "0x40000000803F004040408040A040C040E040004110412041304140415041604170418041884190419841A041A841B041B841C041C841D041D841E041E841F041F8410042" } } #-}

// -----

// Floats keep their rows; a weight that others read too stays as it is. A tail whose
// columns are known is split into bfloat16, its high parts twice; one that is found in each
// call is widened to a whole panel.
// CHECK-LABEL: func.func @floats
// CHECK-DAG: %[[W:.*]] = qopt.weight dense_resource<floats> : tensor<2x3xf32> : tensor<2x3xf32>
// CHECK-DAG: %[[P:.*]] = qopt.weight dense_resource<floats_packed> : tensor<1x2x32xf32> : tensor<1x2x32xf32>
// CHECK-DAG: %[[T:.*]] = qopt.weight dense_resource<tail_parts> : tensor<1x1x2x16x32xbf16> : tensor<1x1x2x16x32xbf16>
// CHECK-DAG: %[[F:.*]] = qopt.weight dense_resource<found_wide> : tensor<2x32xf16> : tensor<2x32xf16>
// CHECK-DAG: qopt.matmul ins(%{{.*}}, %[[P]] : tensor<?x2xf32>, tensor<1x2x32xf32>)
// CHECK-DAG: tail_rows(%[[T]] :
// CHECK-DAG: tail_rows(%[[F]] :
// CHECK: return %{{.*}}, %{{.*}}, %[[W]]
// CHECK-DAG: floats: "0x
// CHECK-DAG: floats_packed: "0x400000000000803F0000004000004040{{(00)+}}0000804000
// CHECK-DAG: tail_parts: "0x40000000803F803F0040004040404040{{(0000)+}}803A{{(0000)+}}"
// CHECK-DAG: found_wide: "0x40000000013C00400042{{(00)+}}003C003C003C{{(00)+}}"
func.func @floats(%x: tensor<?x2xf32>, %t: tensor<?x1xf32>, %f: tensor<?x?xf32>, %c: tensor<2xi32>, %y: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<2x3xf32>) {
  %w = qopt.weight dense_resource<floats> : tensor<2x3xf32> : tensor<2x3xf32>
  %tw = qopt.weight dense_resource<tail> : tensor<1x3xf16> : tensor<1x3xf16>
  %0 = qopt.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) tail(%t : tensor<?x1xf32>) tail_rows(%tw : tensor<1x3xf16>)
    outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  %fw = qopt.weight dense_resource<found> : tensor<2x3xf16> : tensor<2x3xf16>
  %1 = qopt.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) tail(%f : tensor<?x?xf32>) tail_rows(%fw : tensor<2x3xf16>)
    columns(%c : tensor<2xi32>) outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  return %0, %1, %w : tensor<?x3xf32>, tensor<?x3xf32>, tensor<2x3xf32>
}
{-# dialect_resources: { builtin: {
  floats: "0x400000000000803F000000400000404000008040000000000000A040",
  tail: "0x40000000013C00400042",
  found: "0x40000000013C00400042003C003C003C" } } #-}

// -----

// What is no constant, or packed already, is left alone.
// CHECK-LABEL: func.func @others
// CHECK: qopt.matmul ins(%{{.*}} : tensor<?x2xf32>, tensor<2x3xf32>)
func.func @others(%x: tensor<?x2xf32>, %w: tensor<2x3xf32>, %y: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %0 = qopt.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// Groups have sums of their own, the last one is short. The codes of a weight-only
// product keep their rows, as floats do.
// CHECK-LABEL: func.func @groups
// CHECK-DAG: %[[W:.*]] = qopt.weight dense_resource<codes_packed_g4> : tensor<1x1x2x16x64xi8>
// CHECK-DAG: %[[SUMS:.*]] = qopt.weight dense_resource<codes_packed_g4_sums> : tensor<2x32xi32>
// CHECK-DAG: %[[P:.*]] = qopt.weight dense_resource<codes_panels> : tensor<1x5x32xi8>
// CHECK-DAG: sums(%[[SUMS]] : tensor<2x32xi32>)
// CHECK-DAG: qopt.matmul ins(%{{.*}}, %[[P]] : tensor<?x5xf32>, tensor<1x5x32xi8>) group 4
// CHECK-DAG: codes_packed_g4_sums: "0x40000000160000001A0000001E000000{{(00)+}}0D0000000E0000000F
// CHECK-DAG: codes_panels: "0x40000000010203{{(00)+}}040506
func.func @groups(%q: tensor<?x64xi8>, %x: tensor<?x5xf32>, %s: tensor<?xf32>, %ws: tensor<2x3xf32>, %y: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %w = qopt.weight dense_resource<codes> : tensor<5x3xi8> : tensor<5x3xi8>
  %0 = qopt.matmul ins(%q, %w : tensor<?x64xi8>, tensor<5x3xi8>) group 4 row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<2x3xf32>)
    outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  %1 = qopt.matmul ins(%x, %w : tensor<?x5xf32>, tensor<5x3xi8>) group 4 column_scales(%ws : tensor<2x3xf32>)
    outs(%y : tensor<?x3xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}
{-# dialect_resources: { builtin: { codes: "0x400000000102030405060708090A0B0C0D0E0F" } } #-}
