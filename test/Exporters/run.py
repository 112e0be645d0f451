#!/usr/bin/env python3
"""Models as the exporters of PyTorch write them (families.py), each part compiled once
and run at several shapes against ONNX Runtime: batches with padding, one token, a past of
length 0 and more. fp32 within 1e-4 of the largest output, llm-int8 within a relative L2
error of 0.08.

Runs with QOPT_EXPORTERS=1 (scripts/test.sh --exporters), which needs build/exporters-venv;
otherwise every family is skipped by name.

  run.py [--filter REGEX] [--list] [--models DIRECTORY]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import hashlib
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support
from families import FAMILIES, VOCABULARY

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.path.join(support.BUILD, "exporters-venv", "bin", "python")
PRESETS = {"fp32": 1e-4, "llm-int8": 0.08}
# Batch, tokens, past.
SHAPES = ((1, 1, 0), (3, 7, 0), (1, 1, 12), (2, 5, 6), (1, 33, 0))
# Of families whose inputs are no tokens: samples or pixels of an edge.
LENGTHS = {"wav2vec2": (400, 1234), "mobilenet-v2": (64, 96), "resnet": (32, 64), "convnext": (32, 64)}


def use_exporters_venv():
    if not os.environ.get("QOPT_EXPORTERS"):
        for name in FAMILIES:
            print(f"skipped: exporters/{name}: needs scripts/test.sh --exporters")
        print(f"exporters: 0 passed, 0 failed, {len(FAMILIES)} skipped")
        sys.exit(support.SKIP)
    if os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(os.path.dirname(PYTHON))):
        os.execv(PYTHON, [PYTHON, *sys.argv])


def write_models(directory, names):
    """Writes the families whose files are missing or of another families.py."""
    with open(os.path.join(HERE, "families.py"), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    todo = []
    for name in names:
        stamp = os.path.join(directory, name, "written-by")
        if not os.path.exists(stamp) or open(stamp).read() != digest:
            todo.append(name)
    if not todo:
        return
    print(f"writing {len(todo)} families", flush=True)
    command = [PYTHON, "-W", "ignore", os.path.join(HERE, "families.py"), directory, *todo]
    log = os.path.join(directory, "write.log")
    with open(log, "w") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    missing = re.search(r"^not written: (.*)$", open(log).read(), re.MULTILINE)
    for name in set(todo) - set(missing[1].split() if missing else ()):
        with open(os.path.join(directory, name, "written-by"), "w") as file:
            file.write(digest)


def extent(text, sizes):
    """Of a symbolic dim: names are known by what they contain, sums are sums."""
    total = 0
    for term in text.split("+"):
        term = term.strip()
        if term.isdigit():
            total += int(term)
        else:
            total += next((size for part, size in sizes if part in term), 1)
    return total


def make_inputs(session, family, batch, length, past, seed):
    """Arrays for every input: ids, masks with padding, a cache, pixels or samples."""
    import numpy as np

    rng = np.random.default_rng(seed)
    edge = LENGTHS.get(family, (32, 32))[seed % 2]
    sizes = (("batch", batch), ("past", past), ("encoder_sequence", 9), ("channels", 3), ("height", edge),
             ("width", edge), ("num_samples", edge), ("feature", 16), ("sequence", length))
    inputs = {}
    for port in session.get_inputs():
        shape = [extent(dim, sizes) if isinstance(dim, str) else dim or 1 for dim in port.shape]
        if family == "wav2vec2":
            shape[-1] = edge
        if port.name == "use_cache_branch":
            value = np.array([past > 0])
        elif port.type == "tensor(float)":
            value = rng.standard_normal(shape, np.float32)
        elif port.name.endswith("mask"):
            value = np.ones(shape, np.int64)
            for row in range(1, shape[0]):
                padding = slice(0, row) if past else slice(max(1, shape[1] - row), None)
                value[row, padding] = 0
        elif port.name == "token_type_ids":
            value = rng.integers(0, 2, shape)
        elif port.name == "position_ids":
            value = np.broadcast_to(np.arange(past, past + shape[1]), shape)
        else:
            value = rng.integers(3, VOCABULARY, shape)
        inputs[port.name] = np.ascontiguousarray(value)
    mask = inputs.get("attention_mask")
    if mask is not None and not past and mask.shape == inputs.get("input_ids", mask).shape:
        inputs["input_ids"] = inputs.get("input_ids", mask) * mask
    return inputs


def error(name, have, want, preset):
    import numpy as np

    assert have.shape == want.shape, f"{name}: shape {have.shape}, not {want.shape}"
    assert have.dtype == want.dtype, f"{name}: {have.dtype}, not {want.dtype}"
    if not want.size:
        return 0.0
    if want.dtype.kind != "f":
        assert np.array_equal(have, want), f"{name} differs"
        return 0.0
    have, want = have.astype(np.float64), want.astype(np.float64)
    assert np.isfinite(want).all(), f"{name}: the reference is not finite"
    assert np.isfinite(have).all(), f"{name} is not finite"
    if preset == "fp32":
        return np.abs(have - want).max() / max(np.abs(want).max(), 1e-30)
    return np.linalg.norm(have - want) / max(np.linalg.norm(want), 1e-30)


def check(path, family, preset, isa):
    import onnxruntime

    import qopt

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    library = os.path.splitext(path)[0] + f".{preset}.so"
    took = support.compile_model(path, library, "--pass-pipeline=" + preset, "--isa=" + isa).seconds
    model = qopt.load(library)
    names = [port.name for port in session.get_outputs()]
    worst, runs, kinds = (0.0, ""), 0, set()
    for seed, (batch, length, past) in enumerate(SHAPES):
        inputs = make_inputs(session, family, batch, length, past, seed)
        kind = tuple(value.shape for value in inputs.values())
        if kind in kinds:
            continue
        kinds.add(kind)
        text = f"batch {batch}, {length} tokens, past {past}: "
        try:
            expected = dict(zip(names, session.run(names, inputs)))
            got = model(inputs)
            for name, want in expected.items():
                worst = max(worst, (error(name, got[name], want, preset), text + name))
        except Exception as problem:
            raise AssertionError(f"{text}{type(problem).__name__}: {problem}".splitlines()[0])
        runs += 1
    figure = f"{runs} shapes, {worst[0]:.1e} ({worst[1]}), compiled in {took:.1f} s"
    return worst[0] <= PRESETS[preset], figure


def parts(folder):
    """The models of a family; a merged decoder beside its two halves counts too."""
    return sorted(name for name in os.listdir(folder) if name.endswith(".onnx"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over family/part/preset")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--models", default=os.path.join(support.BUILD, "exporters"))
    options = parser.parse_args()
    if options.list:
        print("\n".join(FAMILIES))
        return
    use_exporters_venv()
    wanted = [name for name in FAMILIES if re.search(options.filter.split("/")[0].lstrip("^"), name)]
    os.makedirs(options.models, exist_ok=True)
    write_models(options.models, wanted)
    isa = "avx512vnni" if len(support.variants()) > 1 else "avx2"
    report = support.Report("exporters")
    for family in wanted:
        folder = os.path.join(options.models, family)
        if not os.path.exists(os.path.join(folder, "written-by")):
            report.add(family, False, "not written: " + os.path.join(options.models, "write.log"))
            continue
        for part in parts(folder):
            for preset in PRESETS:
                label = f"{family}/{part.removesuffix('.onnx')}/{preset}"
                if re.search(options.filter, label):
                    report.run(label, functools.partial(check, os.path.join(folder, part), family, preset, isa))
    report.finish()


if __name__ == "__main__":
    main()
