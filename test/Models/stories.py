"""stories260k, a trained language model: perplexity as it is and with outliers
injected, and greedy text with and without the cache.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import heapq
import os
import struct

import numpy as np
import onnx
import support
import zoo
from onnx import numpy_helper

LAYERS, HEADS, HEAD_SIZE, CONTEXT = 5, 4, 8, 512
# Documents: predictions that the protocol counts, a check of the tokenizer.
PREDICTIONS = {40: 12571, 60: 20416}
FIRST_IDS = [1, 385, 328, 432, 261, 376]
OUTLIERS = (5, 22)
FACTOR = 30


class Tokenizer:
    """Byte-pair encoding with scores: a leading space, one token per character or
    per byte, then always the merge of the best score, the leftmost of equals."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.scores, self.ids = [], {}
        offset = 4
        while offset < len(data):
            score, length = struct.unpack_from("<fi", data, offset)
            offset += 8
            self.ids.setdefault(data[offset : offset + length], len(self.scores))
            self.scores.append(score)
            offset += length
        self.pieces = {index: piece for piece, index in self.ids.items()}

    def encode(self, text):
        pieces = [b" "] if text else []
        tokens = [self.ids[b" "]] if text else []
        for character in text:
            raw = character.encode()
            if raw in self.ids:
                tokens.append(self.ids[raw])
                pieces.append(raw)
            else:
                tokens += [byte + 3 for byte in raw]
                pieces += [self.pieces.get(byte + 3, b"") for byte in raw]
        return [1] + self.merge(tokens, pieces)

    def merge(self, tokens, pieces):
        after = list(range(1, len(tokens))) + [-1]
        before = list(range(-1, len(tokens) - 1))
        alive = [True] * len(tokens)
        heap = []

        def offer(left):
            right = after[left] if left >= 0 else -1
            if right >= 0:
                merged = self.ids.get(pieces[left] + pieces[right])
                if merged is not None:
                    entry = (-self.scores[merged], left, right, merged, pieces[left], pieces[right])
                    heapq.heappush(heap, entry)

        for left in range(len(tokens)):
            offer(left)
        while heap:
            _, left, right, merged, first, second = heapq.heappop(heap)
            current = alive[left] and alive[right] and after[left] == right
            if not current or pieces[left] != first or pieces[right] != second:
                continue
            tokens[left], pieces[left] = merged, first + second
            alive[right] = False
            after[left] = after[right]
            if after[left] >= 0:
                before[after[left]] = left
            offer(before[left])
            offer(left)
        return [token for token, kept in zip(tokens, alive) if kept]


@functools.lru_cache(None)
def documents():
    """Token ids of the first 76 documents: 60 evaluated and 16 to calibrate with."""
    tokenizer = Tokenizer(support.shared("stories260K", "tok512.bin"))
    with open(support.shared("text", "tiny.utf8"), encoding="utf-8") as file:
        texts = [text.strip() for text in file.read().split("<|endoftext|>")]
    found = [tokenizer.encode(text)[:CONTEXT] for text in texts if text][:76]
    assert found[0][:6] == FIRST_IDS, f"the tokenizer is wrong: {found[0][:6]}"
    for count, predictions in PREDICTIONS.items():
        assert sum(len(ids) - 1 for ids in found[:count]) == predictions
    return found


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


def perplexity(model, count):
    total = predictions = 0
    for ids in documents()[:count]:
        logits = step(model, ids, no_past())[0][:-1].astype(np.float64)
        peak = logits.max(axis=1, keepdims=True)
        norm = np.log(np.exp(logits - peak).sum(axis=1)) + peak[:, 0]
        total += (norm - logits[np.arange(len(ids) - 1), ids[1:]]).sum()
        predictions += len(ids) - 1
    return float(np.exp(total / predictions))


def calibration(count):
    """The 16 documents after the evaluated ones, padded; returns the npz."""
    rows = documents()[count : count + 16]
    ids = np.zeros((len(rows), CONTEXT), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    arrays = {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": np.tile(np.arange(CONTEXT, dtype=np.int64), (len(rows), 1)),
    }
    past = no_past(len(rows))
    for layer in range(LAYERS):
        arrays[f"past_key_values.{layer}.key"] = past[2 * layer]
        arrays[f"past_key_values.{layer}.value"] = past[2 * layer + 1]
    os.makedirs(zoo.WORK, exist_ok=True)
    path = os.path.join(zoo.WORK, f"stories260k.calib{count}.npz")
    np.savez(path, **arrays)
    return path


def with_outliers():
    """The same function with two large channels: gains of both norms of every block
    times FACTOR, the matching rows of every weight that reads them divided by it."""
    model = onnx.load(zoo.export("stories260k"))
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    changed = 0

    def scale(name, factor):
        array = numpy_helper.to_array(weights[name]).copy()
        array[list(OUTLIERS)] *= np.float32(factor)
        weights[name].CopyFrom(numpy_helper.from_array(array, name))

    for node in graph.node:
        gain = next((name for name in node.input if "layers." in name and name.endswith("layernorm.weight")), None)
        if node.op_type != "Mul" or gain is None:
            continue
        scale(gain, FACTOR)
        for reader in graph.node:
            if node.output[0] in reader.input and reader.op_type != "Shape":
                assert reader.op_type == "MatMul" and reader.input[1] in weights, reader.name
                scale(reader.input[1], 1 / FACTOR)
                changed += 1
    assert changed == 5 * LAYERS, changed
    os.makedirs(zoo.WORK, exist_ok=True)
    path = os.path.join(zoo.WORK, "stories260k-outliers.onnx")
    onnx.save(model, path)
    return path


def natural(preset, want, bar):
    found = perplexity(zoo.load(zoo.export("stories260k"), preset, calibration(60)), 60)
    return abs(found - want) <= bar, f"perplexity {found:.4f} ({want} +- {bar})"


def injected(preset, want, bar):
    path = with_outliers()
    if want is None:  # relative to float
        want = perplexity(zoo.load(path, "fp32"), 40)
    found = perplexity(zoo.load(path, preset, calibration(40)), 40)
    return abs(found - want) <= bar, f"perplexity {found:.4f} ({want:.4f} +- {bar})"


def greedy(preset, count=64):
    """The same text whether every step sees the whole text or the cache."""
    model = zoo.load(zoo.export("stories260k"), preset, calibration(60))
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


TESTS = {
    "stories260k/fp32/perplexity": lambda: natural("fp32", 3.6545, 0.0005),
    "stories260k/w8a8/perplexity": lambda: natural("w8a8", 3.659, 0.01),
    "stories260k x30/fp32/perplexity": lambda: injected("fp32", 3.4732, 0.0005),
    "stories260k x30/w8a8/perplexity": lambda: injected("w8a8", 3.78, 0.03),
    "stories260k x30/llm-int8/perplexity": lambda: injected("llm-int8", None, 0.01),
    "stories260k x30/llm-int8-static/perplexity": lambda: injected("llm-int8-static", None, 0.01),
    "stories260k/smoothquant-int8/perplexity": lambda: natural("smoothquant-int8", 3.6561, 0.01),
    "stories260k x30/smoothquant-int8/perplexity": lambda: injected("smoothquant-int8", None, 0.01),
    **{f"stories260k/{p}/greedy": functools.partial(greedy, p) for p in zoo.PRESETS},
}
