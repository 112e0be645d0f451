"""Weights that become a copy on huge pages when a model is opened, while another one
reads them.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
import onnx
import support
import zoo
from onnx import helper, numpy_helper

K, N = 1024, 4096  # 16 MiB of floats
HUGE_PAGE = 2 << 20


def product(k, n):
    weight = np.random.default_rng(0).standard_normal((k, n), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "product")], "product",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["rows", k])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["rows", n])],
        [numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = os.path.join(support.BUILD, "models-test", f"weights-{k}x{n}.onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(model, path)
    return path


def mappings():
    """Begin, end, permissions and name of everything in this process's memory."""
    with open("/proc/self/maps") as file:
        for line in file:
            fields = line.split(maxsplit=5)
            begin, end = (int(part, 16) for part in fields[0].split("-"))
            yield begin, end, fields[1], fields[5].strip() if len(fields) > 5 else ""


def constants(path):
    """Where the file's constants are."""
    return [(begin, end) for begin, end, permissions, name in mappings()
            if os.path.basename(name) == os.path.basename(path) and permissions == "r--p"]


def copied(ranges):
    """Bytes of these ranges that can be read and are no longer the file's."""
    return sum(min(end, e) - max(begin, b) for begin, end, permissions, name in mappings() for b, e in ranges
               if max(begin, b) < min(end, e) and permissions == "r--p" and not name)


def own_weights():
    import qopt

    path = zoo.library(product(K, N), "fp32")[0]
    rows = np.random.default_rng(1).standard_normal((5, K), np.float32)
    first = qopt.load(path, num_threads=1, isa=zoo.tested)
    want = first(x=rows)["y"]
    ranges = constants(path)
    size = sum(end - begin for begin, end in ranges)
    assert size >= 4 * K * N and copied(ranges) == 0
    copies = [qopt.load(path, num_threads=1, isa=zoo.tested, own_weights=True) for _ in range(2)]
    found = copied(ranges)
    assert size - 2 * HUGE_PAGE < found <= size and found % HUGE_PAGE == 0, (size, found)
    for model in (first, *copies):
        assert np.array_equal(model(x=rows)["y"], want), "another result"
    for model in copies:
        model.close()
    assert np.array_equal(first(x=rows)["y"], want), "another result when the copy's models are closed"
    first.close()
    assert not constants(path) and copied(ranges) == 0, "a part of the library is left"
    return True, f"{found >> 20} MiB of {size >> 20} copied"


def small():
    """Less than a page: nothing is copied."""
    import qopt

    path = zoo.library(product(64, 64), "fp32")[0]
    os.environ["QOPT_OWN_WEIGHTS"] = "1"
    try:
        with qopt.load(path, num_threads=1, isa=zoo.tested) as model:
            assert constants(path) and copied(constants(path)) == 0
            assert model(x=np.zeros((1, 64), np.float32))["y"].shape == (1, 64)
    finally:
        del os.environ["QOPT_OWN_WEIGHTS"]
    return True, "nothing copied"


TESTS = {"weights/own": own_weights, "weights/small": small}
