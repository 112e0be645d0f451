"""The test sets: Debian's libonnx-testdata (ONNX 1.12) and the node tests that the
onnx 1.22 wheel carries; what each test uses, and whether qopt means to run it.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import collections
import hashlib
import os
import re

import onnx
import support

Test = collections.namedtuple("Test", "set suite name folder")
SUITES = {
    "debian": ("node", "simple", "pytorch-converted", "pytorch-operator"),
    "onnx-1.22": ("node",),
}

# The operators in scope: what exports of transformers hold (T1 and T2, by how often),
# quantized files, convolution, and ONNX's own composite operators of opset 23 on.
TIERS = {
    "T1": """Constant Identity Cast Shape Gather Unsqueeze Squeeze Concat Slice Reshape
        Transpose Split Expand ConstantOfShape Range Where Equal Not And Less Greater Add Sub
        Mul Div Pow Sqrt Neg Max Min Erf Tanh Sigmoid Relu Softmax ReduceMean
        LayerNormalization MatMul Gemm CumSum""",
    "T2": """Cos Sin Trilu ScatterND GatherElements Tile Clip Abs Log LessOrEqual
        GreaterOrEqual Or Reciprocal ReduceSum ReduceMax Einsum Pad Gelu Exp Mod GatherND
        ArgMax TopK Size CastLike IsNaN Flatten Dropout If""",
    "Q": """QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger
        QLinearMatMul""",
    "W": "Conv",
    "N": "Attention RMSNormalization RotaryEmbedding TensorScatter Swish SwiGLU",
}
IN_SCOPE = {op for ops in TIERS.values() for op in ops.split()}


def data_root(name):
    """Where a set is; None when it is not installed."""
    root = support.ONNX_TESTDATA
    if name == "onnx-1.22":
        root = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
        if not onnx.__version__.startswith("1.22."):
            return None
    return root if os.path.isdir(os.path.join(root, "node")) else None


def tests(sets, pattern):
    """The tests whose suite/name or set/suite/name matches."""
    for name in sets:
        for suite in SUITES[name]:
            folder = os.path.join(data_root(name), suite)
            for test in sorted(os.listdir(folder)):
                if re.search(pattern, f"{name}/{suite}/{test}"):
                    yield Test(name, suite, test, os.path.join(folder, test))


def digest(test):
    """Equal for tests of two sets that are the same byte for byte."""
    content = hashlib.sha256()
    for root, folders, files in os.walk(test.folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(root, name)
            content.update(f"{os.path.relpath(path, test.folder)}\0".encode())
            with open(path, "rb") as file:
                content.update(hashlib.sha256(file.read()).digest())
    return content.hexdigest()


class Usage:
    """What a model uses, in its subgraphs and functions too."""

    def __init__(self, model):
        self.ops = set()
        self.outside = set()  # why it is no test of a compiler for tensors
        self._graph(model.graph)
        for function in model.functions:
            self._nodes(function.node)

    def _graph(self, graph):
        for value in [*graph.input, *graph.output, *graph.value_info]:
            kind = value.type.WhichOneof("value")
            if kind not in ("tensor_type", None):
                self.outside.add(kind)
            elif value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
                self.outside.add("string")
        self._nodes(graph.node)

    def _nodes(self, nodes):
        for node in nodes:
            self.ops.add((node.domain + "." if node.domain else "") + node.op_type)
            # An operand for the mode: a Dropout of training.
            if node.op_type == "Dropout" and len(node.input) > 2:
                self.outside.add("training")
            for attribute in node.attribute:
                if attribute.name == "to" and attribute.i == onnx.TensorProto.STRING:
                    self.outside.add("string")
                if attribute.HasField("g"):
                    self._graph(attribute.g)
                for graph in attribute.graphs:
                    self._graph(graph)

    @property
    def in_scope(self):
        return self.ops <= IN_SCOPE and not self.outside
