// REQUIRES: tool-qopt, tool-kernel-benchmarks
//
// A library is timed for every instruction set and number of rows, beside its limits; a
// walk through copies is cold. What is no product of matrices is refused.
// RUN: rm -rf %t && mkdir -p %t
// RUN: qopt %s --isa=avx2 -q -o %t/product.so
// RUN: kernel-benchmarks %t/product.so --rows=1,3 --isa=avx2 --cold=%t/product.so --benchmark_min_time=0.001 --benchmark_format=csv 2>/dev/null | FileCheck %s
// RUN: kernel-benchmarks %t/product.so --rows=2 --benchmark_list_tests | FileCheck %s --check-prefix=BEST
// RUN: qopt %S/../Runtime/Inputs/encoder.mlir --isa=avx2 -q -o %t/encoder.so
// RUN: not kernel-benchmarks %t/encoder.so 2>&1 | FileCheck %s --check-prefix=PORTS
// RUN: not kernel-benchmarks %t/product.so --isa=amx 2>&1 | FileCheck %s --check-prefix=ISA
// RUN: not kernel-benchmarks %t/product.so --rows=0 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not kernel-benchmarks 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK: "bytes","calls","op","weights"
// CHECK-NEXT: "product/avx2/rows:1",{{[0-9]+}},{{[0-9.e+]+}},{{[0-9.e+]+}},ns,{{.*}},1,{{[0-9.e+]+}},1.04858e+06
// CHECK-NEXT: "product/avx2/rows:3",
// CHECK-NEXT: "product/avx2/rows:1/cold",
// CHECK-NEXT: "product/avx2/rows:3/cold",
// CHECK-NEXT: "read/plain/bytes:[[BYTES:[0-9]+]]",
// CHECK: "read/streams/bytes:{{[0-9]+}}",
// CHECK: "limit/avx2/int8",
// CHECK-NEXT: "limit/avx2/float",
// BEST: product/avx2/rows:2
// BEST-NOT: {{.}}
// PORTS: kernel-benchmarks: error: {{.*}}encoder.so: wants one input and one output, float32[rows, columns]
// ISA: kernel-benchmarks: error: {{.*}}amx
// ROWS: kernel-benchmarks: error: --rows: wants numbers from 1 on
// NONE: kernel-benchmarks: error: wants libraries
func.func @main(%x: tensor<?x512xf32> {onnx.name = "x", onnx.dims = ["n", 512]}) -> (tensor<?x512xf32> {onnx.name = "y"}) {
  %w = onnx.Constant {value = dense<2.0> : tensor<512x512xf32>} : tensor<512x512xf32>
  %y = onnx.MatMul %x, %w : (tensor<?x512xf32>, tensor<512x512xf32>) -> tensor<?x512xf32>
  return %y : tensor<?x512xf32>
}
