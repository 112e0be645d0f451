// RUN: qopt-opt %s -split-input-file -verify-diagnostics --onnx-infer-shapes=allow-unranked --onnx-decompose --onnx-infer-shapes=allow-unranked --cse | FileCheck %s

// One product for the inputs of all steps, one in the loop.
// CHECK-LABEL: @lstm
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x5xf32>
func.func @lstm(%x: tensor<?x?x5xf32>, %w: tensor<1x28x5xf32>, %r: tensor<1x28x7xf32>)
    -> (tensor<?x1x?x7xf32>, tensor<1x?x7xf32>, tensor<1x?x7xf32>) {
  %none = onnx.NoValue
  // CHECK: %[[INPUTS:.*]] = onnx.MatMul %[[X]], %{{.*}} -> tensor<?x?x28xf32>
  // CHECK: %[[LOOP:.*]]:3 = onnx.Loop
  // CHECK:   onnx.Gather %[[INPUTS]]
  // CHECK:   onnx.MatMul
  // CHECK:   onnx.Split
  // CHECK-COUNT-2: onnx.Sigmoid
  // CHECK:   onnx.Tanh
  // CHECK:   onnx.Yield
  // CHECK: onnx.Unsqueeze %[[LOOP]]#2, %{{.*}} -> tensor<?x1x?x7xf32>
  %y:3 = onnx.LSTM %x, %w, %r, %none, %none, %none, %none, %none {hidden_size = 7 : i64}
    : (tensor<?x?x5xf32>, tensor<1x28x5xf32>, tensor<1x28x7xf32>, none, none, none, none, none)
      -> (tensor<?x1x?x7xf32>, tensor<1x?x7xf32>, tensor<1x?x7xf32>)
  return %y#0, %y#1, %y#2 : tensor<?x1x?x7xf32>, tensor<1x?x7xf32>, tensor<1x?x7xf32>
}

// -----

// Two directions, the second on reversed sequences; beyond its end a sequence keeps its state.
// CHECK-LABEL: @sequences
func.func @sequences(%x: tensor<?x?x5xf32>, %w: tensor<2x7x5xf32>, %r: tensor<2x7x7xf32>, %n: tensor<?xi32>)
    -> (tensor<?x2x?x7xf32>, tensor<2x?x7xf32>) {
  %none = onnx.NoValue
  // CHECK: onnx.Loop
  // CHECK:   %[[RUNNING:.*]] = onnx.Less
  // CHECK:   onnx.Where
  // CHECK: onnx.ReverseSequence
  // CHECK: onnx.Loop
  // CHECK: onnx.ReverseSequence
  // CHECK: onnx.Concat {{.*}} -> tensor<?x2x?x7xf32>
  %y:2 = onnx.RNN %x, %w, %r, %none, %n, %none {direction = "bidirectional"}
    : (tensor<?x?x5xf32>, tensor<2x7x5xf32>, tensor<2x7x7xf32>, none, tensor<?xi32>, none)
      -> (tensor<?x2x?x7xf32>, tensor<2x?x7xf32>)
  return %y#0, %y#1 : tensor<?x2x?x7xf32>, tensor<2x?x7xf32>
}

// -----

func.func @activation(%x: tensor<?x?x5xf32>, %w: tensor<1x7x5xf32>, %r: tensor<1x7x7xf32>) -> tensor<1x?x7xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{has an unknown activation 'Swish'}}
  %y:2 = onnx.RNN %x, %w, %r, %none, %none, %none {activations = ["Swish"]}
    : (tensor<?x?x5xf32>, tensor<1x7x5xf32>, tensor<1x7x7xf32>, none, none, none)
      -> (tensor<?x1x?x7xf32>, tensor<1x?x7xf32>)
  return %y#1 : tensor<1x?x7xf32>
}

// -----

func.func @gates(%x: tensor<?x?x5xf32>, %w: tensor<1x7x5xf32>, %r: tensor<1x7x7xf32>) -> tensor<1x?x7xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{expected r to be [1, 21, 7], got 'tensor<1x7x7xf32>'}}
  %y:2 = onnx.GRU %x, %w, %r, %none, %none, %none
    : (tensor<?x?x5xf32>, tensor<1x7x5xf32>, tensor<1x7x7xf32>, none, none, none)
      -> (tensor<?x1x?x7xf32>, tensor<1x?x7xf32>)
  return %y#1 : tensor<1x?x7xf32>
}
