"""Cases: graphs that another tool has quantized, in ONNX's own operators.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

from case import Case, helper, integers, np, random


def dynamic(label, kind, columns=False, bias=True):
    """What quantize_dynamic writes for a MatMul."""
    rng = np.random.default_rng(1)
    low = np.iinfo(kind).min
    w = rng.integers(low, low + 255, (64, 24)).astype(kind)
    zero = rng.integers(low + 100, low + 140, 24 if columns else ()).astype(kind)
    scale = np.abs(random(24, seed=2)) * 0.01 if columns else np.array(0.01)
    make = helper.make_node
    graph = [
        make("DynamicQuantizeLinear", ["x"], ["codes", "xs", "xz"], name="quantize"),
        make("MatMulInteger", ["codes", "w", "xz", "z"], ["sums"], name="product"),
        make("Cast", ["sums"], ["float"], to=1, name="cast"),
        make("Mul", ["xs", "s"], ["scale"], name="scales"),
        make("Mul", ["float", "scale"], ["scaled" if bias else "out0"], name="scaled"),
    ]
    if bias:
        graph.append(make("Add", ["scaled", "b"], ["out0"], name="bias"))
    constants = {"w": w, "z": zero, "s": np.asarray(scale, np.float32)}
    if bias:
        constants["b"] = random(24, seed=3)
    return Case("MatMulInteger", None, {"x": random(2, 5, 64, seed=4)}, constants, label=label,
                graph=graph, bound=1e-5)


def qdq(label, kind, shape=(2, 5, 64), relu=False, columns=False):
    """DequantizeLinear, MatMul, QuantizeLinear around codes."""
    rng = np.random.default_rng(5)
    low = np.iinfo(kind).min
    make = helper.make_node
    w = rng.integers(-127, 128, (64, 24)).astype(np.int8)
    ws = (np.abs(random(24, seed=6)) + 0.5) * 0.01 if columns else np.array(0.01)
    constants = {
        "w": w, "ws": np.asarray(ws, np.float32),
        "wz": np.zeros(24 if columns else (), np.int8),
        "xs": np.float32(0.02), "xz": np.array(low + 120, kind),
        "ys": np.float32(0.11), "yz": np.array(low + 130, kind),
    }
    graph = [
        make("DequantizeLinear", ["x", "xs", "xz"], ["xf"], name="x"),
        make("DequantizeLinear", ["w", "ws", "wz"], ["wf"], name="w", axis=1),
        make("MatMul", ["xf", "wf"], ["yf"], name="product"),
        make("QuantizeLinear", ["yf", "ys", "yz"], ["out0"], name="y"),
    ]
    x = integers(low, low + 256, shape, 7, kind)
    return Case("QDQ", None, {"x": x}, constants, label=label, graph=graph, steps=1)


def half():
    make = helper.make_node
    w = random(64, 64, seed=8, scale=0.2, dtype=np.float16)
    graph = [
        make("MatMul", ["x", "w"], ["y"], name="product"),
        make("Softmax", ["y"], ["p"], name="softmax"),
        make("LayerNormalization", ["p", "g"], ["out0"], name="norm"),
    ]
    constants = {"w": w, "g": np.ones(64, np.float16)}
    return Case("Half", None, {"x": random(2, 5, 64, seed=9, dtype=np.float16)}, constants,
                graph=graph, bound=1e-2)


def cases():
    yield dynamic("int8", np.int8)
    yield dynamic("uint8", np.uint8)
    yield dynamic("columns", np.int8, columns=True)
    yield dynamic("no_bias", np.uint8, bias=False)
    yield qdq("int8", np.int8)
    yield qdq("uint8", np.uint8)
    yield qdq("columns", np.uint8, columns=True)
    yield half()
