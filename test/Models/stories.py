"""stories260k, a trained language model: greedy text with and without the cache. Its
perplexity is in test/Accuracy.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import os
import sys

import numpy as np
import support
import zoo

sys.path.append(os.path.join(support.ROOT, "test", "Accuracy"))
import corpora
import language

LAYERS, HEADS, HEAD_SIZE = 5, 4, 8
# Pipeline, and whether it has statistics.
PRESETS = {
    "fp32": ("fp32", False),
    "w8a8": ("w8a8", False),
    "llm-int8": ("llm-int8", False),
    "llm-int8-static": ("llm-int8", True),
}


def documents():
    return corpora.documents("stories260k")


def step(model, ids, past):
    """One call: new ids after a past; returns logits and the new past."""
    length = past[0].shape[2]
    inputs = {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, length + len(ids)), np.int64),
        "position_ids": np.arange(length, length + len(ids), dtype=np.int64)[None],
    }
    for layer in range(LAYERS):
        inputs[f"past_key_values.{layer}.key"] = past[2 * layer]
        inputs[f"past_key_values.{layer}.value"] = past[2 * layer + 1]
    outputs = model(**inputs)
    present = []
    for layer in range(LAYERS):
        present += [outputs[f"present.{layer}.key"], outputs[f"present.{layer}.value"]]
    return outputs["logits"][0], present


def no_past(batch=1):
    return [np.zeros((batch, HEADS, 0, HEAD_SIZE), np.float32)] * (2 * LAYERS)


def load(preset, flags=()):
    pipeline, calibrated = PRESETS[preset]
    calib = language.calibration("stories260k") if calibrated else None
    return zoo.load(zoo.export("stories260k"), pipeline, calib, flags)


def greedy(preset, count=64):
    """The same text whether every step sees the whole text or the cache."""
    model = load(preset)
    prompt = documents()[0][:8]
    plain = list(prompt)
    for _ in range(count):
        plain.append(int(step(model, plain, no_past())[0][-1].argmax()))
    cached = list(prompt)
    new, past = prompt, no_past()
    for _ in range(count):
        logits, past = step(model, new, past)
        new = [int(logits[-1].argmax())]
        cached += new
    equal = sum(a == b for a, b in zip(plain, cached)) - len(prompt)
    return plain == cached, f"{equal} of {count} tokens equal with and without cache"


TESTS = {f"stories260k/{p}/greedy": functools.partial(greedy, p) for p in PRESETS}
