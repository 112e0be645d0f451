// RUN: qopt-opt %s -split-input-file -verify-diagnostics -convert-quant-to-qopt | FileCheck %s
// RUN: qopt-opt %s -split-input-file -verify-diagnostics -convert-quant-to-qopt -convert-qopt-to-quant | FileCheck %s --check-prefix=BACK

!symmetric = !quant.uniform<i8<-127:127>:f32, 0.5>
!channels = !quant.uniform<i8<-127:127>:f32:1, {0.5, 0.25, 2.0}>
!unsigned = !quant.uniform<u8:f32, 0.5:128>

// CHECK-LABEL: @both
// CHECK-DAG: %[[S:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK: %[[Q:.*]] = qopt.quantize %arg0, %[[S]] granularity <tensor> : tensor<?x3xf32>, tensor<f32> -> tensor<?x3xi8>
// CHECK: qopt.dequantize %[[Q]], %{{.*}} granularity <tensor>
// CHECK-NOT: quant.scast
// BACK-LABEL: @both
// BACK: %[[Q:.*]] = quant.qcast %arg0 : tensor<?x3xf32> to tensor<?x3x!quant.uniform<i8<-127:127>:f32, 5.000000e-01>>
// BACK: quant.dcast %[[Q]]
// BACK-NOT: qopt.
func.func @both(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %q = quant.qcast %x : tensor<?x3xf32> to tensor<?x3x!symmetric>
  %y = quant.dcast %q : tensor<?x3x!symmetric> to tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// CHECK-LABEL: @channels
// CHECK: %[[S:.*]] = arith.constant dense<[5.000000e-01, 2.500000e-01, 2.000000e+00]> : tensor<3xf32>
// CHECK: qopt.quantize %arg0, %[[S]] granularity <channel>
// BACK-LABEL: @channels
// BACK: quant.qcast {{.*}} to tensor<?x3x!quant.uniform<i8<-127:127>:f32:1, {5.000000e-01,2.500000e-01,2.000000e+00}>>
// BACK: quant.scast
func.func @channels(%x: tensor<?x3xf32>) -> tensor<?x3xi8> {
  %q = quant.qcast %x : tensor<?x3xf32> to tensor<?x3x!channels>
  %c = quant.scast %q : tensor<?x3x!channels> to tensor<?x3xi8>
  return %c : tensor<?x3xi8>
}

// CHECK-LABEL: @unsigned
// CHECK-DAG: %[[Z:.*]] = arith.constant dense<128> : tensor<i32>
// CHECK: %[[Q:.*]] = qopt.quantize %arg0, %{{.*}} zero_point(%[[Z]] : tensor<i32>) granularity <tensor> : tensor<?x3xf32>, tensor<f32> -> tensor<?x3xui8>
// CHECK: tensor.bitcast %[[Q]]
// BACK-LABEL: @unsigned
// BACK: quant.qcast {{.*}} to tensor<?x3x!quant.uniform<u8:f32, 5.000000e-01:128>>
func.func @unsigned(%x: tensor<?x3xf32>) -> tensor<?x3xi8> {
  %q = quant.qcast %x : tensor<?x3xf32> to tensor<?x3x!unsigned>
  %c = quant.scast %q : tensor<?x3x!unsigned> to tensor<?x3xi8>
  return %c : tensor<?x3xi8>
}

// A scale that is found at run time has no type.
// BACK-LABEL: @stays
// BACK: qopt.quantize %arg0, %arg1
func.func @stays(%x: tensor<?x3xf32>, %s: tensor<f32>) -> tensor<?x3xi8> {
  %q = qopt.quantize %x, %s granularity <tensor> : tensor<?x3xf32>, tensor<f32> -> tensor<?x3xi8>
  return %q : tensor<?x3xi8>
}

// -----

!wide = !quant.uniform<i8:f32, 0.5>
func.func @wide(%x: tensor<?x3xf32>) -> tensor<?x3x!wide> {
  // expected-error @+1 {{has no equal: symmetric codes are i8<-127:127>}}
  %q = quant.qcast %x : tensor<?x3xf32> to tensor<?x3x!wide>
  return %q : tensor<?x3x!wide>
}

// -----

!shifted = !quant.uniform<u8:f32, 0.5:7>
func.func @shifted(%q: tensor<?x3x!shifted>) -> tensor<?x3xf32> {
  // expected-error @+1 {{has no equal: unsigned codes are u8 with one scale, and only of qcast}}
  %y = quant.dcast %q : tensor<?x3x!shifted> to tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

!rows = !quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>
func.func @rows(%x: tensor<2x3xf32>) -> tensor<2x3x!rows> {
  // expected-error @+1 {{has no equal: scales per channel are those of the last axis}}
  %q = quant.qcast %x : tensor<2x3xf32> to tensor<2x3x!rows>
  return %q : tensor<2x3x!rows>
}
