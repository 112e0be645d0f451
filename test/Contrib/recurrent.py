"""LSTM, GRU and RNN: directions, lengths, activations, clipping. ONNX's own tests know the
forward direction only.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import itertools

import numpy as np

from case import Case, integers, random, seed_of

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUT, HIDDEN, STEPS, BATCH = 5, 7, 6, 3


def recurrent(op, direction="forward", lengths=False, peephole=False, label="", **attributes):
    label = "_".join(filter(None, [direction, "lengths" * lengths, "peephole" * peephole, label]))
    seed = seed_of(op + label)
    directions = 2 if direction == "bidirectional" else 1
    rows = GATES[op] * HIDDEN
    weight = lambda i, *shape: random(directions, *shape, seed=seed + i, scale=0.5)
    constants = {"w": weight(0, rows, INPUT), "r": weight(1, rows, HIDDEN), "b": weight(2, 2 * rows)}
    inputs = {"x": random(STEPS, BATCH, INPUT, seed=seed + 3)}
    if lengths:
        inputs["lengths"] = np.maximum(integers(1, STEPS + 1, BATCH, seed, np.int32), [STEPS, 1, 1])
        inputs["lengths"] = inputs["lengths"].astype(np.int32)
    operands = ["x", "w", "r", "b", "lengths" if lengths else "", "h"]
    inputs["h"] = random(directions, BATCH, HIDDEN, seed=seed + 4, scale=0.5)
    if op == "LSTM":
        inputs["c"] = random(directions, BATCH, HIDDEN, seed=seed + 5, scale=0.5)
        operands.append("c")
        if peephole:
            constants["p"] = weight(6, 3 * HIDDEN)
            operands.append("p")
    return Case(op, operands, inputs, constants, 3 if op == "LSTM" else 2, label=label, bound=1e-5,
                domain="", opset=22, direction=direction, hidden_size=HIDDEN, **attributes)


def cases():
    for op, direction, lengths in itertools.product(
        GATES, ("forward", "reverse", "bidirectional"), (False, True)
    ):
        yield recurrent(op, direction, lengths)
    for op in GATES:
        yield recurrent(op, "bidirectional", lengths=True, label="clip", clip=0.3)
    yield recurrent("LSTM", "bidirectional", peephole=True)
    yield recurrent("LSTM", label="input_forget", input_forget=1)
    yield recurrent("GRU", "bidirectional", label="linear", linear_before_reset=1)
    yield recurrent("LSTM", label="activations",
                    activations=["HardSigmoid", "ScaledTanh", "Softsign"],
                    activation_alpha=[0.3, 0.9], activation_beta=[0.4, 1.1])
    yield recurrent("GRU", label="activations", activations=["Sigmoid", "Relu"])
    yield recurrent("RNN", label="activations", activations=["LeakyRelu"], activation_alpha=[0.2])
