// RUN: qopt-opt %s --allow-unregistered-dialect --qopt-place-weights=file=%t | FileCheck %s
// RUN: od -A d -t x1 -v %t | FileCheck %s --check-prefix=BYTES
// RUN: not qopt-opt %s --allow-unregistered-dialect --qopt-place-weights=file=%t/no/such/folder 2>&1 | FileCheck %s --check-prefix=REFUSED

// Equal contents share their place; each starts at a multiple of 64.
// CHECK: qopt.weight dense<0> : tensor<4xi8> at 0
// CHECK: qopt.weight dense<0.000000e+00> : tensor<2xf32> at 64
// CHECK: qopt.weight dense<0> : tensor<2x2xi8> at 0
// CHECK: qopt.weight dense<false> : tensor<3xi1> at 128
// BYTES: 0000000 01 02 03 04 00
// BYTES: 0000064 00 00 80 3f 00 00 80 3f
// BYTES: 0000128 01 00 01
// REFUSED: error: weights file: {{.*}}
func.func @main() {
  %a = qopt.weight dense<[1, 2, 3, 4]> : tensor<4xi8> : memref<4xi8>
  %b = qopt.weight dense<1.0> : tensor<2xf32> : memref<2xf32>
  %c = qopt.weight dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> : memref<2x2xi8>
  %d = qopt.weight dense<[true, false, true]> : tensor<3xi1> : memref<3xi1>
  "test.use"(%a, %b, %c, %d) : (memref<4xi8>, memref<2xf32>, memref<2x2xi8>, memref<3xi1>) -> ()
  return
}
