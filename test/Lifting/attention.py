"""Forms of scaled dot product attention.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

HEADS, WIDTH = 4, 8
SIZES = [
    {"batch": 1, "seq": 1, "keys": 1},
    {"batch": 2, "seq": 5, "keys": 9},
    {"batch": 3, "seq": 17, "keys": 17},
    {"batch": 1, "seq": 1, "keys": 33},
]
# As above, with a past of keys - seq tokens.
PAST = [{"batch": 1, "seq": 1, "past": 0}, {"batch": 2, "seq": 3, "past": 6}, {"batch": 2, "seq": 1, "past": 30}]
LOWEST = float(np.finfo(np.float32).min)
LONGEST = 64


def queries(g, heads=HEADS):
    return g.input("q", "batch", heads, "seq", WIDTH)


def keys(g, heads=HEADS):
    return g.input("k", "batch", heads, "keys", WIDTH), g.input("v", "batch", heads, "keys", WIDTH)


def swapped(g, k):
    return g.transpose(k, 0, 1, 3, 2)


def scores_of(g, q, k, scale="product-div", last=swapped):
    """q k^T with the scale where an exporter puts it."""
    s = WIDTH**-0.5
    if scale in ("q", "q-div"):
        q = g.Mul(q, s) if scale == "q" else g.Div(q, 1 / s)
    if scale in ("both", "dynamo"):
        q = g.Mul(q, s**0.5)
    if scale == "dynamo":
        k = g.Mul(k, s**0.5)
    k = last(g, k)
    if scale == "k":
        k = g.Mul(k, s)
    if scale == "both":
        k = g.Mul(s**0.5, k)
    x = g.MatMul(q, k)
    if scale == "product-div":
        x = g.Div(x, 1 / s)
    if scale == "product-mul":
        x = g.Mul(s, x)
    return x


def finish(g, x, v, softmax="plain", guard=False):
    """Softmax and the second product."""
    if softmax == "f32":
        x = g.cast(x, np.float32)
    p = g.Softmax(x, axis=-1)
    if guard == "f32":
        p = g.Where(g.IsNaN(p), g.const([0.0], np.float32), p)
    if softmax == "f32":
        p = g.cast(p, g.dtype)
    if guard is True:
        p = g.Where(g.IsNaN(p), g.const([0.0]), p)
    g.output(g.MatMul(p, v))


def plain(scale="product-div", last=swapped, **end):
    def build(g):
        q, (k, v) = queries(g), keys(g)
        finish(g, scores_of(g, q, k, scale, last), v, **end)

    return build


def projected(scale, order):
    """From [batch, seq, hidden]: heads are split and transposed; BERT, OPT, T5."""

    def build(g):
        x, m = g.input("x", "batch", "seq", HEADS * WIDTH), g.input("m", "batch", "keys", HEADS * WIDTH)
        rng = np.random.default_rng(3)
        weights = [rng.standard_normal((HEADS * WIDTH, HEADS * WIDTH)) / 4 for _ in range(3)]
        q, k, v = (g.MatMul(a, w) for a, w in zip((x, m, m), weights))
        if scale == "before":
            q = g.Mul(q, WIDTH**-0.5)
        q, k, v = (g.Reshape(a, g.const([0, 0, HEADS, WIDTH])) for a in (q, k, v))
        q, v = (g.transpose(a, 0, 2, 1, 3) for a in (q, v))
        k = g.transpose(k, 0, 2, 3, 1) if order == "once" else swapped(g, g.transpose(k, 0, 2, 1, 3))
        s = g.MatMul(q, k)
        if scale == "product":
            s = g.Mul(s, WIDTH**-0.5)
        y = g.MatMul(g.Softmax(s, axis=-1), v)
        g.output(g.Reshape(g.transpose(y, 0, 2, 1, 3), g.const([0, 0, HEADS * WIDTH])))

    return build


def keys_stored_transposed(g):
    q, v = queries(g), g.input("v", "batch", HEADS, "keys", WIDTH)
    k = g.input("k", "batch", HEADS, WIDTH, "keys")
    finish(g, g.Mul(g.MatMul(q, k), WIDTH**-0.5), v)


# Masks: scores to scores.


def additive(g, x, q, k):
    return g.Add(x, g.input("bias", "batch", 1, "seq", "keys"))


def additive_rank_2(g, x, q, k):
    return g.Add(g.input("bias", "seq", "keys"), x)


def padding(g, x, q, k):
    """(1 - mask) * -10000 of [batch, keys]."""
    mask = g.unsqueeze(g.input("mask", "batch", "keys", dtype=np.int64), 1, 2)
    return g.Add(x, g.Mul(g.Sub(1.0, g.cast(mask, g.dtype)), -10000.0))


def padding_cut(g, x, q, k):
    """A mask of any length, cut to the keys, as torch.export has it."""
    mask = g.unsqueeze(g.input("mask", "batch", "masked", dtype=np.int64), 1, 2)
    mask = g.Slice(mask, g.const([0]), g.unsqueeze(g.dim(k, 2), 0), g.const([3]), g.const([1]))
    return g.Add(x, g.Mul(g.Sub(1.0, g.cast(mask, g.dtype)), -10000.0))


def padding_lowest(g, x, q, k):
    """Where the inverted mask is set, as transformers has it."""
    mask = g.unsqueeze(g.input("mask", "batch", "keys", dtype=np.int64), 1, 2)
    inverted = g.Sub(1.0, g.cast(mask, g.dtype))
    return g.Add(x, g.Where(g.cast(inverted, bool), LOWEST, inverted))


def choice(fill, inverted=False):
    def mask(g, x, q, k):
        seen = g.input("seen", "batch", 1, "seq", "keys", dtype=bool)
        return g.Where(g.Not(seen), fill, x) if inverted is None else (
            g.Where(seen, g.const(fill), x) if inverted else g.Where(seen, x, g.const(fill)))

    return mask


def seen_up_to(g, q, k, first=None):
    """[seq, keys]: key <= first + query."""
    rows, columns = g.arange(g.dim(q, 2)), g.arange(g.dim(k, 2))
    if first is None:
        first = g.Sub(g.dim(k, 2), g.dim(q, 2))
    return g.Not(g.Greater(columns, g.Add(g.unsqueeze(rows, 1), first)))


def causal_added(fill):
    def mask(g, x, q, k):
        return g.Add(x, g.Where(seen_up_to(g, q, k), g.const([0.0]), g.const([fill])))

    return mask


def causal_chosen(fill):
    def mask(g, x, q, k):
        return g.Where(seen_up_to(g, q, k), x, g.const(fill))

    return mask


def causal_trilu(g, x, q, k):
    """The upper triangle of a matrix of the lowest number."""
    shape = g.dims(g.dim(q, 2), g.dim(k, 2))
    full = g.Expand(g.const([[LOWEST]]), shape)
    shift = g.Add(g.Sub(g.dim(k, 2), g.dim(q, 2)), g.const(1, np.int64))
    return g.Add(x, g.unsqueeze(g.Trilu(full, shift, upper=1), 0, 1))


def causal_buffer(g, x, q, k):
    """GPT-2: a window of a constant triangle."""
    triangle = g.const(np.tril(np.ones((1, 1, LONGEST, LONGEST), bool)))
    count, total = g.unsqueeze(g.dim(q, 2), 0), g.unsqueeze(g.dim(k, 2), 0)
    first = g.Sub(total, count)
    rows = g.Slice(triangle, first, total, g.const([2]), g.const([1]))
    return g.Where(g.Slice(rows, g.const([0]), total, g.const([3]), g.const([1])), x, g.const(LOWEST))


def causal_and_padding(g, x, q, k):
    """One condition of both, chosen by Where; -inf, so that rows may see nothing."""
    mask = g.cast(g.unsqueeze(g.input("mask", "batch", "keys", dtype=np.int64), 1, 2), bool)
    seen = g.And(g.unsqueeze(seen_up_to(g, q, k), 0, 1), mask)
    return g.Add(x, g.Where(seen, g.const([0.0]), g.const([-np.inf])))


def two_choices(g, x, q, k):
    mask = g.cast(g.unsqueeze(g.input("mask", "batch", "keys", dtype=np.int64), 1, 2), bool)
    return g.Where(mask, g.Where(seen_up_to(g, q, k), x, g.const(LOWEST)), g.const(LOWEST))


def choice_and_bias(g, x, q, k):
    x = g.Add(x, g.input("bias", 1, HEADS, "seq", "keys"))
    return g.Where(seen_up_to(g, q, k), x, g.const(-np.inf))


def alibi(g, x, q, k):
    """BLOOM: a slope per head times the position, then the causal mask."""
    slopes = g.const(2.0 ** -np.arange(1, HEADS + 1).reshape(1, HEADS, 1, 1))
    positions = g.cast(g.arange(g.dim(k, 2)), g.dtype)
    return causal_added(LOWEST)(g, g.Add(g.Mul(slopes, positions), x), q, k)


def relative_bias(g, x, q, k):
    """T5: a bias per head, looked up by distance, and a padding mask."""
    rows, columns = g.arange(g.dim(q, 2)), g.arange(g.dim(k, 2))
    distance = g.Sub(g.unsqueeze(columns, 0), g.unsqueeze(rows, 1))
    buckets = g.Add(g.Min(g.Abs(distance), g.const(15, np.int64)),
                    g.Mul(g.cast(g.Greater(distance, g.const(0, np.int64)), np.int64), g.const(16, np.int64)))
    table = np.random.default_rng(4).standard_normal((32, HEADS))
    bias = g.unsqueeze(g.transpose(g.Gather(g.const(table), buckets, axis=0), 2, 0, 1), 0)
    mask = g.unsqueeze(g.input("mask", "batch", "keys", dtype=np.int64), 1, 2)
    bias = g.Add(bias, g.Mul(g.Sub(1.0, g.cast(mask, g.dtype)), LOWEST))
    return g.Add(x, bias)


def masked(mask, scale="product-div", **end):
    def build(g):
        q, (k, v) = queries(g), keys(g)
        finish(g, mask(g, scores_of(g, q, k, scale), q, k), v, **end)

    return build


def scaled_behind_mask(g):
    """CodeGen: the scale meets the mask too."""
    q, (k, v) = queries(g), keys(g)
    x = additive(g, g.MatMul(q, swapped(g, k)), q, k)
    finish(g, g.Mul(x, 0.5), v)


def softcap(how):
    """Gemma: 30 * tanh(scores / 30), then the mask."""

    def build(g):
        q, (k, v) = queries(g), keys(g)
        if how == "merged":  # one factor for scale and cap
            x = g.Mul(g.Tanh(g.Mul(g.MatMul(q, swapped(g, k)), WIDTH**-0.5 / 5.0)), 5.0)
        else:
            x = g.Mul(5.0, g.Tanh(g.Div(scores_of(g, q, k, "product-mul"), 5.0)))
        finish(g, causal_added(LOWEST)(g, x, q, k), v)

    return build


def repeat(g, x, how, groups):
    """Every head of x some times in a row."""
    times = HEADS // groups
    if how == "gather":
        return g.Gather(x, g.const(np.repeat(np.arange(groups), times)), axis=1)
    five = g.unsqueeze(x, 2)
    if how == "tile":
        five = g.Tile(five, g.const([1, 1, times, 1, 1]))
    elif how == "concat":
        five = g.Concat(*[five] * times, axis=2)
    elif how == "expand-minus-one":  # sizes as torch computes them
        shape = g.Concat(*(g.unsqueeze(s, 0) if isinstance(s, str) else g.const([s])
                           for s in (g.dim(x, 0), groups, times, g.dim(x, 2), WIDTH)), axis=0)
        five = g.Expand(five, shape)
        flat = g.dims(g.dim(x, 0), HEADS, g.dim(x, 2), WIDTH)
        return g.Reshape(five, flat)
    else:
        five = g.Expand(five, g.const([1, 1, times, 1, 1]))
    return g.Reshape(five, g.const([0, HEADS, -1, WIDTH]))


def grouped(how, groups=2, scale="both", mask=additive):
    def build(g):
        q, (k, v) = queries(g), keys(g, groups)
        rk, rv = repeat(g, k, how, groups), repeat(g, v, how, groups)
        x = scores_of(g, q, rk, scale)
        finish(g, mask(g, x, q, rk) if mask else x, rv, guard=True)

    return build


def shared_keys(g):
    """One head of keys for all queries, broadcast by the products."""
    q, (k, v) = queries(g), keys(g, 1)
    finish(g, causal_added(LOWEST)(g, scores_of(g, q, k, "q"), q, k), v)


def cached(mask, **end):
    """A past in front of keys and values; the caches are outputs too."""

    def build(g):
        q = queries(g)
        k, v = (g.input(n, "batch", HEADS, "seq", WIDTH) for n in ("k", "v"))
        pk, pv = (g.input(n, "batch", HEADS, "past", WIDTH) for n in ("past_k", "past_v"))
        k, v = g.Concat(pk, k, axis=2), g.Concat(pv, v, axis=2)
        finish(g, mask(g, scores_of(g, q, k, "both"), q, k), v, **end)
        g.output(k, v)

    return build


def merged(g, x, rows=None, columns=WIDTH):
    """[batch * heads, ..], as torch.bmm wants it."""
    shape = g.dims(g.Mul(g.dim(x, 0), g.const(HEADS, np.int64)), rows or g.dim(x, 2), columns)
    return g.Reshape(x, shape)


def bmm(mask):
    """Rank 3 around the products: BLOOM (masked in rank 4), OPT and BART of old."""

    def build(g):
        q, (k, v) = queries(g), keys(g)
        batch, rows, columns = g.dim(q, 0), g.dim(q, 2), g.dim(k, 2)
        x = g.Mul(g.MatMul(merged(g, q), g.transpose(merged(g, k), 0, 2, 1)), WIDTH**-0.5)
        if mask == "alibi":  # [batch * heads, 1, keys]
            slopes = g.input("slopes", "batch", HEADS, 1, "keys")
            x = g.Add(g.Reshape(slopes, g.dims(g.Mul(batch, g.const(HEADS, np.int64)), 1, columns)), x)
        if mask:
            x = causal_added(LOWEST)(g, g.Reshape(x, g.dims(batch, HEADS, rows, columns)), q, k)
            x = g.Reshape(x, g.dims(g.Mul(batch, g.const(HEADS, np.int64)), rows, columns))
        y = g.MatMul(g.Softmax(x, axis=-1), merged(g, v))
        g.output(g.transpose(g.Reshape(y, g.dims(batch, HEADS, rows, WIDTH)), 0, 2, 1, 3))

    return build


def bmm_output(g):
    q, (k, v) = queries(g), keys(g)
    x = g.MatMul(merged(g, q), g.transpose(merged(g, k), 0, 2, 1))
    g.output(g.MatMul(g.Softmax(x, axis=2), merged(g, v)))


# What stays as it is.


def probabilities_read(g):
    q, (k, v) = queries(g), keys(g)
    p = g.Softmax(scores_of(g, q, k), axis=-1)
    g.output(g.MatMul(p, v), p)


def mask_widens(g):
    q = g.input("q", 1, HEADS, "seq", WIDTH)
    k, v = (g.input(n, 1, HEADS, "keys", WIDTH) for n in ("k", "v"))
    finish(g, additive(g, scores_of(g, q, k), q, k), v)


def softmax_over_queries(g):
    q, (k, v) = queries(g), keys(g)
    g.output(g.MatMul(g.Softmax(scores_of(g, q, k), axis=2), v))


def fill_and_bias(g):
    """-1e4 replaces a score but would not swallow it."""
    q, (k, v) = queries(g), keys(g)
    x = g.Add(scores_of(g, q, k), g.input("bias", 1, HEADS, "seq", "keys"))
    finish(g, g.Where(seen_up_to(g, q, k), x, g.const(-1e4)), v)


def unrelated_product(g):
    q, (k, v) = queries(g), keys(g)
    x = scores_of(g, q, k)
    g.output(g.MatMul(g.Relu(x), v))


def forms(add):
    def lifted(name, build, sizes=SIZES, **options):
        add("attention/" + name, build, {"Attention": 1}, sizes, **options)

    for scale in ("none", "product-div", "product-mul", "q", "q-div", "k", "both", "dynamo"):
        lifted("scale-" + scale, plain(scale))
    lifted("opset-11", plain(), opset=11)
    lifted("opset-18", masked(additive), opset=18)
    lifted("projected", projected("product", "twice"))
    lifted("projected-once", projected("product", "once"))
    lifted("projected-scaled-before", projected("before", "twice"))
    lifted("keys-stored-transposed", keys_stored_transposed)
    lifted("nan-guard", masked(causal_and_padding, "both", guard=True))
    lifted("mask-added", masked(additive))
    lifted("mask-added-rank-2", masked(additive_rank_2))
    lifted("mask-padding", masked(padding))
    lifted("mask-padding-cut", masked(padding_cut), [{**sizes, "masked": sizes["keys"] + 2} for sizes in SIZES])
    lifted("mask-padding-lowest", masked(padding_lowest))
    for name, fill in (("inf", -np.inf), ("lowest", LOWEST), ("1e4", -1e4), ("1e9", -1e9)):
        lifted("mask-where-" + name, masked(choice(fill), guard=True))
        lifted("mask-fill-" + name, masked(choice(fill, inverted=True), guard=True))
    lifted("causal-added", masked(causal_added(LOWEST)))
    lifted("causal-added-inf", masked(causal_added(-np.inf), "both", guard=True))
    lifted("causal-where", masked(causal_chosen(LOWEST)))
    lifted("causal-where-1e4", masked(causal_chosen(-1e4)))
    lifted("causal-trilu", masked(causal_trilu))
    lifted("causal-buffer", cached(causal_buffer), PAST)
    lifted("causal-and-padding", masked(causal_and_padding, guard=True))
    lifted("two-wheres", masked(two_choices))
    lifted("where-and-bias", masked(choice_and_bias))
    lifted("scaled-behind-mask", scaled_behind_mask)
    lifted("alibi", masked(alibi))
    lifted("relative-bias", masked(relative_bias, "none"))
    lifted("softcap", softcap("plain"))
    lifted("softcap-merged", softcap("merged"))
    for how in ("expand", "expand-minus-one", "tile", "concat", "gather"):
        lifted("grouped-" + how, grouped(how))
    lifted("grouped-no-mask", grouped("expand", mask=None))
    lifted("grouped-one", grouped("expand", groups=1, scale="product-mul", mask=causal_chosen(LOWEST)))
    lifted("shared-keys", shared_keys)
    lifted("cached", cached(causal_added(-np.inf), guard=True), PAST)
    lifted("merged", bmm(None))
    lifted("merged-masked", bmm("causal"))
    lifted("merged-alibi", bmm("alibi"))
    lifted("merged-output", bmm_output)
    half = {"dtype": np.float16}
    lifted("half", plain(), **half)
    lifted("half-softmax-f32", masked(additive, softmax="f32"), **half)
    lifted("half-softmax-f32-guard", masked(choice(-np.inf), "both", softmax="f32", guard="f32"), **half)
    lifted("half-grouped", grouped("expand"), **half)

    def kept(name, build):
        add("attention/not-" + name, build, {}, SIZES)

    kept("probabilities-read", probabilities_read)
    kept("mask-widens", mask_widens)
    kept("softmax-over-queries", softmax_over_queries)
    kept("fill-and-bias", fill_and_bias)
    kept("relu", unrelated_product)
