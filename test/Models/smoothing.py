"""Smoothing of exported graphs before anything is quantized: which pairs are found, and
that the float model computes what it did, with statistics as uneven as can be.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import hashlib
import os
import re
import sys

import numpy as np
import support
import zoo

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Calibration", "Inputs"))
import qcal

# Of the largest absolute value of an output.
RELATIVE = 1e-5
# What takes the factors of what, in every block; the number of blocks. Decoders with
# caches keep their values: the projection behind attention has its factors in the
# quantize step, as what follows gelu and all norms that feed a residual too.
PAIRS = {
    "stories260k": (
        5,
        {
            ("input_layernorm", "q_proj"),
            ("input_layernorm", "k_proj"),
            ("input_layernorm", "v_proj"),
            ("post_attention_layernorm", "gate_proj"),
            ("post_attention_layernorm", "up_proj"),
            ("up_proj", "down_proj"),
        },
    ),
    "gpt2": (2, {("ln_1", "c_attn"), ("ln_2", "c_fc")}),
    "opt": (
        2,
        {
            ("self_attn_layer_norm", "q_proj"),
            ("self_attn_layer_norm", "k_proj"),
            ("self_attn_layer_norm", "v_proj"),
            ("final_layer_norm", "fc1"),
            # Through a relu.
            ("fc1", "fc2"),
        },
    ),
    # No norm; the values of attention have no other reader.
    "bert": (2, {("value", "output")}),
    "whisper/encoder_model": (
        2,
        {
            ("self_attn_layer_norm", "q_proj"),
            ("self_attn_layer_norm", "k_proj"),
            ("self_attn_layer_norm", "v_proj"),
            ("v_proj", "out_proj"),
            ("final_layer_norm", "fc1"),
        },
    ),
    "whisper/decoder_with_past_model": (
        2,
        {
            ("self_attn_layer_norm", "q_proj"),
            ("self_attn_layer_norm", "k_proj"),
            ("self_attn_layer_norm", "v_proj"),
            ("encoder_attn_layer_norm", "q_proj"),
            ("final_layer_norm", "fc1"),
        },
    ),
    "t5/encoder_model": (
        2,
        {
            ("layer_norm", "q"),
            ("layer_norm", "k"),
            ("layer_norm", "v"),
            ("v", "o"),
            ("layer_norm", "wi"),
            ("wi", "wo"),
        },
    ),
}
# alpha = 0 is no identity: s = 1 / wx. Nothing may depend on where factors went.
ALPHAS = ("0", "0.5", "1")
ISA = "avx2"

def qopt(*flags):
    result = support.run([support.QOPT, *flags, "--progress=none"])
    assert result.code == 0, result.first_error
    return result.stdout


@support.once
def statistics(model):
    """A statistics file for `model` with columns of any size, 0 among them."""
    rng = np.random.default_rng(0)
    taps = []
    for line in qopt(model, "--pass-pipeline=w8a8", "--dry-run", "-q").splitlines():
        row = re.match(r"(\S+) +(\d+)x\d+ ", line)
        if row:
            columns = int(row[2])
            absmax = np.exp(rng.uniform(np.log(0.05), np.log(50), columns))
            absmax[rng.integers(columns)] = 0
            taps.append({"name": row[1], "tokens": 100, "absmax": absmax.tolist()})
    with open(model, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    os.makedirs(zoo.WORK, exist_ok=True)
    path = os.path.join(zoo.WORK, "-".join(model.split(os.sep)[-2:]) + ".qcal")
    qcal.write({"model_sha256": digest, "taps": taps}, path)
    return path


def export(name):
    family, _, part = name.partition("/")
    return zoo.export(family, part or "model")


def pairs(name):
    model = export(name)
    preset = f"smoothquant-int8{{alpha=0.5 statistics={statistics(model)}}}"
    found = []
    # What does not fit the line of a layer stands in the lines below it.
    plan = qopt(model, f"--pass-pipeline={preset}", "--dry-run", "-q")
    for layer in re.split(r"\n(?=\S)", plan):
        row = re.match(r"(\S+) .*\ssmoothed\s+into\s+'([^']*)'", layer, re.DOTALL)
        if row:
            found.append((row[2], row[1]))
    blocks, want = PAIRS[name]
    kinds = set()
    for producer, reader in found:
        kind = next(((p, r) for p, r in want if p in producer.split("/") and r in reader.split("/")), None)
        assert kind, f"{producer} takes the factors of {reader}"
        kinds.add(kind)
    assert kinds == want, f"not found: {sorted(want - kinds)}"
    assert not want or len(found) % len(want) == 0
    if blocks:
        assert len(found) == blocks * len(want), f"{len(found)} layers"
    return True, f"{len(found)} layers smoothed into what is in front"


def equal(name, alpha):
    path = export(name)
    text = f"builtin.module(onnx-simplify,qopt-smooth{{alpha={alpha} statistics={statistics(path)}}})"
    # Code of one instruction set shows what the graph computes.
    plain, smoothed = zoo.load(path, isa=ISA), zoo.load(path, text, flags=("--isa=" + ISA,), isa=ISA)
    worst = 0.0
    for _, inputs, _ in zoo.data_sets(path):
        want, have = plain(inputs), smoothed(inputs)
        for key, value in want.items():
            # Values in a cache stay what they were, as nothing is folded into them.
            if value.dtype.kind == "f" and value.size:
                error = np.abs(have[key].astype(np.float64) - value).max() / np.abs(value).max()
                assert np.isfinite(error), f"{key} is not finite"
                worst = max(worst, error)
    return worst <= RELATIVE, f"largest difference {worst:.1e} relative (<= {RELATIVE:.0e})"


TESTS = {f"smoothing/{name}/pairs": functools.partial(pairs, name) for name in PAIRS}
for _name in PAIRS:
    for _alpha in ALPHAS if "/" not in _name else ("0.5",):
        TESTS[f"smoothing/{_name}/equal, alpha {_alpha}"] = functools.partial(equal, _name, _alpha)
