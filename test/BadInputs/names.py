"""Row N01: names that a shell, a terminal, a path or printf would obey.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
from harness import Case
from harness import row as row_of
from models import make, value, weight
from onnx import helper

node = helper.make_node

NAMES = {
    "$(touch x)": "$(touch x)",
    "; rm -rf .": "; rm -rf .",
    "a quote": '"',
    "newline and error:": "a\nerror: b",
    "%s%n": "%s%n%s%n",
    "../../x": "../../x",
    "terminal escape": "\x1b]0;title\x07\x1b[31m",
    "NUL": "a\0b",
    "emoji": "\U0001f409",
    "right to left": "\u202egnp.exe",
    "4,000 bytes": "n" * 4000,
}
# Stands for bytes that Python's protobuf would not take as a name.
PLACEHOLDER = "QOPTPLACEHOLDER"


def patched(directory, model, raw):
    data = model.SerializeToString()
    raw = raw.ljust(len(PLACEHOLDER), b"_")
    assert len(raw) == len(PLACEHOLDER) or PLACEHOLDER.encode() not in data
    with open(os.path.join(directory, "model.onnx"), "wb") as file:
        file.write(data.replace(PLACEHOLDER.encode(), raw))


def everywhere(name):
    """Node, weight, intermediate value, input, output and dim of that name."""
    w = np.ones((4, 4), np.float32)
    return make(
        [node("MatMul", [name + "in", name + "w"], [name + "t"], name=name),
         node("Relu", [name + "t"], [name + "out"], name=name + "2")],
        [value(name + "in", (name + "dim", 4))], [value(name + "out", (name + "dim", 4))],
        [weight(name + "w", w)],
    )


def refused(name):
    """The same names in a model that ends in a message about each."""
    return make([node("Add", ["x", name], ["y"], name=name)])


def unsupported(name):
    return make([node(name if name.isprintable() else "Op", ["x"], ["y"], name=name)])


def case(label, model, codes, says=None, raw=b""):
    @row_of("N01")
    def maker(directory):
        patched(directory, model, raw)

        def then(result, directory):
            assert sorted(os.listdir(directory)) == ["model.onnx", "out.so", "tmp"], os.listdir(directory)

        return Case("N01", label, codes, says=says, then=then)

    return maker


def cases():
    for label, name in NAMES.items():
        yield case(label, everywhere(name), 0)
        yield case(label + ", in a refusal", refused(name), 1)
        yield case(label + ", unsupported", unsupported(name), 3)
    long = "n" * (1 << 20)
    yield case("1 MB, node", make([node("Relu", ["x"], ["y"], name=long)]), 5)
    yield case("1 MB, value", make([node("Relu", ["x"], [long]), node("Neg", [long], ["y"])]), 5)
    yield case("empty node name", make([node("Relu", ["x"], ["y"], name="")]), 0)
    yield case("empty input name", make([node("Relu", ["x"], ["y"])], [value(""), value("x")]), 1)
    raw = b"\xff\xfe\x80" + b"_" * (len(PLACEHOLDER) - 3)
    yield case("non-UTF-8 node name", make([node("Relu", ["x"], ["y"], name=PLACEHOLDER)]), (0, 1), raw=raw)
    yield case("non-UTF-8 in a refusal", refused(PLACEHOLDER), 1, raw=raw)
    yield case("non-UTF-8 input name", make([node("Relu", [PLACEHOLDER], ["y"])], [value(PLACEHOLDER)]), 1, raw=raw)
