"""Rows P03 and P06 to P10: damaged, odd and enormous protobuf files, and their paths.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import models
import numpy as np
from files import bytes_case, write
from harness import Case
from harness import row as row_of
from models import save
from onnx import helper

node = helper.make_node


def p03():
    """Single-bit flips as whole compiles; the test bit-flips has them by thousands."""
    for name, model in models.small_models():
        data = model.SerializeToString()
        for bit in np.random.default_rng(len(data)).choice(len(data) * 8, 20, replace=False):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << (bit % 8)
            yield flip_case(f"{name} bit {bit}", bytes(damaged))


def flip_case(name, data):
    @row_of("P03")
    def maker(directory):
        write(directory, data)
        return Case("P03", name, (0, 1, 3, 4, 5), flags=["--isa=avx2"])

    return maker


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, payload):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def number_field(number, value):
    return varint(number << 3) + varint(value)


def p06():
    good = models.chain().SerializeToString()
    yield bytes_case("P06", "varint of 11 bytes", b"\x08" + b"\xff" * 10 + b"\x01" + good)
    yield bytes_case("P06", "length beyond the file", good + b"\x3a\xff\xff\xff\x7f")
    yield bytes_case("P06", "negative length", good + b"\x3a" + varint(-1))
    yield bytes_case("P06", "group without an end", good + varint(1000 << 3 | 3))
    yield bytes_case("P06", "end of a group that nothing began", good + varint(1000 << 3 | 4))
    yield bytes_case("P06", "wire types 6 and 7", good + varint(1000 << 3 | 6) + varint(1000 << 3 | 7))
    yield bytes_case("P06", "graph as a number", number_field(1, 8) + number_field(7, 1))
    yield bytes_case("P06", "field number 0", good + b"\x00\x01")
    unknown = number_field(1000, 7) + field(1001, b"text")
    yield bytes_case("P06", "unknown fields (ignored)", good + unknown, 0)


def nested_if(depth):
    """A model of `depth` Ifs, one in the other; bytes, since protobuf's own writers
    have limits too."""

    def node_bytes(op, inputs, outputs, attributes=b""):
        return (b"".join(field(1, name.encode()) for name in inputs)
                + b"".join(field(2, name.encode()) for name in outputs)
                + field(4, op.encode()) + attributes)

    def value_bytes(name, dtype):
        tensor = number_field(1, dtype) + field(2, b"")
        return field(1, name.encode()) + field(2, field(1, tensor))

    def branch(name, inner, output):
        graph = field(1, inner) + field(2, b"g") + field(12, value_bytes(output, 1))
        return field(5, field(1, name.encode()) + field(6, graph) + number_field(20, 5))

    inner = node_bytes("Relu", ["x"], ["t0"])
    for level in range(depth):
        other = node_bytes("Neg", ["x"], [f"e{level}"])
        both = (branch("then_branch", inner, f"t{level}") + branch("else_branch", other, f"e{level}"))
        inner = node_bytes("If", ["c"], [f"t{level + 1}"], both)
    graph = (field(1, inner) + field(2, b"main") + field(11, value_bytes("x", 1))
             + field(11, value_bytes("c", 9)) + field(12, value_bytes(f"t{depth}", 1)))
    return number_field(1, 8) + field(7, graph) + field(8, field(1, b"") + number_field(2, 17))


def p07():
    yield bytes_case("P07", "If 8 deep (legal)", nested_if(8), (0, 3))
    for depth in (33, 34, 1000, 20000):
        yield bytes_case("P07", f"If {depth} deep", nested_if(depth), (1, 5))

    @row_of("P07")
    def many(directory):
        with open(os.path.join(directory, "model.onnx"), "wb") as file:
            count = 50_000_000
            file.write(number_field(1, 8) + varint(7 << 3 | 2) + varint(2 * count))
            for _ in range(50):
                file.write(b"\x0a\x00" * (count // 50))
        return Case("P07", "50 million empty nodes", (1, 5), seconds=30, megabytes=1024)

    yield many


def p08():
    @row_of("P08")
    def maker(directory):
        path = os.path.join(directory, "model.onnx")
        write(directory, models.chain().SerializeToString())
        os.truncate(path, (1 << 31) + 10)  # sparse
        return Case("P08", "one file of more than 2 GiB", 1, says="external data")

    yield maker


def p09():
    def one(name, change, codes=(1, 3), says=None):
        model = models.chain()
        change(model)
        return bytes_case("P09", name, model.SerializeToString(), codes, says)

    def version(number):
        return lambda model: setattr(model, "ir_version", number)

    def opset(number):
        return lambda model: setattr(model.opset_import[0], "version", number)

    yield one("ir_version 0", version(0), says="ir_version")
    yield one("ir_version missing", lambda model: model.ClearField("ir_version"), says="ir_version")
    yield one("ir_version -1", version(-1), says="ir_version")
    yield one("ir_version 99", version(99), says="ir_version")
    yield one("no opset_import", lambda model: model.ClearField("opset_import"), says="opset")
    yield one("opset of the same domain twice",
              lambda model: model.opset_import.append(helper.make_opsetid("", 13)), says="opset")
    for number in (0, -1, 99, 1 << 62):
        yield one(f"opset {number}", opset(number), says="opset")
    yield one("opset without a version",
              lambda model: model.opset_import[0].ClearField("version"), says="opset")

    def foreign(model):
        model.opset_import[0].domain = "org.example"

    yield one("only an unknown domain", foreign, says="opset|ai.onnx")
    yield one("an unknown domain that no node uses (legal)",
              lambda model: model.opset_import.append(helper.make_opsetid("org.example", 3)), 0)
    yield one("no graph", lambda model: model.ClearField("graph"))
    yield one("no outputs", lambda model: model.graph.ClearField("output"))


def p10():
    def path_case(name, path, codes=0):
        @row_of("P10")
        def maker(directory):
            # Level by level: no call takes a path of that length from the root.
            home = os.open(directory, os.O_RDONLY)
            *folders, last = path.split(b"/")
            for folder in folders:
                os.mkdir(folder, dir_fd=home)
                home, parent = os.open(folder, os.O_RDONLY, dir_fd=home), home
                os.close(parent)
            if len(path) < 4096:
                file = os.open(last, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=home)
                os.write(file, models.chain().SerializeToString())
                os.close(file)
            os.close(home)
            return Case("P10", name, codes, model=path)

        return maker

    def length(count):
        """A relative path of that many bytes."""
        folders = b"d" * 200 + b"/"
        path = folders * (count // len(folders))
        rest = count - len(path)
        return path + b"m" * rest if rest else path[:-1] + b"m"

    yield path_case("path with spaces", b"a b/ model .onnx")
    yield path_case("path with quotes", b"it's \"one\"/`x` $(y).onnx")
    yield path_case("path with a newline", b"two\nlines.onnx")
    yield path_case("path that is no UTF-8", b"\xff\xfe\x80.onnx")
    yield path_case("name that starts with a dash", b"a/-o.onnx")
    yield path_case("path of 4,095 bytes", length(4095))
    yield path_case("path of 4,096 bytes: more than the system takes", length(4096), 4)

    @row_of("P10")
    def stdin(directory):
        save(directory, models.chain())
        path = os.path.join(directory, "model.onnx")
        return Case("P10", "model on stdin", 0, model="-",
                    preexec=lambda: os.dup2(os.open(path, os.O_RDONLY), 0))

    yield stdin

    @row_of("P10")
    def pipe(directory):
        """As stdin of a pipe: cannot be mapped, and its size is not known."""
        save(directory, models.chain())
        path = os.path.join(directory, "model.onnx")

        def feed():
            read, write_end = os.pipe()
            with open(path, "rb") as file:
                os.write(write_end, file.read())
            os.close(write_end)
            os.dup2(read, 0)

        return Case("P10", "model on stdin, through a pipe", 0, model="-", preexec=feed)

    yield pipe


def cases():
    for rows in (p03, p06, p07, p08, p09, p10):
        yield from rows()
