"""Forms of RotaryEmbedding.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

HEADS, WIDTH = 3, 16
SIZES = [{"batch": 1, "seq": 1}, {"batch": 2, "seq": 5}, {"batch": 3, "seq": 20}]
LONGEST = 64


def frequencies(width):
    return (10000.0 ** (-np.arange(0, width, 2) / width)).astype(np.float32)


def repeated(g, f, layout, how):
    """Both halves of a cache from one."""
    width = None
    if layout == "half":
        return g.Concat(f, f, axis=-1)
    if how == "stack":
        pair = g.Concat(g.unsqueeze(f, -1), g.unsqueeze(f, -1), axis=-1)
    elif how == "tile":
        pair = g.Tile(g.unsqueeze(f, 3), g.const([1, 1, 1, 2]))
    else:
        pair = g.Expand(g.unsqueeze(f, 3), g.const([1, 1, 1, 2]))
    del width
    return g.Reshape(pair, g.const([0, 0, -1]))


def caches(g, width, layout, full=True, how="stack", scaling=None):
    """cos and sin [batch, seq, width] of position ids, computed in the graph."""
    ids = g.input("position_ids", "batch", "seq", dtype=np.int64)
    positions = g.unsqueeze(g.cast(ids, np.float32), 2)
    f = g.Mul(positions, g.const(frequencies(width).reshape(1, 1, -1), np.float32))
    if full:
        f = repeated(g, f, layout, how)
    cos, sin = g.Cos(f), g.Sin(f)
    if scaling:
        cos, sin = g.Mul(cos, g.const(scaling, np.float32)), g.Mul(sin, g.const(scaling, np.float32))
    if g.dtype != np.float32:
        cos, sin = g.cast(cos, g.dtype), g.cast(sin, g.dtype)
    return cos, sin


def tables(g, width, layout, seq):
    """cos and sin of the first tokens, from constants."""
    angles = np.arange(LONGEST)[:, None] * frequencies(width)[None]
    angles = np.concatenate([angles, angles], -1) if layout == "half" else np.repeat(angles, 2, -1)
    count = g.unsqueeze(seq, 0)
    return tuple(
        g.Slice(g.const(f(angles)), g.const([0]), count, g.const([0]), g.const([1])) for f in (np.cos, np.sin)
    )


def gathered(g, width, layout):
    """Rows of a table, chosen by position."""
    ids = g.input("position_ids", "batch", "seq", dtype=np.int64)
    angles = np.arange(LONGEST)[:, None] * frequencies(width)[None]
    angles = np.concatenate([angles, angles], -1) if layout == "half" else np.repeat(angles, 2, -1)
    return tuple(g.Gather(g.const(f(angles)), ids, axis=0) for f in (np.cos, np.sin))


def parts(g, x, width, layout, how):
    if layout == "half":
        if how == "split":
            return g.split(x, width // 2, width // 2)
        if how == "axis":
            pairs = g.Reshape(x, g.const([0, 0, 0, 2, width // 2]))
            return [g.Gather(pairs, g.const(i, np.int64), axis=-2) for i in (0, 1)]
        return [g.slice(x, 0, width // 2), g.slice(x, width // 2, 2**63 - 1)]
    if how == "axis":
        pairs = g.Reshape(x, g.const([0, 0, 0, width // 2, 2]))
        return [g.Gather(pairs, g.const(i, np.int64), axis=-1) for i in (0, 1)]
    if how == "split":
        pairs = g.Reshape(x, g.const([0, 0, 0, width // 2, 2]))
        return [g.squeeze(p, -1) for p in g.split(pairs, 1, 1)]
    return [g.slice(x, i, 2**63 - 1, step=2) for i in (0, 1)]


def joined(g, first, second, width, layout, how="concat"):
    if layout == "half" and how == "axis":
        pairs = g.Concat(g.unsqueeze(first, -2), g.unsqueeze(second, -2), axis=-2)
    elif layout == "half":
        return g.Concat(first, second, axis=-1)
    else:
        pairs = g.Concat(g.unsqueeze(first, -1), g.unsqueeze(second, -1), axis=-1)
    return g.Reshape(pairs, g.const([0, 0, 0, width]))


def rotate(g, x, cos, sin, width, layout, how="slice", minus="neg", swap=False):
    """x * cos + rotate(x) * sin"""
    a, b = parts(g, x, width, layout, how)
    minus_b = g.Neg(b) if minus == "neg" else g.Mul(b, -1.0)
    r = joined(g, minus_b, a, width, layout, how)
    if swap:
        return g.Add(g.Mul(sin, r), g.Mul(cos, x))
    return g.Add(g.Mul(x, cos), g.Mul(r, sin))


def complex_product(g, x, cos, sin, width, layout, how="slice"):
    a, b = parts(g, x, width, layout, how)
    real = g.Sub(g.Mul(a, cos), g.Mul(b, sin))
    imaginary = g.Add(g.Mul(a, sin), g.Mul(cos, b))
    return joined(g, real, imaginary, width, layout)


def rotary(layout="half", formula="rotate", cache="computed", heads_axis=1, partial=0, scaling=None, repeat="stack",
           **how):
    def build(g):
        size = WIDTH + partial
        dims = ["batch", HEADS, "seq", size] if heads_axis == 1 else ["batch", "seq", HEADS, size]
        x = whole = g.input("x", *dims)
        if partial:
            if how.get("how") == "split":
                x, rest = g.split(whole, WIDTH, partial)
            else:
                x, rest = g.slice(whole, 0, WIDTH), g.slice(whole, WIDTH, 2**63 - 1)
        full = formula == "rotate"
        if cache == "computed":
            cos, sin = (g.unsqueeze(c, heads_axis) for c in caches(g, WIDTH, layout, full, repeat, scaling))
        elif cache == "gathered":
            cos, sin = (g.unsqueeze(c, heads_axis) for c in gathered(g, WIDTH, layout))
        else:
            cos, sin = tables(g, WIDTH, layout, g.dim(x, 2))
            if cache == "table-4":
                cos, sin = g.unsqueeze(cos, 0, 1), g.unsqueeze(sin, 0, 1)
        function = rotate if full else complex_product
        y = function(g, x, cos, sin, WIDTH, layout, **how)
        if partial:
            y = g.Concat(y, rest, axis=-1)
        g.output(y)

    return build


def unequal_halves(g):
    """A cache whose halves differ rotates no pairs."""
    x = g.input("x", "batch", HEADS, "seq", WIDTH)
    angles = np.arange(LONGEST)[:, None] * frequencies(2 * WIDTH)[None]
    count = g.unsqueeze(g.dim(x, 2), 0)
    cos, sin = (
        g.Slice(g.const(f(angles)), g.const([0]), count, g.const([0]), g.const([1])) for f in (np.cos, np.sin)
    )
    g.output(rotate(g, x, cos, sin, WIDTH, "half"))


def wrong_sign(g):
    """(b, -a) turns the other way."""
    x = g.input("x", "batch", HEADS, "seq", WIDTH)
    cos, sin = (g.unsqueeze(c, 1) for c in caches(g, WIDTH, "half"))
    a, b = parts(g, x, WIDTH, "half", "slice")
    g.output(g.Add(g.Mul(x, cos), g.Mul(g.Concat(b, g.Neg(a), axis=-1), sin)))


def forms(add):
    def lifted(name, build, **options):
        add("rotary/" + name, build, {"RotaryEmbedding": 1}, SIZES, **options)

    lifted("half", rotary())
    lifted("half-opset-11", rotary(), opset=11)
    lifted("half-split", rotary(how="split"), opset=18)
    lifted("half-axis", rotary(how="axis"))
    lifted("half-times-minus-one", rotary(minus="mul", swap=True))
    lifted("half-scaled-cache", rotary(scaling=1.2))
    lifted("half-gathered", rotary(cache="gathered"))
    lifted("half-table", rotary(cache="table"))
    lifted("half-table-rank-4", rotary(cache="table-4"))
    lifted("half-heads-behind", rotary(heads_axis=2))
    lifted("half-partial", rotary(partial=8))
    lifted("half-partial-split", rotary(partial=8, how="split"))
    lifted("half-complex", rotary(formula="complex"))
    lifted("half-complex-split-partial", rotary(formula="complex", partial=4, how="split"))
    lifted("half-fp16", rotary(), dtype=np.float16)
    lifted("pairs", rotary("interleaved"))
    lifted("pairs-tile", rotary("interleaved", repeat="tile"))
    lifted("pairs-expand", rotary("interleaved", repeat="expand"))
    lifted("pairs-gathered", rotary("interleaved", cache="gathered"))
    lifted("pairs-heads-behind", rotary("interleaved", heads_axis=2, partial=8))
    lifted("pairs-complex-gather", rotary("interleaved", formula="complex", how="axis"))
    lifted("pairs-complex-split", rotary("interleaved", formula="complex", how="split"), opset=13)
    lifted("pairs-complex-heads-behind", rotary("interleaved", formula="complex", heads_axis=2))
    add("rotary/not-unequal-halves", unequal_halves, {}, SIZES)
    add("rotary/not-other-sign", wrong_sign, {}, SIZES)
