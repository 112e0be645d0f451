"""Rows T04 and X06 to X08, X13, X14: packed types, and where external data lies.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import models
from graphs import graph_case
from harness import Case
from harness import row as row_of
from models import make, matmul, save, value
from onnx import TensorProto, helper
from tensors import external, good_file, outside

node = helper.make_node


def t04():
    def one(name, dtype, dims, raw, codes, says=None):
        """An initializer of `dtype`, cast to float and added."""
        tensor = TensorProto(name="w", data_type=dtype, dims=dims, raw_data=raw)
        model = make([node("Cast", ["w"], ["f"], to=TensorProto.FLOAT, name="cast"), node("Add", ["x", "f"], ["y"])],
                     inputs=[value("x", (dims[-1],))], outputs=[helper.make_tensor_value_info("y", 1, None)],
                     opset=25, ir=11)
        model.graph.initializer.append(tensor)
        return graph_case("T04", name, model, codes, says=says)

    for name in ("INT4", "UINT4", "FLOAT4E2M1"):
        dtype = getattr(TensorProto, name)
        yield one(f"{name}, even count", dtype, [4], b"\x21\x43", 0)
        yield one(f"{name}, odd count", dtype, [3], b"\x21\x03", 0)
        yield one(f"{name}, a byte too few", dtype, [5], b"\x21\x43", 1, "'w'")
        yield one(f"{name}, a byte too many", dtype, [2], b"\x21\x43", 1, "'w'")
    for name in ("INT2", "UINT2"):
        if hasattr(TensorProto, name):
            yield one(f"{name}, count 5", getattr(TensorProto, name), [5], b"\x1b\x01", 0)
            yield one(f"{name}, a byte too few", getattr(TensorProto, name), [5], b"\x1b", 1, "'w'")
    for name in ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0"):
        if hasattr(TensorProto, name):
            yield one(name, getattr(TensorProto, name), [3], b"\x38\x40\x48", 0)
    yield one("BFLOAT16", TensorProto.BFLOAT16, [2], b"\x80\x3f\x00\x40", 0)
    yield one("FLOAT16", TensorProto.FLOAT16, [2], b"\x00\x3c\x00\x40", 0)
    yield one("FLOAT16, an odd number of bytes", TensorProto.FLOAT16, [2], b"\x00\x3c\x00", 1, "'w'")
    yield one("UNDEFINED", 0, [2], bytes(8), 1, "'w'")
    for dtype in (99, -1, 1 << 30):
        yield one(f"data type {dtype}", dtype, [2], bytes(8), (1, 3), "'w'")
    yield one("COMPLEX64", TensorProto.COMPLEX64, [2], bytes(16), 3, "'w'|COMPLEX64")


def x_links():
    def hard_link(directory, home, data):
        outside(directory, home, data)
        os.link(os.path.join(directory, "w.bin"), os.path.join(home, "w.bin"))

    yield external(0, "hard link", "X06", "w.bin", prepare=hard_link, says=None)
    yield external(1, "hard link, --strict-external-data", "X06", "w.bin", prepare=hard_link,
                   flags=["--strict-external-data"])

    def fifo(directory, home, data):
        os.mkfifo(os.path.join(home, "w.bin"))

    yield external((1, 4), "location is a FIFO", "X07", "w.bin", prepare=fifo)
    yield external(1, "location is a device", "X07", "/dev/zero")

    def device_link(directory, home, data):
        os.symlink("/dev/zero", os.path.join(home, "w.bin"))

    yield external((1, 4), "location is a link to a device", "X07", "w.bin", prepare=device_link)
    yield external(1, "NUL in location", "X08", "w.bin\0x")
    yield external(1, "newline in location", "X08", "w.bin\nx")
    yield external((1, 4), "location of 1 MiB", "X08", "w" * (1 << 20))


def to_external(model, location="w.bin"):
    """Takes the bytes of the one weight out of a model."""
    tensor = model.graph.initializer[0]
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return data


def x13():
    def layout(name, build, **arguments):
        @row_of("X13")
        def maker(directory):
            model = matmul(2, 2)
            data = to_external(model)
            path, flags = build(directory, model, data)
            return Case("X13", name, 0, model=path, flags=flags, **arguments)

        return maker

    def cache(directory, model, data):
        """blobs/HASH, and links to it under snapshots/REVISION."""
        blobs, snapshot = (os.path.join(directory, *part) for part in (["m", "blobs"], ["m", "snapshots", "r"]))
        os.makedirs(blobs)
        os.makedirs(snapshot)
        save(blobs, model, "1111")
        good_file(directory, blobs, data)
        os.rename(os.path.join(blobs, "w.bin"), os.path.join(blobs, "2222"))
        os.symlink("../../blobs/1111", os.path.join(snapshot, "model.onnx"))
        os.symlink("../../blobs/2222", os.path.join(snapshot, "w.bin"))
        return "m/snapshots/r/model.onnx", []

    def linked_folder(directory, model, data):
        home = os.path.join(directory, "real")
        os.mkdir(home)
        save(home, model)
        good_file(directory, home, data)
        os.symlink("real", os.path.join(directory, "link"))
        return "link/model.onnx", []

    def relative(directory, model, data):
        os.makedirs(os.path.join(directory, "a", "b"))
        save(directory, model)
        good_file(directory, directory, data)
        return "a/b/../../model.onnx", []

    def absolute(directory, model, data):
        home = os.path.join(directory, "elsewhere")
        os.mkdir(home)
        save(home, model)
        good_file(directory, home, data)
        return os.path.join(home, "model.onnx"), []

    def named(directory, model, data):
        save(directory, model)
        os.mkdir(os.path.join(directory, "data"))
        good_file(directory, os.path.join(directory, "data"), data)
        return "model.onnx", ["--external-data-dir=data"]

    yield layout("cache of Hugging Face: links into a sibling folder", cache)
    yield layout("folder of the model is a link", linked_folder)
    yield layout("relative path with ..", relative)
    yield layout("working directory elsewhere", absolute)
    yield layout("--external-data-dir", named)


def x14():
    """Ten thousand tensors over one sparse file of 1 GiB."""
    count, size = 10_000, 1 << 30

    def bomb(name, shift, codes):
        @row_of("X14")
        def maker(directory):
            rows = size // 4 - count
            model = make([node("Add", [f"t{i}" if i else "x", f"w{i}"], [f"t{i + 1}"]) for i in range(count)],
                         inputs=[value("x", (rows,))], outputs=[value(f"t{count}", (rows,))])
            for i in range(count):
                tensor = model.graph.initializer.add(name=f"w{i}", data_type=models.FLOAT, dims=[rows],
                                                     data_location=TensorProto.EXTERNAL)
                for key, text in (("location", "w.bin"), ("offset", str(i * shift)), ("length", str(4 * rows))):
                    tensor.external_data.add(key=key, value=text)
            save(directory, model)
            with open(os.path.join(directory, "w.bin"), "wb") as file:
                file.truncate(size)
            return Case("X14", name, codes, seconds=60, megabytes=2048, flags=["--memory-limit=6G"])

        return maker

    yield bomb("10,000 overlapping ranges of 1 GiB", 4, 1)


def cases():
    for rows in (t04, x_links, x13, x14):
        yield from rows()
