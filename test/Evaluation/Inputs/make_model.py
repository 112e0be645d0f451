"""Writes what the tests of qopt-eval need into the current folder: model.mlir, a
language model of three products over 32 tokens, and its texts in every format.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json

import numpy as np

VOCABULARY, WIDTH = 32, 16
rng = np.random.default_rng(7)


def constant(array):
    text = np.array2string(array, separator=", ", threshold=array.size, max_line_width=10**9,
                           formatter={"float": "{:.5e}".format})
    shape = "x".join(map(str, array.shape))
    return f"onnx.Constant {{value = dense<{text}> : tensor<{shape}xf32>}} : tensor<{shape}xf32>"


embed = rng.normal(size=(VOCABULARY, WIDTH)).astype(np.float32)
# Two columns that stick out, as those of large models do.
embed[:, [3, 11]] *= 20
up = rng.normal(size=(WIDTH, 2 * WIDTH), scale=0.25).astype(np.float32)
up[[3, 11]] /= 20
down = rng.normal(size=(2 * WIDTH, WIDTH), scale=0.25).astype(np.float32)
head = rng.normal(size=(WIDTH, VOCABULARY)).astype(np.float32)

with open("model.mlir", "w") as file:
    file.write(f"""
func.func @main(
    %ids: tensor<?x?xi64> {{onnx.name = "input_ids", onnx.dims = ["batch", "seq"]}},
    %mask: tensor<?x?xi64> {{onnx.name = "attention_mask", onnx.dims = ["batch", "past + seq"]}},
    %past: tensor<?x1x?x2xf32> {{onnx.name = "past_key_values.0.key", onnx.dims = ["batch", 1, "past", 2]}})
    -> (tensor<?x?x{VOCABULARY}xf32> {{onnx.name = "logits", onnx.dims = ["batch", "seq", {VOCABULARY}]}}) {{
  %embed = {constant(embed)}
  %up = {constant(up)}
  %down = {constant(down)}
  %head = {constant(head)}
  %x = onnx.Gather %embed, %ids : (tensor<{VOCABULARY}x{WIDTH}xf32>, tensor<?x?xi64>) -> tensor<?x?x{WIDTH}xf32>
  %u = onnx.MatMul %x, %up : (tensor<?x?x{WIDTH}xf32>, tensor<{WIDTH}x{2 * WIDTH}xf32>) -> tensor<?x?x{2 * WIDTH}xf32> loc("layer.up")
  %t = onnx.Tanh %u : (tensor<?x?x{2 * WIDTH}xf32>) -> tensor<?x?x{2 * WIDTH}xf32>
  %d = onnx.MatMul %t, %down : (tensor<?x?x{2 * WIDTH}xf32>, tensor<{2 * WIDTH}x{WIDTH}xf32>) -> tensor<?x?x{WIDTH}xf32> loc("layer.down")
  %l = onnx.MatMul %d, %head : (tensor<?x?x{WIDTH}xf32>, tensor<{WIDTH}x{VOCABULARY}xf32>) -> tensor<?x?x{VOCABULARY}xf32> loc("head")
  return %l : tensor<?x?x{VOCABULARY}xf32>
}}
""")

stream = rng.integers(2, VOCABULARY, 100).astype(np.int32)
stream[[0, 30, 45, 90]] = 1
np.save("stream.npy", stream)
np.save("stream64.npy", stream.astype(np.int64))
np.save("rows.npy", stream[:96].reshape(4, 24))
np.savez("documents.npz", tokens=stream, offsets=np.array([0, 30, 45, 90, 100]))
mask = np.arange(24)[None] < np.array([24, 10, 24, 5])[:, None]
np.savez("padded.npz", input_ids=stream[:96].reshape(4, 24).astype(np.int64),
         attention_mask=mask.astype(np.int64))
stream.astype("<i4").tofile("stream.bin")
with open("stream.json", "w") as file:
    json.dump({"vocab_size": VOCABULARY, "source_sha256": "00ff", "bos": 1}, file)
stream.astype("<i4").tofile("alone.bin")
stream.astype("<i4").tofile("foreign.bin")
with open("foreign.json", "w") as file:
    json.dump({"vocab_size": 50257}, file)

# Samples in the form of a calibration.
calib = rng.integers(2, VOCABULARY, (20, 24)).astype(np.int64)
np.savez("calib.npz", input_ids=calib, attention_mask=np.ones_like(calib))
np.savez("one.npz", input_ids=calib[:1], attention_mask=np.ones_like(calib[:1]))

bad = stream.copy()
bad[77] = VOCABULARY
np.save("large.npy", bad)
bad[77] = -3
np.save("negative.npy", bad)
np.save("floats.npy", stream.astype(np.float32))
np.save("short.npy", stream[:5])
np.savez("offsets.npz", tokens=stream, offsets=np.array([0, 50, 40, 100]))
