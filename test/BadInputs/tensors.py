"""Rows T (tensors) and X (external data).

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
from harness import Case
from harness import row as row_of
from models import FLOAT, make, matmul, save, value, weight
from onnx import TensorProto, helper

node = helper.make_node


def tensor_case(row, name, tensor, codes=1, says=None, inputs=None):
    """A model that adds `tensor`, whatever it holds, to its input."""
    model = make([node("Add", ["x", "w"], ["y"], name="sum")],
                 inputs or [value("x", ("n", 4))], [helper.make_tensor_value_info("y", FLOAT, None)])
    tensor.name = "w"
    model.graph.initializer.append(tensor)

    @row_of(row)
    def maker(directory):
        save(directory, model)
        return Case(row, name, codes, says=says)

    return maker


def raw(dims, data=b"", dtype=FLOAT):
    tensor = TensorProto()
    tensor.dims.extend(dims)
    tensor.data_type = dtype
    if data is not None:
        tensor.raw_data = data
    return tensor


def t01():
    yield tensor_case("T01", "dims that overflow int64", raw([1 << 32, 1 << 32]), says="'w'")
    yield tensor_case("T01", "dims that overflow the address space", raw([1 << 61, 1]), says="'w'")
    yield tensor_case("T01", "dims 2^63-1", raw([(1 << 63) - 1]), says="'w'")
    yield tensor_case("T01", "rank 9", raw([1] * 9, bytes(4)), says="'w'|rank")
    yield tensor_case("T01", "rank 1,000", raw([1] * 1000, bytes(4)), says="'w'|rank")
    yield tensor_case("T01", "negative dim", raw([-4], bytes(16)), says="'w'")
    yield tensor_case("T01", "two negative dims", raw([-2, -2], bytes(16)), says="'w'")
    wide = [value("x", [1] * 9)]
    yield tensor_case("T01", "input of rank 9", raw([1], bytes(4)), says="'x'|rank", inputs=wide)
    yield tensor_case("T01", "input of negative dim", raw([1], bytes(4)), says="'x'", inputs=[value("x", [-3])])


def t02():
    yield tensor_case("T02", "2^61 floats", raw([1 << 61]), says="'w'")
    yield tensor_case("T02", "2^60 doubles in two dims", raw([1 << 30, 1 << 31], dtype=TensorProto.DOUBLE), says="'w'")


def t03():
    good = np.ones(4, np.float32).tobytes()
    yield tensor_case("T03", "raw_data too short", raw([4], good[:12]), says="'w'")
    yield tensor_case("T03", "raw_data too long", raw([4], good + good), says="'w'")
    yield tensor_case("T03", "raw_data no multiple of the element", raw([4], good[:15]), says="'w'")
    both = raw([4], good)
    both.float_data.extend([1, 2, 3, 4])
    yield tensor_case("T03", "two value fields", both, says="'w'")
    yield tensor_case("T03", "no value field", raw([4], None), says="'w'")
    typed = raw([4], None)
    typed.int64_data.extend([1, 2, 3, 4])
    yield tensor_case("T03", "values in the field of another type", typed, says="'w'")
    few = raw([4], None)
    few.float_data.extend([1, 2, 3])
    yield tensor_case("T03", "too few values", few, says="'w'")
    yield tensor_case("T03", "type UNDEFINED", raw([4], good, TensorProto.UNDEFINED), says="'w'")
    yield tensor_case("T03", "type 99", raw([4], good, 99), (1, 3), says="'w'")


def external(codes, name, row, location=None, offset=None, length=None, prepare=None, keys=None,
             flags=(), says="'w'|location", extra=None):
    """A model whose weight (2 x 2 floats) lies in another file. `prepare` makes the
    files; without it there is a good `w.bin`."""

    @row_of(row)
    def maker(directory):
        model = matmul(2, 2)
        tensor = model.graph.initializer[0]
        data = tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entries = {"location": location, "offset": offset, "length": length, **(keys or {})}
        for key, text in entries.items():
            if text is not None:
                entry = tensor.external_data.add()
                entry.key, entry.value = key, text.replace("DIRECTORY", directory)
        if extra:
            extra(model, data)
        home = os.path.join(directory, "home")
        os.mkdir(home)
        save(home, model)
        (prepare or good_file)(directory, home, data)
        return Case(row, name, codes, model="home/model.onnx", flags=flags, says=says)

    return maker


def good_file(directory, home, data):
    with open(os.path.join(home, "w.bin"), "wb") as file:
        file.write(data)


def outside(directory, home, data):
    with open(os.path.join(directory, "w.bin"), "wb") as file:
        file.write(data)


def link_out(directory, home, data):
    outside(directory, home, data)
    os.symlink(os.path.join(directory, "w.bin"), os.path.join(home, "w.bin"))


def parent_link_out(directory, home, data):
    outside(directory, home, data)
    os.symlink(directory, os.path.join(home, "sub"))


def short_file(directory, home, data):
    good_file(directory, home, data[:8])


def no_file(directory, home, data):
    pass


def two_ranges(first, second):
    """Two weights in one file at the given (offset, length)."""

    def extra(model, data):
        template = model.graph.initializer[0]
        for name, (offset, length) in (("w", first), ("v", second)):
            tensor = template if name == "w" else model.graph.initializer.add()
            if tensor is not template:
                tensor.CopyFrom(template)
                tensor.name = name
            del tensor.external_data[:]
            for key, text in (("location", "w.bin"), ("offset", str(offset)), ("length", str(length))):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, text
        model.graph.node[0].output[0] = "t"
        model.graph.node.append(node("MatMul", ["t", "v"], ["y"], name="second"))

    def prepare(directory, home, data):
        good_file(directory, home, data * 4)

    return {"extra": extra, "prepare": prepare}


def x_rows():
    yield external(0, "a good file, for comparison", "X01", "w.bin", says=None)
    yield external(1, "location absolute", "X01", "DIRECTORY/w.bin", prepare=outside)
    yield external(1, "location ..", "X02", "../w.bin", prepare=outside)
    yield external(1, "location a/../../b", "X03", "a/../../w.bin", prepare=outside)
    yield external(1, "symbolic link out", "X04", "w.bin", prepare=link_out)
    yield external(1, "parent is a symbolic link out", "X05", "sub/w.bin", prepare=parent_link_out)
    for text in ("-16", "0x10", "1e3", str(1 << 64), "", " 16", "16 "):
        yield external(1, f"length {text!r}", "X09", "w.bin", length=text)
        if text != "-16":
            yield external(1, f"offset {text!r}", "X09", "w.bin", offset=text)
    yield external(1, "offset '-16'", "X09", "w.bin", offset="-16")
    yield external(1, "offset beyond the end", "X10", "w.bin", offset="4096")
    yield external(1, "length beyond the end", "X10", "w.bin", offset="8", length="16")
    yield external(1, "offset + length overflow", "X10", "w.bin", offset=str((1 << 63) - 8), length="16")
    yield external(1, "length is not shape x type", "X10", "w.bin", offset="0", length="8")
    yield external(1, "ranges partly overlapping", "X10", says="'[wv]'", **two_ranges((0, 16), (8, 16)))
    yield external(0, "identical ranges (legal)", "X10", says=None, **two_ranges((0, 16), (0, 16)))
    yield external(0, "unaligned offset (legal)", "X10", says=None, **two_ranges((0, 16), (17, 16)))
    yield external(1, "location missing", "X11", None)
    yield external(1, "location empty", "X11", "")
    yield external((1, 4), "file missing", "X11", "w.bin", prepare=no_file)
    yield external((1, 4), "location is a directory", "X11", "d",
                   prepare=lambda directory, home, data: os.mkdir(os.path.join(home, "d")))
    yield external((1, 4), "file short", "X12", "w.bin", prepare=short_file)
    yield truncated_meanwhile


@row_of("X12")
def truncated_meanwhile(directory):
    """The mapped file of a 64 MB weight shrinks while it is compiled."""
    model = matmul(4096, 4096)
    tensor = model.graph.initializer[0]
    path = os.path.join(directory, "w.bin")
    with open(path, "wb") as file:
        file.write(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "w.bin"
    save(directory, model)

    def shrink(child):
        import threading

        threading.Timer(0.15, lambda: os.path.exists(path) and os.truncate(path, 4096)).start()

    # 0: the compile was faster than the knife.
    return Case("X12", "file truncated while compiling", (0, 1, 4), on_start=shrink,
                says="changed|w.bin|'w'", seconds=60, megabytes=1024)


def cases():
    for rows in (t01, t02, t03, x_rows):
        yield from rows()
