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


def integer_product(label, a_kind, b_kind, K, a_zero=None, b_zero=None):
    """MatMulInteger by itself: bit for bit. K beyond 1,024 is summed in parts."""
    rng = np.random.default_rng(11)
    limits = np.iinfo(a_kind), np.iinfo(b_kind)
    w = rng.integers(limits[1].min, limits[1].max + 1, (K, 40)).astype(b_kind)
    constants = {"w": w}
    if a_zero is not None:
        constants["az"] = np.array(a_zero, a_kind)
    if b_zero is not None:
        constants["bz"] = np.array(b_zero, b_kind)
    names = ["x", "w", "az" if a_zero is not None else "", "bz" if b_zero is not None else ""]
    while not names[-1]:
        names.pop()
    graph = [helper.make_node("MatMulInteger", names, ["out0"], name="product")]
    x = rng.integers(limits[0].min, limits[0].max + 1, (3, 5, K)).astype(a_kind)
    x[0] = limits[0].min  # the largest sums
    return Case("MatMulInteger", None, {"x": x}, constants, label=label, graph=graph)


def qdq(label, kind, shape=(2, 5, 64), columns=False, op="MatMul", bias=False, last=True):
    """DequantizeLinear, a product, QuantizeLinear around codes; the bias in i32."""
    rng = np.random.default_rng(5)
    low = np.iinfo(kind).min
    make = helper.make_node
    transposed = op == "Gemm"
    w = rng.integers(-127, 128, (24, 64) if transposed else (64, 24)).astype(np.int8)
    ws = (np.abs(random(24, seed=6)) + 0.5) * 0.01 if columns else np.array(0.01)
    ws = np.asarray(ws, np.float32)
    xs = np.float32(0.02)
    constants = {
        "w": w, "ws": ws, "wz": np.zeros(24 if columns else (), np.int8),
        "xs": xs, "xz": np.array(low + 120, kind),
        "ys": np.float32(0.11), "yz": np.array(low + 130, kind),
    }
    axis = 0 if transposed else 1
    out = "yf" if last else "out0"
    graph = [
        make("DequantizeLinear", ["x", "xs", "xz"], ["xf"], name="x"),
        make("DequantizeLinear", ["w", "ws", "wz"], ["wf"], name="w", axis=axis),
    ]
    if bias:
        constants["b"] = rng.integers(-3000, 3000, 24).astype(np.int32)
        constants["bs"] = (xs * ws).astype(np.float32)
        constants["bz"] = np.zeros(24 if columns else (), np.int32)
        graph.append(make("DequantizeLinear", ["b", "bs", "bz"], ["bf"], name="b", axis=0))
    if transposed:
        operands = ["xf", "wf"] + ["bf"] * bias
        graph.append(make("Gemm", operands, [out], name="product", transB=1))
    else:
        graph.append(make("MatMul", ["xf", "wf"], ["pf" if bias else out], name="product"))
        if bias:
            graph.append(make("Add", ["pf", "bf"], [out], name="sum"))
    if last:
        graph.append(make("QuantizeLinear", ["yf", "ys", "yz"], ["out0"], name="y"))
    x = integers(low, low + 256, shape, 7, kind)
    # A sum of MatMul and a bias is two operators to ONNX Runtime: a tie may differ.
    # So is a product of int8 activations, which it leaves in float.
    steps = 1 if (bias and not transposed) or kind == np.int8 else 0
    return Case("QDQ", None, {"x": x}, constants, label=label, graph=graph, steps=steps,
                fused=True, bound=1e-6)


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
    yield integer_product("u8s8", np.uint8, np.int8, 64, a_zero=131)
    yield integer_product("u8u8", np.uint8, np.uint8, 100, a_zero=7, b_zero=120)
    yield integer_product("s8s8", np.int8, np.int8, 70)
    yield integer_product("u8s8_columns", np.uint8, np.int8, 64, a_zero=131,
                          b_zero=list(range(-20, 20)))
    yield integer_product("long", np.uint8, np.uint8, 2500, a_zero=3, b_zero=128)
    yield qdq("int8", np.int8)
    yield qdq("uint8", np.uint8)
    yield qdq("columns", np.uint8, columns=True)
    yield qdq("bias", np.uint8, columns=True, bias=True)
    yield qdq("float", np.uint8, last=False)
    yield qdq("gemm", np.uint8, shape=(7, 64), op="Gemm")
    yield qdq("gemm_bias", np.uint8, shape=(7, 64), op="Gemm", bias=True)
    yield qdq("gemm_bias_columns", np.int8, shape=(7, 64), op="Gemm", columns=True, bias=True)
    yield half()
