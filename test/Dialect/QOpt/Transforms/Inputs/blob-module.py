# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A module with two weights in resources; one has a reader that stays float."""
import struct

data = struct.pack("<I", 4) + struct.pack("<2f", 1.0, 2.0) * (64 * 32)
scheme = ("#qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, "
          "outliers = none, threshold = 0.0 : f32>")
weight = "tensor<64x64xf32>"
product = f"(tensor<?x64xf32>, {weight}) -> tensor<?x64xf32>"
print(f"""
func.func @main(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {{
  %gone = onnx.Constant {{value = dense_resource<gone> : {weight}}} : {weight} loc("gone")
  %kept = onnx.Constant {{value = dense_resource<kept> : {weight}}} : {weight} loc("kept")
  %0 = onnx.MatMul %x, %gone {{qopt.scheme = {scheme}}} : {product}
  %1 = onnx.MatMul %x, %kept {{qopt.scheme = {scheme}}} : {product}
  %2 = onnx.MatMul %x, %kept {{qopt.keep = "a reason"}} : {product}
  return %0, %1, %2 : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}}
{{-# dialect_resources: {{ builtin: {{ gone: "0x{data.hex()}", kept: "0x{data.hex()}" }} }} #-}}
""")
