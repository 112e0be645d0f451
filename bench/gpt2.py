#!/usr/bin/env python3
"""Writes a decoder of the GPT-2 kind with random weights, as exporters write it: learned
positions, LayerNormalization, Reshape-Gemm-Reshape for every layer, one product for
queries, keys and values, GELU by tanh, a cache. By default the smallest GPT-2, 124 M.

  bench/gpt2.py FILE [--layers 12] [--width 768] [--heads 12] [--vocabulary 50257]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import sys

import numpy as np
from onnx import TensorProto

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import decoder

POSITIONS = 2048


def gemm(w, x, name, inputs, outputs):
    """Conv1D of that model: rows of all texts as one matrix."""
    shape = w.op("Shape", x)
    rows = w.op("Reshape", x, w.constant([-1, inputs]), name=f"/{name}/Reshape")
    weight = w.weight(name + ".weight", (inputs, outputs), 1.2 / inputs**0.5)
    y = w.op("Gemm", rows, weight, w.weight(name + ".bias", (outputs,), 0.1), name=f"/{name}/Gemm")
    leading = w.op("Slice", shape, w.constant([0]), w.constant([2]), w.constant([0]))
    return w.op("Reshape", y, w.op("Concat", leading, w.constant([outputs]), axis=0))


def norm(w, x, name, width):
    scale, bias = w.weight(name + ".weight", (width,), 0.1, 1.0), w.weight(name + ".bias", (width,), 0.1)
    return w.op("LayerNormalization", x, scale, bias, name=f"/{name}/LayerNormalization", axis=-1, epsilon=1e-5)


def gelu(w, x):
    cube = w.op("Mul", w.op("Pow", x, w.constant(3, np.float32)), w.constant(0.044715, np.float32))
    inner = w.op("Mul", w.op("Add", x, cube), w.constant((2 / np.pi) ** 0.5, np.float32))
    one = w.op("Add", w.op("Tanh", inner), w.constant(1, np.float32))
    return w.op("Mul", w.op("Mul", x, w.constant(0.5, np.float32)), one)


def block(w, x, name, options, bias, past):
    width, heads = options.width, options.heads
    y = gemm(w, norm(w, x, name + ".ln_1", width), name + ".attn.c_attn", width, 3 * width)
    parts = w.op("Split", y, w.constant([width] * 3), outputs=3, axis=2)
    split = w.constant([0, 0, heads, width // heads])
    q, k, v = (w.op("Transpose", w.op("Reshape", part, split), perm=[0, 2, 1, 3]) for part in parts)
    k, v = w.op("Concat", past[0], k, axis=2), w.op("Concat", past[1], v, axis=2)
    scores = w.op("MatMul", q, w.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = w.op("Div", scores, w.constant((width // heads) ** 0.5, np.float32))
    weights = w.op("Softmax", w.op("Add", scores, bias), axis=-1)
    y = w.op("Transpose", w.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    y = gemm(w, w.op("Reshape", y, w.constant([0, 0, width])), name + ".attn.c_proj", width, width)
    x = w.op("Add", y, x)
    y = gemm(w, norm(w, x, name + ".ln_2", width), name + ".mlp.c_fc", width, 4 * width)
    y = gemm(w, gelu(w, y), name + ".mlp.c_proj", 4 * width, width)
    return w.op("Add", x, y), k, v


def write(path, options):
    w = decoder.Writer(path)
    tokens = w.weight("transformer.wte.weight", (options.vocabulary, options.width), 1.0)
    places = w.weight("transformer.wpe.weight", (POSITIONS, options.width), 0.1)
    x = w.op("Add", w.op("Gather", tokens, "input_ids"), w.op("Gather", places, "position_ids"))
    bias = decoder.mask(w)
    inputs = decoder.token_ports()
    outputs = [decoder.port("logits", TensorProto.FLOAT, "batch_size", "sequence_length", options.vocabulary)]
    for index in range(options.layers):
        past, present = decoder.cache_ports(index, options.heads, options.width // options.heads)
        x, *caches = block(w, x, f"transformer.h.{index}", options, bias, [each.name for each in past])
        decoder.name_results(w, caches, present)
        inputs += past
        outputs += present
    x = norm(w, x, "transformer.ln_f", options.width)
    decoder.name_results(w, [w.linear(x, "lm_head", options.width, options.vocabulary)], outputs[:1])
    w.finish(inputs, outputs)


def parser():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in (("layers", 12), ("width", 768), ("heads", 12), ("vocabulary", 50257)):
        options.add_argument("--" + name, type=int, default=value)
    return options


if __name__ == "__main__":
    arguments = parser()
    arguments.add_argument("file")
    arguments = arguments.parse_args()
    write(arguments.file, arguments)
