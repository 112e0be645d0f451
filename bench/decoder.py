#!/usr/bin/env python3
"""Writes a decoder of the LLaMA kind with random weights, as exporters decompose it:
RMSNorm, rotary positions, a causal mask, a cache and a gated feed-forward part out of
basic operators, with dynamic batch, sequence and past. Weights are external data.

  bench/decoder.py FILE [--layers 24] [--width 1024] [--inner 2816] [--heads 16]
                   [--kv-heads 16] [--vocabulary 32000]

With fewer heads of keys and values than of queries, each serves a group of queries.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto, helper

# Arguments for a stack of the 1-B class of Llamas.
LLAMA = "--layers 8 --width 2048 --inner 5632 --heads 32 --kv-heads 4 --vocabulary 32000".split()
TOTAL = "past_sequence_length + sequence_length"


class Writer:
    """Nodes of a graph, and its weights as they are made: only one is in memory."""

    def __init__(self, path):
        self.path = path
        self.data = open(path + ".data", "wb")
        self.nodes, self.initializers, self.constants = [], [], {}
        self.rng = np.random.default_rng(0)

    def op(self, kind, *inputs, name=None, outputs=1, **attributes):
        name = name or f"{kind}_{len(self.nodes)}"
        results = [f"{name}_output_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, results, name, **attributes))
        return results[0] if outputs == 1 else results

    def constant(self, value, kind=np.int64):
        array = np.asarray(value, kind)
        key = (array.tobytes(), array.shape, array.dtype.str)
        if key not in self.constants:
            self.constants[key] = f"constant_{len(self.constants)}"
            self.initializers.append(onnx.numpy_helper.from_array(array, self.constants[key]))
        return self.constants[key]

    def weight(self, name, shape, deviation, mean=0.0):
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape,
                             data_location=TensorProto.EXTERNAL)
        array = mean + deviation * self.rng.standard_normal(shape, np.float32)
        self.data.write(b"\0" * (-self.data.tell() % 4096))
        for key, value in (("location", os.path.basename(self.data.name)),
                           ("offset", self.data.tell()), ("length", array.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        array.astype(np.float32).tofile(self.data)
        self.initializers.append(tensor)
        return name

    def linear(self, x, name, inputs, outputs):
        weight = self.weight(name + ".weight", (inputs, outputs), 1.2 / inputs**0.5)
        return self.op("MatMul", x, weight, name=f"/{name}/MatMul")

    def norm(self, x, name, width):
        square = self.op("Pow", x, self.constant(2, np.float32))
        mean = self.op("ReduceMean", square, self.constant([-1]), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.constant(1e-5, np.float32)))
        scaled = self.op("Mul", x, self.op("Reciprocal", root))
        return self.op("Mul", self.weight(name + ".weight", (width,), 0.1, 1.0), scaled,
                       name=f"/{name}/Mul")

    def finish(self, inputs, outputs):
        self.data.close()
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8,
                                  producer_name="bench/decoder.py")
        onnx.save(model, self.path)


def rotate(w, x, cos, sin, half):
    """Pairs are (i, i + half)."""
    low = w.op("Slice", x, w.constant([0]), w.constant([half]), w.constant([3]))
    high = w.op("Slice", x, w.constant([half]), w.constant([2**63 - 1]), w.constant([3]))
    turned = w.op("Concat", w.op("Neg", high), low, axis=-1)
    return w.op("Add", w.op("Mul", x, cos), w.op("Mul", turned, sin))


def positions(w, half):
    """cos and sin of every position, [batch, 1, sequence, 2 * half]."""
    frequencies = 10000.0 ** -(np.arange(half) / half)
    ids = w.op("Unsqueeze", w.op("Cast", "position_ids", to=TensorProto.FLOAT), w.constant([1, 3]))
    angles = w.op("Mul", ids, w.constant(frequencies.reshape(1, 1, 1, -1), np.float32))
    both = w.op("Concat", angles, angles, axis=-1)
    return w.op("Cos", both), w.op("Sin", both)


def mask(w):
    """0 where a query may look, else the least float: causal, and no padding."""
    total = w.op("Gather", w.op("Shape", "attention_mask"), w.constant(1))
    length = w.op("Gather", w.op("Shape", "input_ids"), w.constant(1))
    keys = w.op("Range", w.constant(0), total, w.constant(1))
    queries = w.op("Range", w.op("Sub", total, length), total, w.constant(1))
    seen = w.op("LessOrEqual", keys, w.op("Unsqueeze", queries, w.constant([1])))
    padding = w.op("Cast", w.op("Unsqueeze", "attention_mask", w.constant([1, 2])), to=TensorProto.BOOL)
    allowed = w.op("And", padding, w.op("Unsqueeze", seen, w.constant([0, 1])))
    least = w.constant(np.finfo(np.float32).min, np.float32)
    return w.op("Where", allowed, w.constant(0, np.float32), least)


def repeat(w, x, groups, times, size):
    """Every head of keys or values `times` times, for the queries of its group."""
    if times == 1:
        return x
    shape = w.op("Shape", x)
    batch, length = (w.op("Gather", shape, w.constant([axis])) for axis in (0, 2))
    wide = w.op("Concat", batch, w.constant([groups, times]), length, w.constant([size]), axis=0)
    flat = w.op("Concat", batch, w.constant([groups * times]), length, w.constant([size]), axis=0)
    return w.op("Reshape", w.op("Expand", w.op("Unsqueeze", x, w.constant([2])), wide), flat)


def layer(w, x, name, options, cos, sin, bias, past):
    width, heads, groups = options.width, options.heads, options.kv_heads
    size = width // heads
    y = w.norm(x, name + ".input_layernorm", width)
    q, k, v = (w.op("Transpose", w.op("Reshape", w.linear(y, f"{name}.self_attn.{part}", width, count * size),
                                      w.constant([0, 0, count, size])), perm=[0, 2, 1, 3])
               for part, count in (("q_proj", heads), ("k_proj", groups), ("v_proj", groups)))
    q, k = rotate(w, q, cos, sin, size // 2), rotate(w, k, cos, sin, size // 2)
    k, v = w.op("Concat", past[0], k, axis=2), w.op("Concat", past[1], v, axis=2)
    keys, values = (repeat(w, part, groups, heads // groups, size) for part in (k, v))
    scores = w.op("MatMul", q, w.op("Transpose", keys, perm=[0, 1, 3, 2]))
    scores = w.op("Mul", scores, w.constant(size**-0.5, np.float32))
    weights = w.op("Softmax", w.op("Add", scores, bias), axis=-1)
    y = w.op("Transpose", w.op("MatMul", weights, values), perm=[0, 2, 1, 3])
    y = w.linear(w.op("Reshape", y, w.constant([0, 0, width])), name + ".self_attn.o_proj", width, width)
    x = w.op("Add", x, y)
    y = w.norm(x, name + ".post_attention_layernorm", width)
    gate = w.linear(y, name + ".mlp.gate_proj", width, options.inner)
    gate = w.op("Mul", gate, w.op("Sigmoid", gate))
    y = w.op("Mul", gate, w.linear(y, name + ".mlp.up_proj", width, options.inner))
    y = w.linear(y, name + ".mlp.down_proj", options.inner, width)
    return w.op("Add", x, y), k, v


def port(name, kind, *dims):
    return helper.make_tensor_value_info(name, kind, dims)


def token_ports():
    ids = ("batch_size", "sequence_length")
    return [port("input_ids", TensorProto.INT64, *ids),
            port("attention_mask", TensorProto.INT64, "batch_size", TOTAL),
            port("position_ids", TensorProto.INT64, *ids)]


def cache_ports(index, heads, size):
    """(inputs, outputs) of a layer, keys and values."""
    return ([port(f"past_key_values.{index}.{part}", TensorProto.FLOAT, "batch_size", heads,
                  "past_sequence_length", size) for part in ("key", "value")],
            [port(f"present.{index}.{part}", TensorProto.FLOAT, "batch_size", heads, TOTAL, size)
             for part in ("key", "value")])


def name_results(w, values, ports):
    for value, output in zip(values, ports):
        w.nodes.append(helper.make_node("Identity", [value], [output.name], "to_" + output.name))


def write(path, options):
    if options.heads % options.kv_heads:
        raise SystemExit("--heads must be a multiple of --kv-heads")
    w = Writer(path)
    embedding = w.weight("embed_tokens.weight", (options.vocabulary, options.width), 1.0)
    x = w.op("Gather", embedding, "input_ids")
    cos, sin = positions(w, options.width // options.heads // 2)
    bias = mask(w)

    inputs = token_ports()
    outputs = [port("logits", TensorProto.FLOAT, "batch_size", "sequence_length", options.vocabulary)]
    for index in range(options.layers):
        past, present = cache_ports(index, options.kv_heads, options.width // options.heads)
        x, *caches = layer(w, x, f"model.layers.{index}", options, cos, sin, bias, [each.name for each in past])
        name_results(w, caches, present)
        inputs += past
        outputs += present
    x = w.norm(x, "model.norm", options.width)
    name_results(w, [w.linear(x, "lm_head", options.width, options.vocabulary)], outputs[:1])
    w.finish(inputs, outputs)


def parser():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in (("layers", 24), ("width", 1024), ("inner", 2816), ("heads", 16), ("kv-heads", 0),
                        ("vocabulary", 32000)):
        options.add_argument("--" + name, type=int, default=value)
    return options


def parse(argv, options=None):
    found = (options or parser()).parse_args(argv)
    found.kv_heads = found.kv_heads or found.heads
    return found


if __name__ == "__main__":
    arguments = parser()
    arguments.add_argument("file")
    arguments = parse(None, arguments)
    write(arguments.file, arguments)
