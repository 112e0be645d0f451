"""Writes encoder.mlir, a model of one product over vectors, and samples of it with
what it computes, into the current folder.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

rng = np.random.default_rng(3)
weight = np.round(rng.normal(size=(8, 4)), 3).astype(np.float32)
text = ", ".join("[" + ", ".join(f"{v:.5e}" for v in row) + "]" for row in weight)
with open("encoder.mlir", "w") as file:
    file.write(f"""
func.func @main(
    %x: tensor<?x?x8xf32> {{onnx.name = "x", onnx.dims = ["batch", "seq", 8]}},
    %mask: tensor<?x?xi64> {{onnx.name = "attention_mask", onnx.dims = ["batch", "seq"]}})
    -> (tensor<?x?x4xf32> {{onnx.name = "hidden", onnx.dims = ["batch", "seq", 4]}},
        tensor<?x?xi64> {{onnx.name = "same", onnx.dims = ["batch", "seq"]}}) {{
  %w = onnx.Constant {{value = dense<[{text}]> : tensor<8x4xf32>}} : tensor<8x4xf32>
  %y = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32> loc("project")
  return %y, %mask : tensor<?x?x4xf32>, tensor<?x?xi64>
}}
""")
x = rng.normal(size=(5, 6, 8)).astype(np.float32)
mask = (np.arange(6)[None] < np.array([6, 2, 5, 1, 3])[:, None]).astype(np.int64)
y = x.astype(np.float64) @ weight
pooled = (y * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
turned = pooled.copy()
turned[3] = [pooled[3, 1], -pooled[3, 0], pooled[3, 3], -pooled[3, 2]]  # at a right angle
np.savez("samples.npz", x=x, attention_mask=mask, pooled=pooled.astype(np.float32),
         turned=turned.astype(np.float32), first=y[:, 0].astype(np.float32),
         raw=y.astype(np.float32), count=np.zeros((4, 2), np.float32))
np.savez("wrong.npz", x=x[:, :, :7], attention_mask=mask)
np.savez("half.npz", x=x)
np.savez("encoder.npz", x=x, attention_mask=mask)
