// A module of the onnx dialect in place of a model; what an importer would have made
// sure of is checked.
// REQUIRES: tool-qopt
//
// RUN: rm -rf %t && split-file %s %t
// RUN: qopt %t/good.mlir -q -o %t/good.so && qopt-info %t/good.so | FileCheck --check-prefix=GOOD %s
// RUN: qopt %t/good.mlir -q --emit=onnx -o %t/again.mlir && qopt %t/again.mlir -q -o %t/again.so
// RUN: %exit 1 qopt %t/unnamed.mlir -o %t/x.so | FileCheck --check-prefix=UNNAMED %s
// RUN: %exit 1 qopt %t/twice.mlir -o %t/x.so | FileCheck --check-prefix=TWICE %s
// RUN: %exit 1 qopt %t/foreign.mlir -o %t/x.so | FileCheck --check-prefix=FOREIGN %s
// RUN: %exit 1 qopt %t/blob.mlir -o %t/x.so | FileCheck --check-prefix=BLOB %s
// RUN: %exit 1 qopt %t/lost.mlir -o %t/x.so | FileCheck --check-prefix=LOST %s
// RUN: %exit 1 qopt %t/types.mlir -o %t/x.so | FileCheck --check-prefix=TYPES %s
// RUN: %exit 1 qopt %t/empty.mlir -o %t/x.so | FileCheck --check-prefix=EMPTY %s
// RUN: %exit 2 qopt %t/good.mlir --dim n=3 -o %t/x.so | FileCheck --check-prefix=DIM %s
//
// GOOD: 'x' float32[n, 2]
// UNNAMED: error: {{.*}}unnamed.mlir: input 0 has to be a tensor with a name of its own
// TWICE: error: {{.*}}twice.mlir: input 1 has to be a tensor with a name of its own
// FOREIGN: error: {{.*}}foreign.mlir: operation arith.addf is none of the onnx dialect
// BLOB: error: {{.*}}blob.mlir: resource 'w' has 8 bytes, which is not what its type needs
// LOST: error: {{.*}}lost.mlir: resource 'w' has no bytes in this file
// TYPES: error: {{.*}}types.mlir: line 2: {{.*}}onnx.And
// EMPTY: error: {{.*}}empty.mlir: no function @main of one block
// DIM: error: {{.*}}good.mlir: --shape and --dim need an ONNX file

//--- good.mlir
func.func @main(%x: tensor<?x2xf32> {onnx.name = "x", onnx.dims = ["n", 2]})
    -> (tensor<?x2xf32> {onnx.name = "y", onnx.dims = ["n", 2]}) {
  %w = onnx.Constant {value = dense_resource<w> : tensor<2xf32>} : tensor<2xf32>
  %y = onnx.Add %x, %w : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
{-# dialect_resources: { builtin: { w: "0x040000000000803F00000040" } } #-}
//--- unnamed.mlir
func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32> {onnx.name = "y"}) {
  return %x : tensor<2xf32>
}
//--- twice.mlir
func.func @main(%x: tensor<2xf32> {onnx.name = "x"}, %z: tensor<2xf32> {onnx.name = "x"})
    -> (tensor<2xf32> {onnx.name = "y"}) {
  return %x : tensor<2xf32>
}
//--- foreign.mlir
func.func @main(%x: tensor<2xf32> {onnx.name = "x"}) -> (tensor<2xf32> {onnx.name = "y"}) {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
//--- blob.mlir
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %w = onnx.Constant {value = dense_resource<w> : tensor<4xf32>} : tensor<4xf32>
  %y = onnx.Add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
{-# dialect_resources: { builtin: { w: "0x040000000000803F00000040" } } #-}
//--- lost.mlir
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %w = onnx.Constant {value = dense_resource<w> : tensor<4xf32>} : tensor<4xf32>
  %y = onnx.Add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- types.mlir
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %y = onnx.And %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- empty.mlir
module {}
