"""The three language models: their ONNX files, as they are and with outlier
channels injected, calibration data, perplexity.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import hashlib
import os
import subprocess
import sys
import threading

import corpora
import llama2c
import numpy as np
import onnx
import support
from onnx import numpy_helper

WORK = os.path.join(support.BUILD, "test-models", "accuracy")
# Channels of both norms of every block that injection makes large.
CHANNELS = {"stories260k": (5, 22), "tok105": (5, 22), "lm15m": (5, 22, 39)}
# Rows of a call: lm15m's windows are of one length.
BATCH = 16


@support.once
def original(name):
    """Path of the float model."""
    if name == "stories260k":
        return support.shared("onnx-exports", "stories260k", "model.onnx")
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, name + ".onnx")
    if name == "tok105":
        onnx.save(llama2c.to_onnx(support.shared("babyllama-tok105", "model5000.bin")), path)
        return path
    weights = support.shared("lm15m", "weights.f16.safetensors")
    skeleton = support.shared("lm15m", "model.skeleton.onnx")
    tool = support.shared("..", "tools", "skeleton.py")
    subprocess.run([sys.executable, tool, "fill", skeleton, weights, path], check=True, stdout=subprocess.DEVNULL)
    return path


@support.once
def with_outliers(name, factor):
    """The same function with large channels: gains of both norms of every block
    times the factor, the matching rows of every weight that reads them divided by it."""
    model = onnx.load(original(name))
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    readers = norms = 0

    def scale(weight, by):
        array = numpy_helper.to_array(weights[weight]).copy()
        array[list(CHANNELS[name])] *= np.float32(by)
        weights[weight].CopyFrom(numpy_helper.from_array(array, weight))

    for node in graph.node:
        gain = next((key for key in node.input if "layers." in key and key.endswith("layernorm.weight")), None)
        if node.op_type != "Mul" or gain is None:
            continue
        norms += 1
        scale(gain, factor)
        for reader in graph.node:
            if node.output[0] in reader.input and reader.op_type != "Shape":
                assert reader.op_type == "MatMul" and reader.input[1] in weights, reader.name
                scale(reader.input[1], 1 / factor)
                readers += 1
    # q, k, v read the first norm of a block, gate and up the second.
    assert norms and 2 * readers == 5 * norms, (norms, readers)
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, f"{name}.x{factor}.onnx")
    onnx.save(model, path)
    return path


def model_file(name, factor):
    return with_outliers(name, factor) if factor else original(name)


@support.once
def calibration(name, skip=60, text=None):
    """npz: the 16 documents behind the first `skip`; of lm15m 128 windows of its
    training text, or of another text."""
    if name == "lm15m":
        ids = corpora.byte_pairs(text, 128) if text else np.load(support.shared("lm15m", "calib.npy"))[:128]
        rows = list(ids.astype(np.int64))
    else:
        rows = corpora.documents(name)[skip : skip + 16]
    ids = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, f"{name}.{text or skip}.npz")
    part = f"{path}.{threading.get_native_id()}.npz"
    np.savez(part, input_ids=ids, attention_mask=mask)
    os.replace(part, path)
    return path


@support.once
def library(model, pipeline, calib, flags, isa):
    """Path of the library, compiled for one instruction set."""
    os.makedirs(WORK, exist_ok=True)
    key = hashlib.sha256(repr((model, pipeline, calib, flags, isa)).encode()).hexdigest()[:16]
    path = os.path.join(WORK, key + ".so")
    given = ["--calib=" + calib] if calib else []
    support.compile_model(model, path, "--pass-pipeline=" + pipeline, "--isa=" + isa, *given, *flags)
    return path


def load(model, pipeline, calib=None, flags=(), isa=None):
    """`calib` is data for the compiler, or None; `isa` an instruction set, or the best."""
    import qopt

    return qopt.load(library(model, pipeline, calib, flags, isa or support.instruction_sets()[0]))


@support.once
def empty_past(name, batch):
    model = onnx.load(original(name), load_external_data=False)
    past = {}
    for port in model.graph.input:
        if port.name.startswith("past_key_values."):
            _, heads, _, size = (dim.dim_value for dim in port.type.tensor_type.shape.dim)
            past[port.name] = np.zeros((batch, heads, 0, size), np.float32)
    return past


def logits(name, library, ids):
    """[batch, length, vocabulary], without a past."""
    batch, length = ids.shape
    inputs = {"input_ids": ids.astype(np.int64), "attention_mask": np.ones((batch, length), np.int64)}
    past = empty_past(name, batch)
    if past:
        inputs["position_ids"] = np.tile(np.arange(length, dtype=np.int64), (batch, 1))
    return library(**inputs, **past)["logits"]


def loss(values, ids):
    """Sum over the predictions of -ln p, in double."""
    values = values[:, :-1].astype(np.float64)
    peak = values.max(axis=-1, keepdims=True)
    norm = np.log(np.exp(values - peak).sum(axis=-1)) + peak[..., 0]
    right = np.take_along_axis(values, ids[:, 1:, None].astype(np.int64), axis=-1)[..., 0]
    return float((norm - right).sum())


def batches(name, count):
    """What is evaluated: documents alone, windows sixteen at a time."""
    if name != "lm15m":
        return [np.array([ids]) for ids in corpora.documents(name)[:count]]
    rows = corpora.windows()
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def perplexity(name, library, count=60):
    total = predictions = 0
    for ids in batches(name, count):
        total += loss(logits(name, library, ids), ids)
        predictions += ids.shape[0] * (ids.shape[1] - 1)
    return float(np.exp(total / predictions))
