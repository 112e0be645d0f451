"""Cases: matrix products.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

from case import Case, integers, np, random


def few_bits(label, bits, K, N, block, zeros=None, bias=False, dtype=np.float32, bound=1e-4,
             **attributes):
    blocks = -(-K // block)
    constants = {
        "w": integers(0, 256, (N, blocks, block * bits // 8), 1, np.uint8),
        "s": np.abs(random(N * blocks, seed=2, scale=0.02)).astype(dtype),
    }
    names = ["x", "w", "s"]
    if zeros == "packed":
        constants["z"] = integers(0, 256, (N * -(-blocks * bits // 8),), 3, np.uint8)
    elif zeros == "float":
        constants["z"] = (np.abs(random(N * blocks, seed=4)) * 4).astype(dtype)
    if zeros:
        names.append("z")
    if bias:
        constants["b"] = random(N, seed=5, dtype=dtype)
        names += [""] * (5 - len(names)) + ["b"]
    x = random(2, 3, K, seed=6, dtype=dtype)
    return Case("MatMulNBits", names, {"x": x}, constants, label=label, K=K, N=N, bits=bits,
                block_size=block, bound=bound, **attributes)


def nbits():
    yield few_bits("4", 4, 64, 24, 32)
    yield few_bits("4_zeros", 4, 128, 24, 32, zeros="packed")
    yield few_bits("4_odd_blocks", 4, 96, 17, 32, zeros="packed")
    yield few_bits("4_tail", 4, 80, 16, 32, zeros="packed")
    yield few_bits("4_float_zeros", 4, 64, 16, 32, zeros="float")
    yield few_bits("4_bias", 4, 64, 16, 16, bias=True)
    yield few_bits("4_half", 4, 64, 16, 32, zeros="packed", dtype=np.float16, bound=3e-3)
    yield few_bits("8", 8, 64, 16, 32)
    yield few_bits("8_zeros", 8, 64, 16, 64, zeros="packed")
    yield few_bits("2", 2, 64, 16, 32)
    yield few_bits("2_zeros", 2, 128, 16, 32, zeros="packed")


def fused():
    a, b = random(2, 3, 4, 5, seed=11), random(2, 3, 5, 6, seed=12)
    t = lambda x: np.ascontiguousarray(np.swapaxes(x, -1, -2))  # noqa: E731
    yield Case("FusedMatMul", ["a", "b"], {"a": a, "b": b}, alpha=0.5)
    yield Case("FusedMatMul", ["a", "b"], {"a": t(a), "b": t(b)}, label="transposed", transA=1,
               transB=1)
    batched = np.ascontiguousarray(a.transpose(2, 0, 1, 3))
    yield Case("FusedMatMul", ["a", "b"], {"a": batched, "b": b}, label="batch", transBatchA=1)
    x, w, c = random(4, 5, seed=13), random(6, 5, seed=14), random(6, seed=15)
    for activation in ("Relu", "Tanh", "LeakyRelu"):
        more = {"activation_alpha": 0.1} if activation == "LeakyRelu" else {}
        yield Case("FusedGemm", ["x", "w", "c"], {"x": x}, {"w": w, "c": c}, label=activation,
                   activation=activation, transB=1, alpha=0.5, **more)


def gathers():
    rng = np.random.default_rng(21)
    ids = rng.integers(0, 10, (2, 3)).astype(np.int64)
    for bits in (4, 8):
        table = rng.integers(0, 256, (10, 64 * bits // 8)).astype(np.uint8)
        scales = np.abs(random(10, 2, seed=22)).astype(np.float32)
        zeros = rng.integers(0, 256, (10, 2 * bits // 8)).astype(np.uint8)
        constants = {"t": table, "s": scales, "z": zeros}
        yield Case("GatherBlockQuantized", ["t", "ids", "s", "z"], {"ids": ids}, constants,
                   label=f"{bits}", bits=bits, block_size=32, gather_axis=0, quantize_axis=1)


def integer():
    rng = np.random.default_rng(31)
    x = random(2, 3, 16, seed=32)
    for kind, low in ((np.int8, -127), (np.uint8, 0)):
        w = rng.integers(low, low + 255, (16, 8)).astype(kind)
        constants = {
            "w": w, "s": np.float32(0.02), "z": np.array(3, kind), "b": random(8, seed=33),
            "ss": np.abs(random(8, seed=34)) * np.float32(0.02), "as": np.float32(0.05),
            "zz": rng.integers(low + 100, low + 130, 8).astype(kind), "az": np.uint8(120),
        }
        name = np.dtype(kind).name
        yield Case("DynamicQuantizeMatMul", ["x", "w", "s", "z", "b"], {"x": x}, constants,
                   label=name)
        yield Case("DynamicQuantizeMatMul", ["x", "w", "ss", "zz"], {"x": x}, constants,
                   label=name + "_columns")
        codes = rng.integers(0, 255, (2, 3, 16)).astype(np.uint8)
        yield Case("MatMulIntegerToFloat", ["a", "w", "as", "ss", "az", "zz", "b"], {"a": codes},
                   constants, label=name)


def cases():
    yield from nbits()
    yield from fused()
    yield from gathers()
    yield from integer()
