"""Models in the format of llama2.c (version 0): reading them, and writing one as an
ONNX graph in the form that exporters give a Llama.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import struct

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HEADER = ("dim", "hidden", "layers", "heads", "kv_heads", "vocab", "context")


def read(path):
    """(sizes, arrays): matrices are [layer, output, input]."""
    with open(path, "rb") as file:
        data = file.read()
    sizes = dict(zip(HEADER, struct.unpack_from("<7i", data)))
    # A negative vocabulary would mean a classifier of its own.
    assert sizes["vocab"] > 0, "the classifier is not the embedding"
    values = np.frombuffer(data, np.float32, offset=28)
    n, d, h = sizes["layers"], sizes["dim"], sizes["hidden"]
    kv = d * sizes["kv_heads"] // sizes["heads"]
    arrays, offset = {}, 0
    for name, shape in (
        ("embedding", (sizes["vocab"], d)),
        ("input_layernorm", (n, d)),
        ("q_proj", (n, d, d)),
        ("k_proj", (n, kv, d)),
        ("v_proj", (n, kv, d)),
        ("o_proj", (n, d, d)),
        ("post_attention_layernorm", (n, d)),
        ("gate_proj", (n, h, d)),
        ("down_proj", (n, d, h)),
        ("up_proj", (n, h, d)),
        ("norm", (d,)),
    ):
        count = int(np.prod(shape))
        arrays[name] = values[offset : offset + count].reshape(shape)
        offset += count
    return sizes, arrays


class Graph:
    """A graph being written; names of nodes are paths, as exporters write them."""

    def __init__(self):
        self.nodes, self.constants, self.known = [], [], {}

    def constant(self, name, array):
        """Equal small constants are one."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size < 16 else name
        if key not in self.known:
            self.known[key] = name
            self.constants.append(numpy_helper.from_array(array.copy(order="C"), name))
        return self.known[key]

    def ints(self, *values):
        return self.constant("ints." + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value):
        return self.constant(f"value.{value}", np.float32(value))

    def op(self, path, kind, *inputs, **attributes):
        name = f"{path}/{kind}"
        while any(node.name == name for node in self.nodes):
            name += "_1"
        self.nodes.append(helper.make_node(kind, inputs, [name + "_output_0"], name=name, **attributes))
        return name + "_output_0"


def rms_norm(graph, path, x, gain, name):
    square = graph.op(path, "Pow", x, graph.scalar(2.0))
    mean = graph.op(path, "ReduceMean", square, graph.ints(-1), keepdims=1)
    root = graph.op(path, "Sqrt", graph.op(path, "Add", mean, graph.scalar(1e-5)))
    scaled = graph.op(path, "Mul", x, graph.op(path, "Reciprocal", root))
    return graph.op(path, "Mul", graph.constant(name, gain), scaled)


