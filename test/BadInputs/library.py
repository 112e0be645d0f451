"""Rows S01-S03: bad calls of a good library.

`cases` compiles one model and starts this file as a child that makes the calls: the
library must print nothing, give a status and a text that names the argument, and
still work afterwards. The child talks through a file, so that its stdout and stderr
show what the library writes.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import ctypes
import json
import os
import sys

import numpy as np


class Tensor(ctypes.Structure):
    """DLTensor, field by field: the tests write values that no binding would."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64),
    ]


RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Tensor), ctypes.c_int,
                       ctypes.POINTER(Tensor), ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)


class Api(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_uint32), ("size", ctypes.c_uint32),
        ("signature_json", ctypes.CFUNCTYPE(ctypes.c_char_p)),
        ("open", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p),
                                  ctypes.c_char_p, ctypes.c_size_t)),
        ("infer_shapes", ctypes.c_void_p),
        ("run", RUN),
        ("close", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]


FLOAT, INT, UINT = 2, 0, 1
W = np.arange(32, dtype=np.float32).reshape(4, 8) / 7


def dims(*values):
    return (ctypes.c_int64 * max(1, len(values)))(*values)


def tensor(array, **changes):
    code = {"f": FLOAT, "i": INT, "u": UINT}[array.dtype.kind]
    result = Tensor(array.ctypes.data, 1, 0, array.ndim, code, array.itemsize * 8, 1,
                    dims(*array.shape), None, 0)
    result.keep = array
    for field, value in changes.items():
        setattr(result, field, value)
    return result


