"""Cases: normalizations and activations.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

from case import Case, integers, np, random


def cases():
    x, skip = random(2, 3, 16, seed=1), random(2, 3, 16, seed=2)
    gamma, beta, bias = (random(16, seed=seed) for seed in (3, 4, 5))
    weights = {"gamma": gamma, "beta": beta, "bias": bias}
    both = {"x": x, "skip": skip}
    yield Case("SkipLayerNormalization", ["x", "skip", "gamma", "beta"], both, weights, epsilon=1e-5)
    yield Case("SkipLayerNormalization", ["x", "skip", "gamma", "beta", "bias"], both, weights,
               outputs=[0, 3], label="sum", epsilon=1e-5)
    yield Case("SkipLayerNormalization", ["x", "skip", "gamma", "", "bias"],
               {"x": x, "skip": skip[0]}, weights, label="broadcast")
    yield Case("SkipSimplifiedLayerNormalization", ["x", "skip", "gamma"], both, weights,
               outputs=[0, 3], epsilon=1e-6)
    yield Case("SkipSimplifiedLayerNormalization", ["x", "skip", "gamma", "bias"], both, weights,
               label="bias")
    yield Case("SimplifiedLayerNormalization", ["x", "gamma"], {"x": x}, weights, domain="",
               label="default_domain", axis=-1, epsilon=1e-5)
    ids = integers(0, 20, (2, 5), 6, np.int32)
    segments = integers(0, 2, (2, 5), 7, np.int32)
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)
    tables = {
        "word": random(20, 16, seed=8), "position": random(12, 16, seed=9),
        "segment": random(2, 16, seed=10), **weights,
    }
    yield Case("EmbedLayerNormalization",
               ["ids", "segments", "word", "position", "segment", "gamma", "beta", "mask"],
               {"ids": ids, "segments": segments, "mask": mask}, tables, outputs=2)
    yield Case("EmbedLayerNormalization",
               ["ids", "", "word", "position", "", "gamma", "beta", "", "positions"],
               {"ids": ids, "positions": integers(0, 12, (2, 5), 11, np.int32)}, tables,
               outputs=[0, 2], label="positions", epsilon=1e-5)
    for op in ("Gelu", "FastGelu", "QuickGelu"):
        yield Case(op, ["x"], {"x": x})
    yield Case("QuickGelu", ["x"], {"x": x}, label="alpha", alpha=1.0)
    yield Case("FastGelu", ["x", "bias"], {"x": x}, weights, label="bias")
    yield Case("BiasGelu", ["x", "bias"], {"x": x}, weights)
