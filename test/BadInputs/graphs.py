"""Rows G: a protobuf that is no valid graph, or one that qopt cannot compile.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np
from harness import Case
from harness import row as row_of
from models import FLOAT, make, save, value, weight
from onnx import helper

node = helper.make_node


def graph_case(row, name, model, codes=1, says=None, then=None):
    @row_of(row)
    def maker(directory):
        save(directory, model)
        return Case(row, name, codes, says=says, then=then)

    return maker


def ring(count):
    """A cycle of `count` nodes beside a graph that is complete without it."""
    names = [f"c{i}" for i in range(count)]
    nodes = [node("Add", ["x", names[i - 1]], [names[i]], name=f"n{i}") for i in range(count)]
    return make(nodes + [node("Relu", [names[-1]], ["y"])])


def g01():
    for count in (1, 2, 1000):
        yield graph_case("G01", f"cycle of {count}", ring(count), says="n0|c")
    late = make([node("Relu", ["t"], ["y"], name="early"), node("Neg", ["x"], ["t"], name="late")])
    yield graph_case("G01", "nodes out of order", late, says="early|'t'")


def g02():
    unknown = make([node("Frobnicate", ["x"], ["t"], name="a"), node("Twiddle", ["t"], ["y"], name="b")])
    yield graph_case("G02", "two unknown operators, both named", unknown, 3)
    foreign = make([node("Thing", ["x"], ["y"], name="a", domain="org.example")], domains=["org.example"])
    yield graph_case("G02", "unknown domain", foreign, 3, says="org.example|Thing")
    newer = make([node("LayerNormalization", ["x", "s"], ["y"], name="a")], opset=16,
                 weights=[weight("s", np.ones(4, np.float32))])
    yield graph_case("G02", "operator newer than its opset", newer, 3, says="LayerNormalization")
    contrib = make([node("NhwcConv", ["x", "w"], ["y"], name="a", domain="com.microsoft")],
                   domains=["com.microsoft"], weights=[weight("w", np.ones((4, 4), np.float32))])
    yield graph_case("G02", "com.microsoft operator", contrib, 3, says="NhwcConv")


def g03():
    lost = make([node("Add", ["x", "nowhere"], ["y"], name="sum")])
    yield graph_case("G03", "node input that nothing produces", lost, says="nowhere")
    blank = make([node("Add", ["x", ""], ["y"], name="sum")])
    yield graph_case("G03", "empty name where an input is required", blank, says="sum|Add")


def g04():
    relu = node("Relu", ["x"], ["y"])
    lost = make([relu], outputs=[value("y"), value("nowhere")])
    yield graph_case("G04", "output that nothing produces", lost, says="nowhere")
    twice = make([relu], outputs=[value("y"), value("y")])
    yield graph_case("G04", "output declared twice", twice, (0, 1))
    through = make([relu], outputs=[value("y"), value("x")])
    yield graph_case("G04", "output = input", through, 0)
    constant = make([relu], outputs=[value("y"), value("w", (3,))],
                    weights=[weight("w", np.ones(3, np.float32))])
    yield graph_case("G04", "output = initializer", constant, 0)


def g05():
    same = make([node("Relu", ["x"], ["t"], name="n"), node("Neg", ["t"], ["y"], name="n")])
    yield graph_case("G05", "two nodes of one name (legal)", same, 0)
    values = make([node("Relu", ["x"], ["y"], name="a"), node("Neg", ["x"], ["y"], name="b")])
    yield graph_case("G05", "value produced twice", values, says="'y'")
    w = np.ones(4, np.float32)
    initializers = make([node("Add", ["x", "w"], ["y"])], weights=[weight("w", w), weight("w", w)])
    yield graph_case("G05", "two initializers of one name", initializers, says="'w'")
    clash = make([node("Relu", ["x"], ["w"]), node("Neg", ["w"], ["y"])], weights=[weight("w", w)])
    yield graph_case("G05", "initializer = node output", clash, says="'w'")


def ints(name, values):
    return weight(name, np.array(values, np.int64))


def g09():
    def one(name, op, codes=1, inputs=("x",), weights=(), **attributes):
        model = make([node(op, list(inputs), ["y"], name="it", **attributes)], weights=weights,
                     inputs=[value("x", (3, 4))],
                     outputs=[helper.make_tensor_value_info("y", FLOAT, None)])
        return graph_case("G09", name, model, codes, says=f"it|{op}" if codes == 1 else None)

    yield one("Softmax axis 2 of rank 2", "Softmax", axis=2)
    yield one("Softmax axis -3 of rank 2", "Softmax", axis=-3)
    yield one("Concat axis out of range", "Concat", inputs=("x", "x"), axis=5)
    yield one("Gather axis out of range", "Gather", inputs=("x", "i"), weights=[ints("i", [0])], axis=2)
    yield one("Transpose perm out of range", "Transpose", perm=[0, 2])
    yield one("Transpose perm repeated", "Transpose", perm=[0, 0])
    yield one("Transpose perm too short", "Transpose", perm=[0])
    yield one("Split sizes that do not sum", "Split", inputs=("x", "s"), weights=[ints("s", [3])], axis=1)
    yield one("Split axis out of range", "Split", inputs=("x", "s"), weights=[ints("s", [4])], axis=2)
    yield one("Slice axis out of range", "Slice", inputs=("x", "a", "b", "c"),
              weights=[ints("a", [0]), ints("b", [1]), ints("c", [2])])
    yield one("Slice step 0", "Slice", inputs=("x", "a", "b", "c", "d"),
              weights=[ints("a", [0]), ints("b", [1]), ints("c", [0]), ints("d", [0])])
    yield one("Slice starts beyond the end (legal, clamped)", "Slice", 0, inputs=("x", "a", "b", "c"),
              weights=[ints("a", [100]), ints("b", [200]), ints("c", [0])])
    yield one("Reshape with two -1", "Reshape", inputs=("x", "s"), weights=[ints("s", [-1, -1])])
    yield one("Reshape with 0 and -1 under allowzero", "Reshape", inputs=("x", "s"),
              weights=[ints("s", [0, -1])], allowzero=1)
    yield one("Reshape to another size", "Reshape", inputs=("x", "s"), weights=[ints("s", [5, 5])])
    yield one("Unsqueeze axis repeated", "Unsqueeze", inputs=("x", "s"), weights=[ints("s", [0, 0])])
    yield one("Squeeze of a dim that is not 1", "Squeeze", inputs=("x", "s"), weights=[ints("s", [0])])
    yield one("ReduceSum axis out of range", "ReduceSum", inputs=("x", "s"), weights=[ints("s", [7])])
    yield one("Gather index of type float", "Gather", inputs=("x", "i"),
              weights=[weight("i", np.zeros(1, np.float32))])
    yield one("MatMul of 4 with 5", "MatMul", inputs=("x", "w"), weights=[weight("w", np.ones((5, 2), np.float32))])
    yield one("Add of 4 and 3", "Add", inputs=("x", "w"), weights=[weight("w", np.ones(3, np.float32))])
    yield one("Cast to a type that does not exist", "Cast", (1, 3), to=99)


def cases():
    for rows in (g01, g02, g03, g04, g05, g09):
        yield from rows()
