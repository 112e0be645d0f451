"""Rows R: what a model or the machine may do to time and memory.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import resource

import models
import numpy as np
import support
from graphs import ints
from harness import Case
from harness import row as row_of
from layouts import to_external
from models import make, matmul, save, value, weight
from onnx import TensorProto, helper

node = helper.make_node


def r01():
    huge = 1 << 38  # elements

    def bomb(name, nodes, weights=(), codes=(0, 5), **limits):
        """Reduced to one element, so that the result itself is small."""
        nodes = nodes + [node("ReduceMax", ["big"], ["m"], keepdims=0), node("Add", ["x", "m"], ["y"])]
        model = make(nodes, weights=weights)

        @row_of("R01")
        def maker(directory):
            save(directory, model)
            return Case("R01", name, codes, **limits)

        return maker

    one = weight("one", np.ones((1, 1), np.float32))
    shape = ints("shape", [1 << 19, 1 << 19])
    yield bomb("ConstantOfShape", [node("ConstantOfShape", ["shape"], ["big"])], [shape])
    yield bomb("Expand", [node("Expand", ["one", "shape"], ["big"])], [one, shape])
    yield bomb("Tile", [node("Tile", ["one", "shape"], ["big"])], [one, shape])
    yield bomb("Pad", [node("Pad", ["one", "pads"], ["big"])], [one, ints("pads", [0, 0, 1 << 19, 1 << 19])])
    numbers = [weight(n, np.array(v, np.float32)) for n, v in (("a", 0), ("b", huge), ("c", 1))]
    yield bomb("Range", [node("Range", ["a", "b", "c"], ["big"])], numbers)
    grown = [weight("t0", np.ones(1024, np.float32))]
    doubling = [node("Concat", [f"t{i}", f"t{i}"], [f"t{i + 1}"], axis=0) for i in range(28)]
    yield bomb("28 Concats that double", doubling + [node("Identity", ["t28"], ["big"])], grown)
    body = helper.make_graph(
        [node("Identity", ["c"], ["again"]), node("Concat", ["s", "s"], ["double"], axis=0)], "body",
        [value("i", (), TensorProto.INT64), value("c", (), TensorProto.BOOL), value("s", ("n",))],
        [value("again", (), TensorProto.BOOL), value("double", ("m",))])
    loop = [node("Loop", ["count", "", "t0"], ["big"], body=body)]
    yield bomb("Loop that doubles 40 times", loop, grown + [ints("count", 40)], (0, 3, 5))
    many = [weight("t0", np.ones((1 << 10, 1 << 10), np.float32))]
    expands = [node("Expand", ["t0", "shape"], [f"e{i}"]) for i in range(64)]
    sums = [node("Sum", [f"e{i}" for i in range(64)], ["big"])]
    yield bomb("64 results of 64 MiB", expands + sums, many + [ints("shape", [16, 1 << 10, 1 << 10])],
               megabytes=1536)  # folding may hold 1 GiB in all


def r02():
    model = models.matmul(64, 64)

    def one(name, codes=(0, 5), **arguments):
        @row_of("R02")
        def maker(directory):
            save(directory, model)
            return Case("R02", name, codes, whole=True, **arguments)

        return maker

    def limit(megabytes):
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    # LLVM's library alone is more: the system's loader says so and ends with 127.
    yield one("RLIMIT_AS of 256 MiB", 127, preexec=limit(256))
    # From the address space of the worker alone to enough for all: sometimes a thread's
    # stack is what does not fit, whose size is that of many threads.
    for megabytes in (400, 448, 480, 512, 560, 640, 768, 1024):
        yield one(f"RLIMIT_AS of {megabytes} MiB", preexec=limit(megabytes), flags=["-j16"])
    yield one("--memory-limit=256M", flags=["--memory-limit=256M"])
    yield one("--memory-limit=1G", flags=["--memory-limit=1G"])
    yield one("no temporary directory", (0, 4, 5), env={"TMPDIR": "/nonexistent"})
    for name in ("C", "tr_TR.UTF-8", "de_DE.UTF-8", "xx_YY"):
        yield one(f"locale {name}", 0, env={"LC_ALL": name, "LANG": name}, then=same_result)
    yield one("HOME unset and PATH empty", 0,
              preexec=lambda: [os.environ.pop(name, None) for name in ("HOME",)], env={"PATH": ""})

    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))

    yield one("8 open files", (0, 4, 5), preexec=few_files)


def same_result(result, directory):
    """Decimal commas would change constants."""
    x = np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 64)
    np.save(os.path.join(directory, "x.npy"), x)
    run = support.run([support.QOPT_RUN, "out.so", "--input", "x=@x.npy", "--output", "y=@y.npy"], cwd=directory)
    assert run.code == 0, run.first_error
    w = np.frombuffer(models.matmul(64, 64).graph.initializer[0].raw_data, np.float32).reshape(64, 64)
    np.testing.assert_allclose(np.load(os.path.join(directory, "y.npy")), x @ w, rtol=1e-4, atol=1e-4)


def layers(count, width=16):
    """`count` times MatMul, Add, Tanh: no two layers alike."""
    rng = np.random.default_rng(count)
    nodes, weights = [], []
    for i in range(count):
        weights += [weight(f"w{i}", rng.standard_normal((width, width), np.float32) / 4),
                    weight(f"b{i}", rng.standard_normal(width, np.float32))]
        nodes += [node("MatMul", [f"t{i}", f"w{i}"], [f"m{i}"]), node("Add", [f"m{i}", f"b{i}"], [f"a{i}"]),
                  node("Tanh", [f"a{i}"], [f"t{i + 1}"])]
    return make(nodes, inputs=[value("t0", ("n", width))], outputs=[value(f"t{count}", ("n", width))],
                weights=weights)


def r03():
    @row_of("R03")
    def maker(directory):
        save(directory, layers(110), "small.onnx")
        save(directory, layers(330))

        def linear(result, where):
            argv = [support.QOPT, os.path.join(where, "small.onnx"), "-o", os.path.join(where, "s.so"), "--isa=avx2",
                    "-q"]
            small = support.run(argv)
            large = support.run([*argv[:1], os.path.join(where, "model.onnx"), *argv[2:]])
            assert large.cpu_seconds < 4.5 * small.cpu_seconds, (
                f"330 nodes take {small.cpu_seconds:.1f} s, 990 take {large.cpu_seconds:.1f} s")

        return Case("R03", "990 nodes take at most 4.5 times as long as 330", 0, flags=["--isa=avx2"],
                    seconds=60, megabytes=1024, then=linear)

    yield maker


def r05():
    def big(name, build, **limits):
        @row_of("R05")
        def maker(directory):
            save(directory, build())
            return Case("R05", name, 0, flags=["--isa=avx2"], **limits)

        return maker

    def wide():
        """Elementwise and shape operators."""
        nodes = []
        for i in range(7500):
            nodes += [node("Relu", [f"t{i}"], [f"a{i}"]), node("Transpose", [f"a{i}"], [f"b{i}"], perm=[1, 0]),
                      node("Sigmoid", [f"b{i}"], [f"c{i}"]), node("Transpose", [f"c{i}"], [f"t{i + 1}"], perm=[1, 0])]
        return make(nodes, inputs=[value("t0", (8, 16))], outputs=[value("t7500", (8, 16))])

    yield big("30,000 nodes", wide, seconds=240, megabytes=4096)
    yield big("3,000 products in one function", lambda: layers(3000), seconds=240, megabytes=4096)
    if os.environ.get("QOPT_TEST_LARGE"):
        yield big("10,000 products in one function", lambda: layers(10000), seconds=600, megabytes=4096)


def r06():
    """Weights above 2^31 bytes; more sizes where QOPT_TEST_LARGE is set."""

    def large(gigabytes):
        @row_of("R06")
        def maker(directory):
            k, n = 32768, int(gigabytes * 1e9) // (4 * 32768)
            model = matmul(2, 2)
            to_external(model)
            model.graph.initializer[0].dims[:] = [k, n]
            model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = k
            model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = n
            save(directory, model)
            with open(os.path.join(directory, "w.bin"), "wb") as file:
                file.truncate(4 * k * n)

            def runs(result, where):
                np.save(os.path.join(where, "x.npy"), np.ones((1, k), np.float32))
                run = support.run([support.QOPT_RUN, "out.so", "--input", "x=@x.npy", "--output", "y=@y.npy"],
                                  cwd=where)
                assert run.code == 0, run.first_error
                assert not np.load(os.path.join(where, "y.npy")).any(), "zeros times x are not zero"

            return Case("R06", f"{gigabytes} GB of weights", 0, flags=["--isa=avx2"], seconds=300,
                        megabytes=16384, then=runs)

        return maker

    for gigabytes in (1.9, 2.1, 5) if os.environ.get("QOPT_TEST_LARGE") else (2.1,):
        yield large(gigabytes)


def cases():
    for rows in (r01, r02, r03, r05, r06):
        yield from rows()
