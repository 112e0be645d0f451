"""fp32 against ONNX Runtime: every model compiled once with dynamic shapes and run at
several, past length 0 among them.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools

import numpy as np
import support
import zoo

# Of the largest absolute value of an output.
RELATIVE = 1e-4
STORIES_LOGITS = 2e-3
# llm-int8, of the norm of an output.
RELATIVE_L2 = 0.08
PARTS = [(name, "model") for name in ("stories260k", "gpt2", "opt", "bert")]
PARTS += [(name, part) for name in ("t5", "whisper")
          for part in ("encoder_model", "decoder_model", "decoder_with_past_model", "decoder_model_merged")]


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


def export(name, part="model"):
    path = zoo.export(name, part)
    model = zoo.load(path)
    absolute = ("logits",) if name == "stories260k" else ()
    results = []
    for _, inputs, outputs in zoo.data_sets(path):
        results.append(compare(model(inputs), outputs, absolute))
    return check(results)


def quantized(name, part="model"):
    """llm-int8 with outliers found at run time: the relative L2 error of every output."""
    path = zoo.export(name, part)
    # Sums of codes are those of every instruction set, and this one compiles fastest.
    model = zoo.load(path, "llm-int8", flags=("--isa=avx2",), isa="avx2")
    results = []
    for _, inputs, outputs in zoo.data_sets(path):
        got = model(inputs)
        for output, want in outputs.items():
            have = got[output]
            assert have.shape == want.shape, f"{output}: shape {have.shape}, not {want.shape}"
            if not want.size:
                continue
            if want.dtype.kind != "f":
                assert np.array_equal(have, want), f"{output} differs"
                continue
            assert np.isfinite(have).all(), f"{output} is not finite"
            results.append((np.linalg.norm(have - want) / max(np.linalg.norm(want), 1e-30), output))
    worst, output = max(results)
    return worst <= RELATIVE_L2, f"{len(results)} outputs, largest L2 error: {worst:.3f} of {output} (<= {RELATIVE_L2})"


def tiny(name):
    """Graphs of a real topology whose values mean nothing, against ONNX Runtime."""
    path = support.shared("onnx-tiny", name + ".onnx")
    model, session = zoo.load(path), zoo.session(path)
    names = [port.name for port in session.get_outputs()]
    results = []
    for seed, (batch, length, past) in enumerate([(1, 1, 0), (2, 5, 7), (3, 11, 0), (1, 1, 12)]):
        rng = np.random.default_rng(seed)
        sizes = {"batch": batch, "seq": length, "past": past, "total": past + length}
        inputs = {}
        for port in session.get_inputs():
            shape = [dim if isinstance(dim, int) else sizes[dim.split("_")[0].removesuffix("uence")]
                     for dim in port.shape]
            integer = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}.get(port.type)
            if not integer:
                inputs[port.name] = rng.standard_normal(shape, np.float32)
            elif port.name == "input_ids":
                inputs[port.name] = rng.integers(3, 999, shape).astype(integer)
            elif port.name == "position_ids":
                inputs[port.name] = np.broadcast_to(np.arange(past, past + length, dtype=integer), shape).copy()
            else:
                inputs[port.name] = np.ones(shape, integer)
        results.append(compare(model(inputs), dict(zip(names, session.run(names, inputs)))))
    return check(results)


TESTS = {
    "fp32/paraphrase-MiniLM-L3": lambda: encoder(zoo.paraphrase_minilm()),
    "fp32/all-MiniLM-L6": lambda: encoder(zoo.all_minilm(), ["token_type_ids"]),
    "fp32/tiny-random-gpt2-past": lambda: tiny("tiny-random-gpt2-past"),
    "fp32/tiny-random-lfm2-decoder": lambda: tiny("tiny-random-lfm2-decoder"),
}
for _name, _part in PARTS:
    _label = _name if _part == "model" else f"{_name}/{_part}"
    TESTS["fp32/" + _label] = functools.partial(export, _name, _part)
    TESTS["llm-int8/" + _label] = functools.partial(quantized, _name, _part)
