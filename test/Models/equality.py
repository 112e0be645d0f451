"""fp32 against ONNX Runtime: every model compiled once with dynamic shapes and run at
several, past length 0 among them.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools

import numpy as np
import zoo

# Of the largest absolute value of an output.
RELATIVE = 1e-4
STORIES_LOGITS = 2e-3


def compare(got, expected, absolute=()):
    """Largest error over all outputs, as a share of what is allowed."""
    worst, text = 0.0, ""
    for name, want in expected.items():
        have = got[name]
        assert have.shape == want.shape, f"{name}: shape {have.shape}, not {want.shape}"
        assert have.dtype == want.dtype, f"{name}: {have.dtype}, not {want.dtype}"
        if not want.size:
            continue
        if want.dtype.kind != "f":
            assert np.array_equal(have, want), f"{name} differs"
            continue
        error = np.abs(have.astype(np.float64) - want).max()
        assert np.isfinite(error), f"{name} is not finite"
        if name in absolute:
            share, figure = error / STORIES_LOGITS, f"{name} {error:.1e} absolute"
        else:
            relative = error / max(np.abs(want).max(), 1e-30)
            share, figure = relative / RELATIVE, f"{name} {relative:.1e} relative"
        if share > worst:
            worst, text = share, figure
    return worst, text


def check(results):
    worst, text = max(results)
    return worst <= 1, f"{len(results)} runs, largest error: {text or 'none'}"


def encoder(path, extra=()):
    model, want = zoo.load(path), zoo.reference(path)
    results = []
    for seed, (batch, length) in enumerate([(1, 1), (1, 7), (2, 16), (3, 33), (8, 128)]):
        inputs = zoo.token_batch(batch, length, seed)
        for name in extra:
            inputs[name] = np.zeros_like(inputs["input_ids"])
        results.append(compare(model(**inputs), want(**inputs)))
    return check(results)


def export(name):
    path = zoo.export(name)
    model = zoo.load(path)
    absolute = ("logits",) if name == "stories260k" else ()
    results = []
    for _, inputs, outputs in zoo.data_sets(path):
        results.append(compare(model(inputs), outputs, absolute))
    return check(results)


TESTS = {
    "fp32/paraphrase-MiniLM-L3": lambda: encoder(zoo.paraphrase_minilm()),
    "fp32/all-MiniLM-L6": lambda: encoder(zoo.all_minilm(), ["token_type_ids"]),
    **{f"fp32/{name}": functools.partial(export, name) for name in ("stories260k", "gpt2", "bert")},
}
