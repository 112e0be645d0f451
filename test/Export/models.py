"""Whole models through --emit=onnx-qdq.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import os

import equality
import numpy as np
import onnx
import stories
import support
import zoo

# Of the quantized model in ONNX Runtime with qopt's own library, each output of a call.
LEAST_COSINE = 0.9995
MINILM = ("input_ids", "attention_mask", "token_type_ids")


def export(model, label, *flags):
    """The model as qopt writes it; onnx itself has checked it."""
    folder = os.path.join(zoo.WORK, "export")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, label + ".onnx")
    support.compile_model(model, path, "--emit=onnx-qdq", *flags)
    onnx.checker.check_model(path, full_check=True)
    return path


def floats(name, part):
    """Every data set of an export, as before and after."""
    source = zoo.export(name, part)
    copy = zoo.reference(export(source, f"{name}-{part}"))
    results = []
    for _, inputs, outputs in zoo.data_sets(source):
        results.append(equality.compare(copy(**inputs), outputs))
    return equality.check(results)


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-300)


def minilm_calls():
    data = np.load(support.shared("minilm", "eval.npz"))
    for row in range(0, len(data["input_ids"]), 8):
        yield {name: data[name][row : row + 1] for name in MINILM}


def stories_calls():
    past = stories.no_past()
    for tokens in stories.documents()[:4]:
        ids = np.array([tokens[:128]], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "position_ids": np.arange(ids.shape[1], dtype=np.int64)[None],
        }
        for layer in range(stories.LAYERS):
            inputs[f"past_key_values.{layer}.key"] = past[2 * layer]
            inputs[f"past_key_values.{layer}.value"] = past[2 * layer + 1]
        yield inputs


SOURCES = {
    "all-MiniLM-L6": (zoo.all_minilm, lambda: support.shared("minilm", "calib.npz"), minilm_calls),
    "stories260k": (lambda: zoo.export("stories260k"), lambda: stories.calibration(60), stories_calls),
}


def quantized(name, pipeline, calibrated, operators):
    """The least cosine over all outputs of all calls; `operators` must be in the file."""
    model, calibration, calls = (part for part in SOURCES[name])
    model = model()
    flags = ["--pass-pipeline=" + pipeline]
    if calibrated:
        flags.append("--calib=" + calibration())
    label = "".join(c if c.isalnum() else "-" for c in f"{name}-{pipeline}{'-static' * calibrated}")
    path = export(model, label, *flags)
    library = os.path.join(zoo.WORK, "export", label + ".so")
    # Sums of codes are equal for all instruction sets, and one compiles faster.
    support.compile_model(model, library, "--isa=avx2", *flags)
    found = {node.op_type for node in onnx.load(path, load_external_data=False).graph.node}
    assert operators <= found, f"no {operators - found} in the file"
    import qopt

    own, other = qopt.load(library), zoo.reference(path)
    least, runs = 1.0, 0
    for inputs in calls():
        want = own(**inputs)
        for output, got in other(**inputs).items():
            least = min(least, cosine(got, want[output]))
        runs += 1
    size = os.path.getsize(path) / os.path.getsize(model)
    text = f"{runs} runs, least cosine {least:.6f} (>= {LEAST_COSINE}), {size:.2f} of the size"
    return least >= LEAST_COSINE, text


QDQ = {"QuantizeLinear", "DequantizeLinear", "MatMul"}
# Pipeline, with statistics, what the file must hold.
PRESETS = {
    "w8a8": ("w8a8", False, QDQ | {"ReduceMax"}),
    "w8a8-tensor": ("w8a8{activations=tensor zero-point=true}", False, QDQ - {"QuantizeLinear"} | {"DynamicQuantizeLinear"}),
    "w8a8-zero-point": ("w8a8{zero-point=true}", False, QDQ | {"ReduceSum"}),
    "w8a8-group": ("w8a8{weights=group:32}", False, {"QuantizeLinear", "Gather"}),
    "w8a8-static": ("w8a8{activations=static}", True, QDQ),
    "w8a16": ("w8a16", False, {"Cast"}),
    "llm-int8": ("llm-int8", False, QDQ | {"NonZero"}),
    "llm-int8-row": ("llm-int8{mode=dynamic-row}", False, QDQ | {"NonZero"}),
    "llm-int8-bitsandbytes": ("llm-int8{mode=bitsandbytes}", False, QDQ | {"NonZero"}),
    "llm-int8-static": ("llm-int8", True, QDQ),
    "smoothquant-int8": ("smoothquant-int8", True, QDQ),
    "smoothquant-int8-static": ("smoothquant-int8{activations=static alpha=0.9}", True, QDQ),
}


def external():
    """Weights beside the model; the same bytes as in it, and the same twice."""
    source = zoo.export("stories260k")
    whole = export(source, "stories260k-inline")
    parts = export(source, "stories260k-parts", "--external-weights")
    with open(parts, "rb") as file:
        first = file.read()
    with open(parts + ".data", "rb") as file:
        weights = file.read()
    export(source, "stories260k-parts", "--external-weights")
    with open(parts, "rb") as file, open(parts + ".data", "rb") as data:
        same = file.read() == first and data.read() == weights
    results = []
    inline, split = zoo.reference(whole), zoo.reference(parts)
    for _, inputs, _ in zoo.data_sets(source):
        results.append(equality.compare(split(**inputs), inline(**inputs)))
    ok, text = equality.check(results)
    text += f"; {len(first)} bytes and {len(weights)} of weights"
    return ok and same and not os.path.exists(whole + ".data") and len(weights) > len(first), text


TESTS = {f"{name}/{part}/fp32": functools.partial(floats, name, part) for name, part in equality.PARTS}
for _name in SOURCES:
    for _label, _arguments in PRESETS.items():
        # Every form on the small model, those of the published methods on the other.
        if _name == "stories260k" or _label in ("w8a8", "llm-int8-static", "smoothquant-int8"):
            TESTS[f"{_name}/{_label}"] = functools.partial(quantized, _name, *_arguments)
TESTS["external-weights"] = external
