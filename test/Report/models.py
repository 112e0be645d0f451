"""A small model with everything that a plan and a report tell about: blocks, a column of
outliers, layers that cannot be quantized, a last projection, and names of any kind.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, INNER, WORDS = 64, 128, 96

# Of a node each: what a shell, a browser or a terminal would obey.
HOSTILE = [
    "<script>document.title='run'</script>",
    "\"><img src=x onerror=document.title='run'>",
    "$(touch x)",
    "'; alert(1); //",
    "\u202egnp.exe",
    "</title><svg onload=document.title='run'>",
    "&lt;b&gt; \U0001f409 %s%n",
    "x" * 4000,
]


def build(path, blocks=3, names=()):
    rng = np.random.default_rng(0)
    weights, nodes, names = [], [], list(names)

    def weight(name, *shape):
        data = rng.normal(0, shape[0] ** -0.5, shape).astype(np.float32)
        weights.append(numpy_helper.from_array(data, name))
        return name

    def node(op, inputs, output, name, **attributes):
        if op == "MatMul" and names:
            name = names.pop(0)
        nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    x = "x"
    for i in range(blocks):
        at = f"/model/layers.{i}"
        gain = np.ones(WIDTH, np.float32)
        # Some channels of each norm are large: what LLM.int8() was made for.
        gain[[3, 40]] = 60
        weights.append(numpy_helper.from_array(gain, at + ".gain"))
        normed = node("LayerNormalization", [x, at + ".gain"], at + ".n", at + "/norm/LayerNormalization")
        up = node("MatMul", [normed, weight(at + ".w1", WIDTH, INNER)], at + ".u", at + "/mlp/fc1/MatMul")
        act = node("Relu", [up], at + ".r", at + "/mlp/act/Relu")
        down = node("MatMul", [act, weight(at + ".w2", INNER, WIDTH)], at + ".d", at + "/mlp/fc2/MatMul")
        x = node("Add", [x, down], at + ".o", at + "/Add")
    scores = node("Transpose", [x], "t", "/model/Transpose", perm=[0, 2, 1])
    square = node("MatMul", [scores, x], "s", "/model/scores/MatMul")
    mixed = node("MatMul", [x, square], "m", "/model/mix/MatMul")
    y = node("MatMul", [mixed, weight("head.w", WIDTH, WORDS)], "y", "/lm_head/MatMul")
    graph = helper.make_graph(
        nodes, "main", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "rows", WIDTH])],
        [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["batch", "rows", WORDS])], weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def samples(path, count=6):
    rng = np.random.default_rng(1)
    np.savez(path, x=rng.normal(size=(count, 24, WIDTH)).astype(np.float32))
