"""Small ONNX graphs for the lifting tests, an operator per line.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Operators whose attribute `axes` became an input at this opset.
AXES_INPUT = {"Unsqueeze": 13, "Squeeze": 13, "ReduceSum": 13, "ReduceMean": 18}


class Graph:
    """Values are names; constants are made where a number or an array stands."""

    def __init__(self, opset=17, dtype=np.float32):
        self.opset = opset
        self.dtype = np.dtype(dtype)
        self.inputs, self.outputs, self.nodes, self.constants = [], [], [], []

    def _name(self):
        return f"v{len(self.nodes)}_{len(self.constants)}"

    def input(self, name, *dims, dtype=None):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype or self.dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(dims)))
        return name

    def const(self, value, dtype=None):
        """Floats take the type of the graph, integers are int64."""
        array = np.asarray(value)
        if dtype is not None:
            array = array.astype(dtype)
        elif array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name = "c" + self._name()
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def op(self, kind, *operands, outputs=1, **attributes):
        operands = [x if isinstance(x, str) else self.const(x) for x in operands]
        names = [f"{self._name()}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, operands, names, f"{kind}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def __getattr__(self, kind):
        if not kind[0].isupper():
            raise AttributeError(kind)
        return lambda *operands, **attributes: self.op(kind, *operands, **attributes)

    def axes_op(self, kind, x, axes, **attributes):
        """Attribute or input, as the opset has it."""
        if self.opset >= AXES_INPUT[kind]:
            return self.op(kind, x, self.const(axes, np.int64), **attributes)
        return self.op(kind, x, axes=list(axes), **attributes)

    def unsqueeze(self, x, *axes):
        return self.axes_op("Unsqueeze", x, axes)

    def squeeze(self, x, *axes):
        return self.axes_op("Squeeze", x, axes)

    def mean(self, x, *axes):
        return self.axes_op("ReduceMean", x, axes or (-1,), keepdims=1)

    def slice(self, x, start, end, axis=-1, step=1):
        return self.op("Slice", x, self.const([start]), self.const([end]), self.const([axis]), self.const([step]))

    def split(self, x, *sizes, axis=-1):
        if self.opset >= 13:
            return self.op("Split", x, self.const(sizes, np.int64), outputs=len(sizes), axis=axis)
        return self.op("Split", x, outputs=len(sizes), axis=axis, split=list(sizes))

    def transpose(self, x, *perm):
        return self.op("Transpose", x, perm=list(perm))

    def cast(self, x, dtype):
        return self.op("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def dim(self, x, axis):
        """A scalar, as torch.onnx takes it."""
        return self.op("Gather", self.op("Shape", x), self.const(axis, np.int64), axis=0)

    def dims(self, *parts):
        """A shape of numbers and of scalars in the graph."""
        parts = [self.unsqueeze(p, 0) if isinstance(p, str) else self.const([p]) for p in parts]
        return self.op("Concat", *parts, axis=0)

    def arange(self, count, start=0):
        return self.op("Range", self.const(start, np.int64), count, self.const(1, np.int64))

    def output(self, *names):
        for name in names:
            self.outputs.append(helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None))
            self.outputs[-1].type.Clear()

    def model(self):
        graph = helper.make_graph(self.nodes, "g", self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        # The checker wants types of outputs.
        typed = onnx.shape_inference.infer_shapes(model)
        if all(o.type.WhichOneof("value") for o in typed.graph.output):
            return typed
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        for o in model.graph.output:
            o.type.tensor_type.elem_type = kind
        return model
