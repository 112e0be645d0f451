// RUN: qopt-opt %s -split-input-file -verify-diagnostics -convert-qopt-to-linalg

func.func @dynamic(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+2 {{linalg has no form for outlier columns that are found at run time; calibrate, and plan mode=static}}
  // expected-error @+1 {{failed to legalize operation}}
  %b, %t, %c = qopt.outlier_split %x mode <dynamic> threshold 6.0 : tensor<?x4xf32> -> tensor<?x4xf32>, tensor<?x?xf32>, tensor<?xi32>
  return %b : tensor<?x4xf32>
}