def rotate(graph, path, x, cos, sin, size):
    """Neighbouring pairs (2i, 2i + 1) turn by the angle of the position."""
    pairs = graph.op(path, "Reshape", x, graph.ints(0, 0, 0, size // 2, 2))
    first = graph.op(path, "Gather", pairs, graph.constant("first", np.int64(0)), axis=4)
    second = graph.op(path, "Gather", pairs, graph.constant("second", np.int64(1)), axis=4)

    def part(kind, a, b):
        return graph.op(path, kind, graph.op(path, "Mul", first, a), graph.op(path, "Mul", second, b))

    turned = [graph.op(path, "Unsqueeze", part(kind, a, b), graph.ints(-1)) for kind, a, b in
              (("Sub", cos, sin), ("Add", sin, cos))]
    return graph.op(path, "Reshape", graph.op(path, "Concat", *turned, axis=-1), graph.ints(0, 0, 0, size))


def attention_mask(graph, path):
    """0 where a token may look, a large negative number elsewhere: [batch, 1, length, length]."""
    length = graph.op(path, "Gather", graph.op(path, "Shape", "input_ids"), graph.ints(1), axis=0)
    square = graph.op(path, "Concat", length, length, axis=0)
    ones = graph.op(path, "ConstantOfShape", square, value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]))
    later = graph.op(path, "Trilu", ones, graph.constant("diagonal", np.int64(1)), upper=1)
    given = graph.op(path, "Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = graph.op(path, "Sub", graph.scalar(1.0), graph.op(path, "Unsqueeze", given, graph.ints(1, 2)))
    return graph.op(path, "Mul", graph.op(path, "Max", later, absent), graph.scalar(-1e9))


def attention(graph, path, x, weights, layer, sizes, angles, mask):
    heads, groups = sizes["heads"], sizes["kv_heads"]
    size = sizes["dim"] // heads

    def project(name, count):
        weight = graph.constant(f"model.layers.{layer}.self_attn.{name}.weight", weights[name][layer].T)
        y = graph.op(f"{path}/{name}", "MatMul", x, weight)
        return graph.op(path, "Reshape", y, graph.ints(0, 0, count, size))

    def repeat(y):
        """Each head of keys and values serves heads / groups queries."""
        y = graph.op(path, "Unsqueeze", graph.op(path, "Transpose", y, perm=[0, 2, 1, 3]), graph.ints(2))
        y = graph.op(path, "Expand", y, graph.ints(1, 1, heads // groups, 1, 1))
        shape = graph.op(path, "Shape", "input_ids")
        target = graph.op(path, "Concat", graph.op(path, "Gather", shape, graph.ints(0), axis=0), graph.ints(heads),
                          graph.op(path, "Gather", shape, graph.ints(1), axis=0), graph.ints(size), axis=0)
        return graph.op(path, "Reshape", y, target)

    q = rotate(graph, path, project("q_proj", heads), *angles, size)
    k = rotate(graph, path, project("k_proj", groups), *angles, size)
    q = graph.op(path, "Transpose", q, perm=[0, 2, 1, 3])
    k = graph.op(path, "Transpose", repeat(k), perm=[0, 1, 3, 2])
    scores = graph.op(path, "Mul", graph.op(path, "MatMul", q, k), graph.scalar(size**-0.5))
    shares = graph.op(path, "Softmax", graph.op(path, "Add", scores, mask), axis=-1)
    mixed = graph.op(path, "MatMul", shares, repeat(project("v_proj", groups)))
    mixed = graph.op(path, "Reshape", graph.op(path, "Transpose", mixed, perm=[0, 2, 1, 3]),
                     graph.ints(0, 0, sizes["dim"]))
    weight = graph.constant(f"model.layers.{layer}.self_attn.o_proj.weight", weights["o_proj"][layer].T)
    return graph.op(f"{path}/o_proj", "MatMul", mixed, weight)


def gated(graph, path, x, weights, layer):
    def project(name, value):
        weight = graph.constant(f"model.layers.{layer}.mlp.{name}.weight", weights[name][layer].T)
        return graph.op(f"{path}/{name}", "MatMul", value, weight)

    gate = project("gate_proj", x)
    gate = graph.op(path, "Mul", gate, graph.op(path, "Sigmoid", gate))
    return project("down_proj", graph.op(path, "Mul", gate, project("up_proj", x)))


def to_onnx(source):
    """Inputs input_ids and attention_mask, int64 [batch, length]; output logits."""
    sizes, weights = read(source)
    size = sizes["dim"] // sizes["heads"]
    graph = Graph()
    turns = np.outer(np.arange(sizes["context"]), 10000.0 ** (-np.arange(0, size, 2) / size)).astype(np.float32)
    length = graph.op("/model", "Gather", graph.op("/model", "Shape", "input_ids"), graph.ints(1), axis=0)
    angles = []
    for name, table in (("cos", np.cos(turns)), ("sin", np.sin(turns))):
        rows = graph.op("/model", "Slice", graph.constant(name, table), graph.ints(0), length, graph.ints(0))
        angles.append(graph.op("/model", "Unsqueeze", rows, graph.ints(0, 2)))
    mask = attention_mask(graph, "/model")
    embedding = graph.constant("model.embed_tokens.weight", weights["embedding"])
    x = graph.op("/model/embed_tokens", "Gather", embedding, "input_ids", axis=0)
    for layer in range(sizes["layers"]):
        path = f"/model/layers.{layer}"
        for norm, block in (("input_layernorm", "self_attn"), ("post_attention_layernorm", "mlp")):
            y = rms_norm(graph, f"{path}/{norm}", x, weights[norm][layer], f"model.layers.{layer}.{norm}.weight")
            if block == "mlp":
                y = gated(graph, f"{path}/mlp", y, weights, layer)
            else:
                y = attention(graph, f"{path}/self_attn", y, weights, layer, sizes, angles, mask)
            x = graph.op(path, "Add", x, y)
    x = rms_norm(graph, "/model/norm", x, weights["norm"], "model.norm.weight")
    head = graph.constant("lm_head.weight", weights["embedding"].T)
    graph.nodes.append(helper.make_node("MatMul", [x, head], ["logits"], name="/lm_head/MatMul"))
    dims = ["batch_size", "sequence_length"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "llama2c",
            [helper.make_tensor_value_info(name, TensorProto.INT64, dims) for name in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, dims + [sizes["vocab"]])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    checker.check_model(model, full_check=True)
    return model
