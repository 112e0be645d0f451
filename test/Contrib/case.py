"""One case of the contrib tests: a model of one node, its data, and how far results may be
from ONNX Runtime's.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "com.microsoft"


def random(*shape, seed, scale=1.0, dtype=np.float32):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def integers(low, high, shape, seed, dtype):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def seed_of(name):
    """A number that depends on nothing but the name."""
    return zlib.crc32(name.encode())


class Case:
    """`inputs` and `constants` map names to arrays in the order of the node's operands (an
    operand named "" is missing). Dims of inputs are symbols unless `static`."""

    def __init__(self, op, operands, inputs, constants=None, outputs=1, label="", bound=1e-4,
                 steps=0, static=False, domain=DOMAIN, opset=21, graph=None, valid=None, fused=False,
                 **attributes):
        self.name = op + (f"_{label}" if label else "")
        self.op, self.operands = op, operands
        self.inputs, self.constants = inputs, constants or {}
        self.outputs = [f"out{i}" if i in outputs else "" for i in range(max(outputs) + 1)] \
            if isinstance(outputs, (set, list)) else [f"out{i}" for i in range(outputs)]
        # Relative to the largest value of an output; integers may differ by `steps`.
        self.bound, self.steps = bound, steps
        self.static, self.domain, self.opset = static, domain, opset
        self.graph, self.attributes = graph, attributes
        # Rows of caches (dim 2) that a result defines, per batch row.
        self.valid = valid
        # Whether ONNX Runtime may fuse nodes: what it makes of QDQ defines that.
        self.fused = fused
        # The attribute `opset` of QLinearSoftmax has the name of an argument here.
        if self.attributes.pop("opset13", False):
            self.attributes["opset"] = 13

    def model(self):
        nodes = self.graph or [
            helper.make_node(self.op, self.operands, self.outputs, name="node",
                             domain=self.domain, **self.attributes)
        ]
        inputs = []
        for name, value in self.inputs.items():
            dims = list(value.shape) if self.static else [f"{name}_{i}" for i in range(value.ndim)]
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            inputs.append(helper.make_tensor_value_info(name, kind, dims))
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None)
            for name in self.outputs
            if name
        ]
        for output in outputs:
            output.ClearField("type")
        graph = helper.make_graph(
            nodes, self.name, inputs, outputs,
            [numpy_helper.from_array(v, k) for k, v in self.constants.items()],
        )
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=10)

    def shaped_model(self, results):
        """The model with the outputs' types as ONNX Runtime found them."""
        model = self.model()
        for output in model.graph.output:
            value = results[output.name]
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            dims = [None] * value.ndim
            output.CopyFrom(helper.make_tensor_value_info(output.name, kind, dims))
        return model

    def compare(self, expected, actual):
        """The first complaint, or None; and the largest error."""
        worst = 0.0
        for name, want in expected.items():
            got = actual[name]
            if got.shape != want.shape or got.dtype != want.dtype:
                return f"{name}: {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}", worst
            if self.valid is not None and want.ndim == 4:
                defined = np.arange(want.shape[2])[None] < np.array(self.valid)[:, None]
                want, got = (np.moveaxis(x, 2, 1)[defined] for x in (want, got))
            if want.size == 0:
                continue
            difference = np.abs(got.astype(np.float64) - want.astype(np.float64))
            if np.issubdtype(want.dtype, np.integer):
                if difference.max() > self.steps:
                    return f"{name}: codes differ by {int(difference.max())}", worst
                continue
            largest = np.abs(want.astype(np.float64)).max()
            error = difference.max() / max(largest, 1e-6)
            worst = max(worst, error)
            if not error <= self.bound:
                return f"{name}: {error:.2e} of the largest value", worst
        return None, worst


def batch(*cases):
    return list(cases)
