// Scores and sums of values in bytes: loops of dot instructions for 12, 4 and 1 rows (6, 2 and
// 1 with 256 bits), and nothing of them on the stack.
//
// RUN: qopt-lower %s --isa=avx512vnni -o %t.512.so
// RUN: %python %S/Inputs/hot_loops.py %t.512.so "vpdpbusd.*zmm,6,0.9" | FileCheck %s
// RUN: qopt-lower %s --isa=avxvnni -o %t.256.so
// RUN: %python %S/Inputs/hot_loops.py %t.256.so "\{vex\} vpdpbusd.*ymm,6,0.9" | FileCheck %s
// CHECK: vpdpbusd{{.*}} 0 spills
// There is no exact product of bytes here: floats.
// RUN: qopt-lower %s --isa=avx2 -o %t.avx2.so
// RUN: not %python %S/Inputs/hot_loops.py %t.avx2.so "vpmaddubsw"

module attributes {onnx.source_sha256 = "00"} {
  func.func @main(%x: tensor<?x?x2x32xf32> {onnx.name = "x", onnx.dims = ["batch", "tokens", 2, 32]}) -> (tensor<?x?x2x32xf32> {onnx.name = "y"}) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %batch = tensor.dim %x, %zero : tensor<?x?x2x32xf32>
    %tokens = tensor.dim %x, %one : tensor<?x?x2x32xf32>
    %empty = tensor.empty(%batch, %tokens) : tensor<?x?x2x32xf32>
    %y = qopt.attention ins(%x, %x, %x : tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>)
      outs(%empty : tensor<?x?x2x32xf32>) scale 0.25 tokens_first [true, true, true, true] {qopt.attention_products = "int8"}
      -> tensor<?x?x2x32xf32>
    return %y : tensor<?x?x2x32xf32>
  }
}
