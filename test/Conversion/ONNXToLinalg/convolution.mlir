// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// Taps of tiles of windows, then one product: g, m, k times n, tile, g, k, p.
// CHECK-DAG: #[[$W:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d2, d5)>
// CHECK-DAG: #[[$T:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1, d5, d4)>
// CHECK-LABEL: func.func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<?x8x16x16xf32>, %[[K:.*]]: tensor<4x8x3x3xf32>
// CHECK: tensor.insert_slice %{{.*}} tensor<?x8x16x16xf32> into tensor<?x8x18x18xf32>
// CHECK: tensor.empty(%{{.*}}) : tensor<?x1x8x3x3x16x16xf32>
// CHECK: tensor.extract
// CHECK: tensor.collapse_shape {{.*}} into tensor<?x1x72x256xf32>
// CHECK: tensor.collapse_shape %[[K]] {{.*}} into tensor<4x72xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$W]], #[[$T]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]}
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: return %{{.*}} : tensor<?x4x16x16xf32>
func.func @conv(%x: tensor<?x8x16x16xf32>, %w: tensor<4x8x3x3xf32>) -> tensor<?x4x16x16xf32> {
  %none = onnx.NoValue
  %0 = onnx.Conv %x, %w, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<?x8x16x16xf32>, tensor<4x8x3x3xf32>, none) -> tensor<?x4x16x16xf32>
  return %0 : tensor<?x4x16x16xf32>
}

// -----

// A window of one element reads the operand in place.
// CHECK-LABEL: func.func @pointwise
// CHECK-NOT: tensor.insert_slice
// CHECK-NOT: tensor.extract
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3]]
// CHECK: linalg.generic {{.*}}"reduction"]
// CHECK: return
func.func @pointwise(%x: tensor<2x8x?x?xf32>, %w: tensor<4x8x1x1xf32>) -> tensor<2x4x?x?xf32> {
  %none = onnx.NoValue
  %0 = onnx.Conv %x, %w, %none : (tensor<2x8x?x?xf32>, tensor<4x8x1x1xf32>, none) -> tensor<2x4x?x?xf32>
  return %0 : tensor<2x4x?x?xf32>
}

// -----

// One channel per group: shifted rows, no copy of taps.
// CHECK-DAG: #[[$X:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3 * 2 + d4)>
// CHECK-LABEL: func.func @depthwise
// CHECK-NOT: tensor.extract
// CHECK: linalg.generic {indexing_maps = [#[[$X]], {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
// CHECK: return
func.func @depthwise(%x: tensor<2x8x9xf32>, %w: tensor<16x1x3xf32>) -> tensor<2x16x4xf32> {
  %none = onnx.NoValue
  %0 = onnx.Conv %x, %w, %none {group = 8 : i64, strides = array<i64: 2>} : (tensor<2x8x9xf32>, tensor<16x1x3xf32>, none) -> tensor<2x16x4xf32>
  return %0 : tensor<2x16x4xf32>
}

// -----

// Half types are summed in f32. What is not proved of the dims is required.
// CHECK-LABEL: func.func @half
// CHECK: qopt.require {{.*}}a dim of an operand is {0} in place of {1}
// CHECK: qopt.require {{.*}}channels are not in groups
// CHECK: qopt.require {{.*}}a dim of the result has {0} elements
// CHECK: arith.extf {{.*}} f16 to f32
// CHECK: arith.addf {{.*}} : f32
// CHECK: arith.truncf {{.*}} f32 to f16
func.func @half(%x: tensor<1x?x?xf16>, %w: tensor<?x2x3xf16>, %b: tensor<?xf16>) -> tensor<1x?x?xf16> {
  %0 = onnx.Conv %x, %w, %b {group = 2 : i64} : (tensor<1x?x?xf16>, tensor<?x2x3xf16>, tensor<?xf16>) -> tensor<1x?x?xf16>
  return %0 : tensor<1x?x?xf16>
}

// -----

// Padding is zero after the zero point is taken off.
// CHECK-LABEL: func.func @integer
// CHECK: arith.extui {{.*}} i8 to i32
// CHECK: arith.subi
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: linalg.fill ins(%[[ZERO]] : i32)
// CHECK: arith.muli
func.func @integer(%x: tensor<1x1x3x3xui8>, %w: tensor<1x1x2x2xui8>, %z: tensor<ui8>) -> tensor<1x1x4x4xi32> {
  %none = onnx.NoValue
  %0 = onnx.ConvInteger %x, %w, %z, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x3x3xui8>, tensor<1x1x2x2xui8>, tensor<ui8>, none) -> tensor<1x1x4x4xi32>
  return %0 : tensor<1x1x4x4xi32>
}

// -----

// CHECK-LABEL: func.func @qlinear
// CHECK: arith.sitofp {{.*}} i32 to f32
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: math.roundeven
// CHECK: arith.fptosi
func.func @qlinear(%x: tensor<1x1x3xui8>, %s: tensor<f32>, %z: tensor<ui8>, %w: tensor<2x1x1xi8>, %ws: tensor<2xf32>, %wz: tensor<2xi8>) -> tensor<1x2x3xui8> {
  %none = onnx.NoValue
  %0 = onnx.QLinearConv %x, %s, %z, %w, %ws, %wz, %s, %z, %none : (tensor<1x1x3xui8>, tensor<f32>, tensor<ui8>, tensor<2x1x1xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>, none) -> tensor<1x2x3xui8>
  return %0 : tensor<1x2x3xui8>
}

// -----

// A product, then each element gathers its share.
// CHECK-LABEL: func.func @transposed
// CHECK: linalg.generic {{.*}}"reduction"]
// CHECK: scf.for
// CHECK: scf.if
// CHECK: tensor.extract
func.func @transposed(%x: tensor<1x2x4xf32>, %w: tensor<2x3x3xf32>) -> tensor<1x3x9xf32> {
  %none = onnx.NoValue
  %0 = onnx.ConvTranspose %x, %w, %none {strides = array<i64: 2>} : (tensor<1x2x4xf32>, tensor<2x3x3xf32>, none) -> tensor<1x3x9xf32>
  return %0 : tensor<1x3x9xf32>
}

// -----

// The kernel is known from the attribute only.
// CHECK-LABEL: func.func @kernel_from_attribute
// CHECK: qopt.require %{{.*}}, "c: {{.*}}"
// CHECK: tensor.cast %{{.*}} : tensor<?x?x?x?xf32> to tensor<?x?x3x2xf32>
func.func @kernel_from_attribute(%x: tensor<?x?x?x?xf32>, %w: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %none = onnx.NoValue
  %y = onnx.ConvTranspose %x, %w, %none {kernel_shape = array<i64: 3, 2>}
    : (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, none) -> tensor<?x?x?x?xf32> loc("c")
  return %y : tensor<?x?x?x?xf32>
}
