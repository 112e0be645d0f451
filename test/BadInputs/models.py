"""Small models to damage. All are built here; none is read from a file.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
import onnx
import support
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
OPSET = 17


def value(name, dims=("n", 4), dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def weight(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def make(nodes, inputs=None, outputs=None, weights=(), opset=OPSET, domains=(), ir=8):
    graph = helper.make_graph(
        list(nodes), "graph",
        inputs if inputs is not None else [value("x")],
        outputs if outputs is not None else [value("y")],
        initializer=list(weights),
    )
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="qopt-tests")
    model.ir_version = ir
    return model


def matmul(k=4, n=8, seed=1):
    """x [n,4] times a constant weight."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((k, n), np.float32)
    return make(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        [value("x", ("rows", k))], [value("y", ("rows", n))], [weight("w", w)],
    )


@support.once
def matmul_file(k, n):
    """The bytes of a model file, made once."""
    return matmul(k, n).SerializeToString()


def chain(count=3):
    names = ["x"] + [f"t{i}" for i in range(count - 1)] + ["y"]
    return make(
        [helper.make_node("Relu", [a], [b], name=f"relu_{i}")
         for i, (a, b) in enumerate(zip(names, names[1:]))]
    )


def small_models():
    """Ten, of different shape: truncated at every byte in row P02."""
    n = helper.make_node
    yield "relu", make([n("Relu", ["x"], ["y"])])
    yield "chain", chain()
    yield "matmul", matmul(2, 2)
    yield "add", make([n("Add", ["x", "b"], ["y"])], weights=[weight("b", np.ones(4, np.float32))])
    yield "transpose", make([n("Transpose", ["x"], ["y"], perm=[1, 0])], outputs=[value("y", (4, "n"))])
    yield "softmax", make([n("Softmax", ["x"], ["y"], axis=-1)])
    yield "concat", make([n("Concat", ["x", "x"], ["y"], axis=0)], outputs=[value("y", ("m", 4))])
    yield "cast", make([n("Cast", ["x"], ["y"], to=TensorProto.INT64)],
                       outputs=[value("y", dtype=TensorProto.INT64)])
    yield "constant", make([n("Constant", [], ["c"], value=weight("c", np.float32(2))),
                            n("Mul", ["x", "c"], ["y"])])
    yield "two", make([n("Sigmoid", ["x"], ["y"]), n("Neg", ["x"], ["z"])],
                      outputs=[value("y"), value("z")])


def save(directory, model, name="model.onnx"):
    """Writes the protobuf as it is: onnx.save may check or reorder."""
    with open(os.path.join(directory, name), "wb") as file:
        file.write(model.SerializeToString())
