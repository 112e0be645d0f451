"""The variants of a test: other models with the same results.

  as-is     the model as it is
  dynamic   every dim of every input is a symbol of its own; the dims of outputs and
            intermediate values, in subgraphs too, are unknown (their ranks stay)
  constant  all inputs but the first are initializers; the first too where it is the
            only one

Two defects of old data sets are mended in all of them: ONNX 1.12 stores bfloat16 as
uint16, and four tests of CastLike declare other dims than their data have.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import onnx

VARIANTS = ("as-is", "dynamic", "constant")


def read_tensor(path):
    with open(path, "rb") as file:
        return onnx.TensorProto.FromString(file.read())


def subgraphs(graph):
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield inner
                yield from subgraphs(inner)


def forget_dims(values):
    for value in values:
        if value.type.WhichOneof("value") != "tensor_type":
            continue
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()


class Variant:
    """A model and its data, adapted and written into a folder of its own."""

    def __init__(self, test, variant, work):
        self.model = onnx.load(os.path.join(test.folder, "model.onnx"))
        self.model_path = os.path.join(test.folder, "model.onnx")
        self.work = work
        self.changed = False
        self.rtol = 1e-3
        graph = self.model.graph
        # Up to IR 3 every initializer is listed as an input too; data sets leave them out.
        initialized = {tensor.name for tensor in graph.initializer}
        self.inputs = [value for value in graph.input if value.name not in initialized]
        sets = sorted(d for d in os.listdir(test.folder) if d.startswith("test_data_set_"))
        if variant == "constant":
            sets = sets[:1]
        self.data = [self._data(test.folder, name) for name in sets]
        if variant == "dynamic":
            self._make_dynamic()
        elif variant == "constant":
            self._make_constant()
        if self.changed:
            self.model_path = os.path.join(work, "model.onnx")
            onnx.save(self.model, self.model_path)

    def _data(self, folder, name):
        """The path of a data set that fits the model's declaration."""
        path = os.path.join(folder, name)
        changed = {}
        for kind, values in (("input", self.inputs), ("output", self.model.graph.output)):
            for index, value in enumerate(values):
                file = f"{kind}_{index}.pb"
                if value.type.WhichOneof("value") != "tensor_type":
                    continue
                declared = value.type.tensor_type
                tensor = read_tensor(os.path.join(path, file))
                dims = [dim.dim_value for dim in declared.shape.dim]
                if kind == "input" and 0 not in dims and dims != list(tensor.dims):
                    self.changed = True
                    declared.shape.Clear()
                    for size in tensor.dims:
                        declared.shape.dim.add().dim_value = size
                if declared.elem_type != onnx.TensorProto.BFLOAT16:
                    continue
                # Computed by rounding here and by truncation there: one unit.
                self.rtol = 2.0**-7
                if tensor.data_type != onnx.TensorProto.BFLOAT16:
                    tensor.data_type = onnx.TensorProto.BFLOAT16
                    changed[file] = tensor
        return self._copy(path, name, changed) if changed else path

    def _copy(self, path, name, changed, dropped=()):
        """A data set of links, but for the files that differ."""
        target = os.path.join(self.work, name)
        os.makedirs(target, exist_ok=True)
        for file in os.listdir(path):
            link = os.path.join(target, file)
            if file in dropped:
                if os.path.lexists(link):
                    os.unlink(link)
            elif file in changed:
                with open(link, "wb") as out:
                    out.write(changed[file].SerializeToString())
            elif not os.path.lexists(link):
                os.symlink(os.path.join(path, file), link)
        return target

    def _make_dynamic(self):
        self.changed = True
        graph = self.model.graph
        count = 0
        for value in self.inputs:
            if value.type.WhichOneof("value") != "tensor_type":
                continue
            for dim in value.type.tensor_type.shape.dim:
                dim.dim_param = f"d{count}"
                count += 1
        forget_dims(graph.output)
        forget_dims(graph.value_info)
        for inner in subgraphs(graph):
            for values in (inner.input, inner.output, inner.value_info):
                forget_dims(values)

    def _make_constant(self):
        graph = self.model.graph
        first = 0 if len(self.inputs) == 1 else 1
        constants = self.inputs[first:]
        if any(v.type.WhichOneof("value") != "tensor_type" for v in constants):
            return
        for index, value in enumerate(constants, first):
            tensor = read_tensor(os.path.join(self.data[0], f"input_{index}.pb"))
            tensor.name = value.name
            graph.initializer.append(tensor)
            self.changed = True
        if self.model.ir_version >= 4:
            for value in constants:
                graph.input.remove(value)
        if constants:
            dropped = {f"input_{i}.pb" for i in range(first, len(self.inputs))}
            name = os.path.basename(self.data[0])
            self.data = [self._copy(self.data[0], name, {}, dropped)]