class Child:
    def __init__(self, path):
        library = ctypes.CDLL(path)
        library.qopt_model_query.restype = ctypes.POINTER(Api)
        self.api = library.qopt_model_query(1).contents
        self.handle = ctypes.c_void_p()
        text = ctypes.create_string_buffer(512)
        status = self.api.open(None, ctypes.byref(self.handle), text, 512)
        if status:
            raise SystemExit(f"open: {text.value.decode()}")
        self.results = []

    def call(self, inputs, outputs):
        text = ctypes.create_string_buffer(512)
        status = self.api.run(self.handle, (Tensor * max(1, len(inputs)))(*inputs), len(inputs),
                              (Tensor * max(1, len(outputs)))(*outputs), len(outputs), text, 512)
        return status, text.value.decode("utf-8", "replace")

    def arrays(self, n=3):
        a = np.arange(n * 4, dtype=np.float32).reshape(n, 4)
        return a, np.ones((n, 4), np.float32), np.full((n, 8), -1, np.float32)

    def good(self):
        """'' or what is wrong with an ordinary call."""
        a, b, y = self.arrays()
        status, text = self.call([tensor(a), tensor(b)], [tensor(y)])
        if status:
            return f"a good call fails: {text}"
        return "" if np.allclose(y, (a + b) @ W, rtol=1e-4, atol=1e-4) else "a good call is wrong"

    def bad(self, row, name, inputs, outputs, says):
        status, text = self.call(inputs, outputs)
        problem = ""
        if status >= 0:
            problem = f"status {status}"
        elif says not in text:
            problem = f"the text lacks {says!r}: {text!r}"
        self.results.append((row, name, problem or self.good()))

    def legal(self, row, name, inputs, outputs, result, expected):
        status, text = self.call(inputs, outputs)
        problem = f"status {status}: {text}" if status else ""
        if not problem and not np.allclose(result, expected, rtol=1e-4, atol=1e-4):
            problem = "wrong result"
        self.results.append((row, name, problem or self.good()))

    def s01(self):
        a, b, y = self.arrays()

        def change(name, says="'a'", **fields):
            self.bad("S01", name, [tensor(a, **fields), tensor(b)], [tensor(y)], says)

        change("dtype int32", code=INT)
        change("dtype float64", bits=64)
        change("dtype with 2 lanes", lanes=2)
        change("dtype code 200", code=200)
        change("rank 1", ndim=1, shape=dims(12))
        change("rank 3", ndim=3, shape=dims(3, 4, 1))
        change("rank -1", ndim=-1)
        change("rank 1,000,000", ndim=1000000)
        change("dim 5 for 4", shape=dims(3, 5))
        change("negative dim", shape=dims(-3, 4))
        change("dim 2^62", shape=dims(1 << 62, 4))
        change("device CUDA", device_type=2)
        change("NULL data", data=None)
        change("NULL shape", shape=None)
        self.bad("S01", "output dtype", [tensor(a), tensor(b)], [tensor(y, code=INT)], "'y'")
        self.bad("S01", "output data NULL", [tensor(a), tensor(b)], [tensor(y, data=None)], "'y'")
        self.bad("S01", "output device", [tensor(a), tensor(b)], [tensor(y, device_type=2)], "'y'")
        shared = np.zeros((3, 8), np.float32)
        overlap = tensor(shared, ndim=2, shape=dims(3, 4))
        self.bad("S01", "output overlaps an input", [overlap, tensor(b)], [tensor(shared)], "'y'")

        room = np.zeros(1024, np.uint8)
        misaligned = room[3 : 3 + 48].view(np.uint8)
        misaligned[:] = a.view(np.uint8).reshape(-1)
        moved = tensor(a, data=misaligned.ctypes.data)
        expected = (a + b) @ W
        self.legal("S01", "misaligned data (legal)", [moved, tensor(b)], [tensor(y)], y, expected)
        y[:] = -1
        offset = tensor(a, data=a.ctypes.data - 64, byte_offset=64)
        self.legal("S01", "byte_offset (legal)", [offset, tensor(b)], [tensor(y)], y, expected)
        y[:] = -1
        turned = np.asfortranarray(a)
        strided = tensor(turned, strides=dims(1, 3))
        self.legal("S01", "strides (legal)", [strided, tensor(b)], [tensor(y)], y, expected)
        y[:] = -1
        backwards = tensor(a, data=a[2:].ctypes.data, strides=dims(-4, 1))
        self.legal("S01", "negative strides (legal)", [backwards, tensor(b)], [tensor(y)], y, (a[::-1] + b) @ W)
        y[:] = -1
        repeated = tensor(a, strides=dims(0, 1))
        self.legal("S01", "stride 0 of an input (legal)", [repeated, tensor(b)], [tensor(y)], y, (a[:1] + b) @ W)
        self.bad("S01", "stride 0 of an output", [tensor(a), tensor(b)], [tensor(y, strides=dims(0, 1))], "'y'")
        empty = self.arrays(0)
        self.legal("S01", "zero rows (legal)", [tensor(empty[0], data=None), tensor(empty[1], data=None)],
                   [tensor(empty[2], data=None)], empty[2], np.zeros((0, 8)))

    def s02(self):
        a, b, y = self.arrays()
        self.bad("S02", "one input for two", [tensor(a)], [tensor(y)], "2")
        self.bad("S02", "three inputs for two", [tensor(a), tensor(b), tensor(a)], [tensor(y)], "2")
        self.bad("S02", "no input", [], [tensor(y)], "2")
        self.bad("S02", "no output", [tensor(a), tensor(b)], [], "1")
        self.bad("S02", "two outputs for one", [tensor(a), tensor(b)], [tensor(y), tensor(y)], "1")
        small = tensor(y, shape=dims(2, 8))
        self.bad("S02", "output of too few rows", [tensor(a), tensor(b)], [small], "'y'")
        large = tensor(np.zeros((4, 8), np.float32))
        self.bad("S02", "output of too many rows", [tensor(a), tensor(b)], [large], "'y'")

    def s03(self):
        a, b, y = self.arrays()
        other = np.ones((2, 4), np.float32)
        self.bad("S03", "one symbolic dim with two sizes", [tensor(a), tensor(other)], [tensor(y)], "'b'")
        big = self.arrays(17)
        self.bad("S03", "dim above the compiled maximum", [tensor(big[0]), tensor(big[1])],
                 [tensor(big[2])], "16")


def main():
    path, report = sys.argv[1:]
    child = Child(path)
    child.s01()
    child.s02()
    child.s03()
    child.api.close(child.handle)
    with open(report, "w") as file:
        json.dump(child.results, file)


def results(directory):
    """Compiles the model, runs the child; (row, name, problem) of every call."""
    import models
    import support
    from onnx import helper

    model = models.make(
        [helper.make_node("Add", ["a", "b"], ["s"]), helper.make_node("MatMul", ["s", "w"], ["y"])],
        [models.value("a", ("n", 4)), models.value("b", ("n", 4))], [models.value("y", ("n", 8))],
        [models.weight("w", W)],
    )
    models.save(directory, model)
    library = os.path.join(directory, "model.so")
    compiled = support.compile_model(os.path.join(directory, "model.onnx"), library, "--dim", "n=0..16",
                                     check=False)
    if compiled.code:
        return [("S01", "the library", f"does not compile: {compiled.first_error}")]
    report = os.path.join(directory, "report.json")
    child = support.run([sys.executable, os.path.abspath(__file__), library, report], timeout=60)
    if child.code or not os.path.exists(report):
        return [("S01", "all calls", f"the process ended with {child.code}: {child.stderr[-300:]}")]
    with open(report) as file:
        found = [tuple(entry) for entry in json.load(file)]
    printed = child.stdout + child.stderr
    found.append(("S01", "nothing on stdout or stderr", f"printed {printed[:200]!r}" if printed else ""))
    return found


if __name__ == "__main__":
    main()
