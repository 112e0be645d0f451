// RUN: qopt-opt %s --qopt-inplace-caches --split-input-file --verify-diagnostics | FileCheck %s

// The graph stays; the notes and the length are added.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[PAST:.*]]: tensor<2x?x8xf32> {onnx.name = "past_key_3", qopt.cache = 1 : i64}
// CHECK-SAME: %{{.*}}: tensor<1xi64> {onnx.dims = [1], onnx.name = "past_length", qopt.cache_length}
// CHECK-SAME: (tensor<2x?x8xf32> {onnx.name = "present_key_3", qopt.cache = 0 : i64}, tensor<3xi64> {onnx.name = "shape"})
// CHECK: onnx.Concat %[[PAST]]
func.func @main(%past: tensor<2x?x8xf32> {onnx.name = "past_key_3"}, %new: tensor<2x?x8xf32> {onnx.name = "new"})
    -> (tensor<2x?x8xf32> {onnx.name = "present_key_3"}, tensor<3xi64> {onnx.name = "shape"}) {
  %c = onnx.Concat %past, %new {axis = -2 : i64} : (tensor<2x?x8xf32>, tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  %s = onnx.Shape %past : (tensor<2x?x8xf32>) -> tensor<3xi64>
  return %c, %s : tensor<2x?x8xf32>, tensor<3xi64>
}

// -----

// A name that is taken; a past that passes through unchanged is no output; one
// without a present is an input like others.
// CHECK-LABEL: func.func @main
// CHECK-SAME: onnx.name = "past_length"}
// CHECK-SAME: onnx.name = "past_length_1", qopt.cache_length}
// CHECK-SAME: -> (tensor<?xf32> {onnx.name = "present.0.decoder.key", qopt.cache = 0 : i64})
// CHECK: return %{{[^,]*}} : tensor<?xf32>
func.func @main(%past: tensor<?xf32> {onnx.name = "past_key_values.0.decoder.key"}, %cross: tensor<?xf32> {onnx.name = "past_key_values.0.encoder.key"},
                %lone: tensor<?xf32> {onnx.name = "past_key_values.1.encoder.key"}, %new: tensor<1xf32> {onnx.name = "past_length"})
    -> (tensor<?xf32> {onnx.name = "present.0.encoder.key"}, tensor<?xf32> {onnx.name = "present.0.decoder.key"}) {
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
  return %cross, %c : tensor<?xf32>, tensor<?xf32>
}

// -----

// expected-error @below {{has no pair of inputs and outputs that are past and present}}
func.func @main(%x: tensor<?xf32> {onnx.name = "past_sequence_length"}) -> (tensor<?xf32> {onnx.name = "present"}) {
  return %x : tensor<?xf32>
}

// -----

// All in the way are reported.
func.func @main(%past: tensor<?xf32> {onnx.name = "past.0"}, %second: tensor<?xf32> {onnx.name = "past.1"}, %new: tensor<1xf32> {onnx.name = "new"})
    -> (tensor<?xf32> {onnx.name = "present.0"}, tensor<?xf32> {onnx.name = "present.1"}) {
  // expected-error @below {{the present is not the past followed by new rows, so that 'past.0' cannot be a cache in place}}
  %c = onnx.Concat %new, %past {axis = 0 : i64} : (tensor<1xf32>, tensor<?xf32>) -> tensor<?xf32>
  // expected-error @below {{the present is not the past followed by new rows, so that 'past.1' cannot be a cache in place}}
  %n = onnx.Neg %second : (tensor<?xf32>) -> tensor<?xf32>
  return %c, %n : tensor<?xf32>, tensor<?xf32>
}

// -----

// What reads the past could run after the new rows are written.
func.func @main(%past: tensor<?xf32> {onnx.name = "past.0"}, %new: tensor<1xf32> {onnx.name = "new"})
    -> (tensor<?xf32> {onnx.name = "present.0"}, tensor<?xf32> {onnx.name = "y"}) {
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
  // expected-error @below {{it reads the past, so that 'past.0' cannot be a cache in place}}
  %n = onnx.Neg %past : (tensor<?xf32>) -> tensor<?xf32>
  return %c, %n : tensor<?xf32>, tensor<?xf32>
}

// -----

// expected-error @below {{input 'past.0' cannot be a cache in place: its length is fixed}}
func.func @main(%past: tensor<4xf32> {onnx.name = "past.0"}, %new: tensor<1xf32> {onnx.name = "new"}) -> (tensor<5xf32> {onnx.name = "present.0"}) {
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<4xf32>, tensor<1xf32>) -> tensor<5xf32>
  return %c : tensor<5xf32>
}

// -----

func.func @main(%past: tensor<?xf32> {onnx.name = "past.0"}, %new: tensor<1xf32> {onnx.name = "new"})
    -> (tensor<?xf32> {onnx.name = "present.0"}, tensor<?xf32> {onnx.name = "copy"}) {
  // expected-error @below {{the present is two outputs, so that 'past.0' cannot be a cache in place}}
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
  return %c, %c : tensor<?xf32>, tensor<?xf32>
}

// -----

// A cache of fixed size needs no length, and no room is made in it.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[PAST:.*]]: tensor<2x?x8xf32> {onnx.name = "past.0", qopt.cache = 1 : i64}
// CHECK-NOT: qopt.cache_length
// CHECK-NOT: onnx.Pad
// CHECK: onnx.TensorScatter %[[PAST]],
func.func @main(%past: tensor<2x?x8xf32> {onnx.name = "past.0"}, %new: tensor<2x1x8xf32> {onnx.name = "new"},
                %at: tensor<2xi64> {onnx.name = "at"}, %pads: tensor<2xi64> {onnx.name = "pads"})
    -> (tensor<2x?x8xf32> {onnx.name = "present.0"}) {
  %none = onnx.NoValue
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %room = onnx.Pad %past, %pads, %none, %axis {mode = "constant"} : (tensor<2x?x8xf32>, tensor<2xi64>, none, tensor<1xi64>) -> tensor<2x?x8xf32>
  %c = onnx.TensorScatter %room, %new, %at {axis = 1 : i64} : (tensor<2x?x8xf32>, tensor<2x1x8xf32>, tensor<2xi64>) -> tensor<2x?x8xf32>
  return %c : tensor<2x?x8xf32>
}
