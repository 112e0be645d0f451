"""Whole models through --emit=onnx-qdq.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import os

import equality
import language
import onnx
import sentences
import stories
import support
import zoo

# Mean cosine of what the quantized model gives in ONNX Runtime with what qopt's own
# library does, and how much farther from float it may be.
NEAR, FARTHER = 0.9995, 0.0005
# A code flips with the last bit of a sum, and a few layers behind the first flips two
# runs share the noise no longer: ONNX Runtime with and without its fusions is 0.99938
# from itself here.
ELSEWHERE = {"all-MiniLM-L6/w8a8": 0.999}


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


def logits_and_caches(model):
    """Of the beginnings of four stories."""
    past, found = stories.no_past(), []
    for tokens in stories.documents()[:4]:
        logits, present = stories.step(model, tokens[:128], past)
        found += [logits, *present]
    return found


SOURCES = {
    "all-MiniLM-L6": (zoo.all_minilm, lambda: support.shared("minilm", "calib.npz"), sentences.embeddings),
    "stories260k": (lambda: zoo.export("stories260k"), lambda: language.calibration("stories260k"), logits_and_caches),
}


def quantized(name, form):
    """The file, in ONNX Runtime, beside the library of the same plan and beside float."""
    pipeline, calibrated, operators = PRESETS[form]
    model, calibration, results = SOURCES[name]
    model = model()
    flags = ["--pass-pipeline=" + pipeline]
    if calibrated:
        flags.append("--calib=" + calibration())
    path = export(model, f"{name}-{form}", *flags)
    library = os.path.join(zoo.WORK, "export", f"{name}-{form}.so")
    # Sums of codes are equal for all instruction sets, and one compiles faster.
    support.compile_model(model, library, "--isa=avx2", *flags)
    found = {node.op_type for node in onnx.load(path, load_external_data=False).graph.node}
    assert operators <= found, f"no {operators - found} in the file"
    import qopt

    own, other, plain = results(qopt.load(library)), results(zoo.reference(path)), results(zoo.reference(model))
    (mean, least), bar = sentences.cosine(other, own), ELSEWHERE.get(f"{name}/{form}", NEAR)
    before, after = sentences.cosine(own, plain)[0], sentences.cosine(other, plain)[0]
    size = os.path.getsize(path) / os.path.getsize(model)
    text = (f"cosine {mean:.5f} (>= {bar}), least {least:.5f}; with float {after:.5f}, "
            f"qopt's {before:.5f}; {size:.2f} of the size")
    return mean >= bar and after >= before - FARTHER, text


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
    for _form in PRESETS:
        # Every form on the small model, those of the published methods on the other.
        if _name == "stories260k" or _form in ("w8a8", "llm-int8-static", "smoothquant-int8"):
            TESTS[f"{_name}/{_form}"] = functools.partial(quantized, _name, _form)
TESTS["external-weights"] = external
