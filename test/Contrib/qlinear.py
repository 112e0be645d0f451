"""Cases: operators on codes.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

from case import Case, integers, np, random


def parameters(kind, **numbers):
    """Scales (names that end in s) and zero points (in z)."""
    return {
        name: np.array(value, np.float32 if name.endswith("s") else kind)
        for name, value in numbers.items()
    }


def cases():
    for kind, low, high, zero in ((np.uint8, 0, 256, 128), (np.int8, -128, 128, 3)):
        label = np.dtype(kind).name
        a = integers(low, high, (2, 3, 8), 1, kind)
        b = integers(low, high, (3, 8), 2, kind)
        p = parameters(kind, xs=0.03, xz=zero, bs=0.05, bz=zero - 2, ys=0.07, yz=zero + 1)
        # ONNX Runtime sums with precomputed ratios: a tie may fall to the other side.
        for op in ("QLinearAdd", "QLinearMul"):
            yield Case(op, ["a", "xs", "xz", "b", "bs", "bz", "ys", "yz"], {"a": a, "b": b}, p,
                       label=label, steps=1)
        yield Case("QLinearSigmoid", ["a", "xs", "xz", "ys", "yz"], {"a": a},
                   {**p, **parameters(kind, ys=1 / 256, yz=low)}, label=label, steps=1)
        yield Case("QLinearLeakyRelu", ["a", "xs", "xz", "ys", "yz"], {"a": a}, p, label=label,
                   alpha=0.1, steps=1)
        yield Case("QLinearSoftmax", ["a", "xs", "xz", "ys", "yz"], {"a": a},
                   {**p, **parameters(kind, ys=1 / 256, yz=low)}, label=label, axis=-1, opset13=True,
                   steps=1)
        yield Case("QLinearConcat", ["ys", "yz", "a", "xs", "xz", "c", "bs", "bz"],
                   {"a": a, "c": integers(low, high, (2, 1, 8), 3, kind)}, p, label=label, axis=1)
        images = integers(low, high, (1, 3, 6, 6), 4, kind)
        pool = ["x", "xs", "xz", "ys", "yz"]
        yield Case("QLinearGlobalAveragePool", pool, {"x": images}, p, label=label, steps=1)
        yield Case("QLinearAveragePool", pool, {"x": images}, p, label=label, steps=1,
                   kernel_shape=[2, 2], strides=[2, 2], static=True)
        x = random(2, 3, 8, seed=5, scale=3)
        yield Case("QuantizeLinear", ["x", "xs", "xz"], {"x": x}, p, label=label)
        yield Case("DequantizeLinear", ["a", "xs", "xz"], {"a": a}, p, label=label)
