#!/usr/bin/env python3
"""Statistics of parts of the data are those of one run, byte for byte.

  merge.py QOPT QOPT_CALIB DIRECTORY

Makes a small model and data for it, and calibrates: all samples at once, with one
thread and with three; two parts, merged in both orders; and three parts of token
ids. Then a model with other weights refuses the file.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QOPT, QOPT_CALIB, DIRECTORY = sys.argv[1:]
VOCABULARY, K, N = 100, 96, 40


def run(*command, code=0):
    result = subprocess.run([*command], cwd=DIRECTORY, capture_output=True, text=True)
    assert result.returncode == code, f"{command}: exit {result.returncode}: {result.stderr}"
    return result.stdout + result.stderr


def save_model(name, seed):
    rng = np.random.default_rng(seed)
    weights = {
        "words": rng.standard_normal((VOCABULARY, K), np.float32) * np.exp(rng.uniform(-3, 2, K)).astype(np.float32),
        "w": rng.standard_normal((K, N), np.float32),
        "v": rng.standard_normal((N, N), np.float32),
    }
    # A token that is no number, to leave samples out.
    weights["words"][13] = np.nan
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["e"]),
        helper.make_node("MatMul", ["e", "w"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "v"], ["c"], name="second"),
        helper.make_node("Cast", ["attention_mask"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["m"], ["count"], keepdims=0),
        helper.make_node("Mul", ["c", "count"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in ("input_ids", "attention_mask")]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "length", N])
    graph = helper.make_graph(nodes, "g", ports, [out], [numpy_helper.from_array(v, k) for k, v in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, os.path.join(DIRECTORY, name))


def calibrate(output, *flags, model="model.onnx"):
    return run(QOPT, model, "--progress=none", f"--save-calib={output}", *flags)


def content(name):
    with open(os.path.join(DIRECTORY, name), "rb") as file:
        return file.read()


def same(a, b):
    assert content(a) == content(b), f"{a} and {b} differ"


os.makedirs(DIRECTORY, exist_ok=True)
save_model("model.onnx", 1)
rng = np.random.default_rng(5)
ids = rng.integers(0, VOCABULARY, (90, 12))
ids[ids == 13] = 14
ids[7, 3] = ids[60, 0] = 13
mask = (np.arange(12) < rng.integers(1, 13, (90, 1))).astype(np.int64)
mask[[7, 60]] = 1


def save(name, rows):
    np.savez(os.path.join(DIRECTORY, name), input_ids=ids[rows], attention_mask=mask[rows])


save("all.npz", slice(None))
save("a.npz", slice(0, 37))
save("b.npz", slice(37, None))
for name in ("all", "a", "b"):
    calibrate(name + ".qcal", f"--calib={name}.npz")
calibrate("one.qcal", "--calib=all.npz", "-j1")
calibrate("three.qcal", "--calib=all.npz", "-j3")
same("all.qcal", "one.qcal")
same("all.qcal", "three.qcal")
run(QOPT_CALIB, "merge", "a.qcal", "b.qcal", "-o", "ab.qcal")
run(QOPT_CALIB, "merge", "b.qcal", "a.qcal", "-o", "ba.qcal")
same("all.qcal", "ab.qcal")
same("all.qcal", "ba.qcal")
text = run(QOPT_CALIB, "info", "ab.qcal")
assert "88, and 2 left out" in text, text

# The archive is NumPy's: what is in it can be computed again.
arrays = np.load(os.path.join(DIRECTORY, "all.qcal"))
table = numpy_helper.to_array(onnx.load(os.path.join(DIRECTORY, "model.onnx")).graph.initializer[0])
rows = table[ids[~np.isin(np.arange(90), [7, 60])][mask[~np.isin(np.arange(90), [7, 60])] == 1]]
assert np.array_equal(arrays["0.lo"], rows.min(0)) and np.array_equal(arrays["0.hi"], rows.max(0))
edges = (6 * 2 ** (np.arange(-8, 9) / 2)).astype(np.float32)
assert np.array_equal(arrays["0.hits"], (np.abs(rows)[None] >= edges[:, None, None]).sum(1))
assert arrays["0.histogram"][:, 1].sum() == rows.size and arrays["0.token_absmax"][:, 1].sum() == len(rows)
kept = {row.tobytes(): count for row, count in zip(arrays["0.rows"], arrays["0.row_counts"])}
distinct, counts = np.unique(rows, axis=0, return_counts=True)
assert kept == {row.tobytes(): count for row, count in zip(distinct, counts)}

# The other forms of the same data give the same file.
os.makedirs(os.path.join(DIRECTORY, "folder"), exist_ok=True)
np.save(os.path.join(DIRECTORY, "folder", "input_ids.npy"), ids)
np.save(os.path.join(DIRECTORY, "folder", "attention_mask.npy"), mask)
calibrate("folder.qcal", "--calib=folder")
same("all.qcal", "folder.qcal")
for i in range(90):
    sets = os.path.join(DIRECTORY, "sets", f"test_data_set_{i}")
    os.makedirs(sets, exist_ok=True)
    for k, array in enumerate((ids, mask)):
        with open(os.path.join(sets, f"input_{k}.pb"), "wb") as file:
            file.write(numpy_helper.from_array(array[i : i + 1]).SerializeToString())
calibrate("sets.qcal", "--calib=sets")
same("all.qcal", "sets.qcal")
full = np.ones_like(ids)
np.savez(os.path.join(DIRECTORY, "full.npz"), input_ids=ids, attention_mask=full)
np.savez(os.path.join(DIRECTORY, "unmasked.npz"), input_ids=ids)
np.save(os.path.join(DIRECTORY, "rows.npy"), ids)
np.save(os.path.join(DIRECTORY, "stream.npy"), ids.ravel().astype(np.int32))
for name, *flags in (
    ("full", "--calib=full.npz"), ("unmasked", "--calib=unmasked.npz"), ("rows", "--calib=rows.npy"),
    ("stream", "--calib=stream.npy", "--calib-window=12"),
):
    calibrate(name + ".full.qcal", *flags)
    same("full.full.qcal", name + ".full.qcal")

# Deflated, and large enough to be unpacked piece by piece.
large = np.resize(ids, (60000, 12))
np.savez_compressed(os.path.join(DIRECTORY, "large.npz"), input_ids=large)
calibrate("large.qcal", "--calib=large.npz", "--calib-samples=90")
same("full.full.qcal", "large.qcal")

# Statistics of another model are refused, and taken with --force.
save_model("other.onnx", 2)
load = (QOPT, "other.onnx", "--pass-pipeline=llm-int8", "--load-calib=all.qcal", "--dry-run", "--progress=none")
assert "another model" in run(*load, code=1)
assert "another model" in run(*load, "--force")
calibrate("other.qcal", "--calib=all.npz", model="other.onnx")
assert "two models" in run(QOPT_CALIB, "merge", "all.qcal", "other.qcal", "-o", "none.qcal", code=1)
assert not os.path.exists(os.path.join(DIRECTORY, "none.qcal"))

# Loaded is as good as calibrated.
plan = ["--pass-pipeline=llm-int8{threshold=3.0}", "--dry-run", "--progress=none"]
assert run(QOPT, "model.onnx", *plan, "--calib=all.npz", "-q") == run(QOPT, "model.onnx", *plan, "--load-calib=all.qcal", "-q")
print("equal")
