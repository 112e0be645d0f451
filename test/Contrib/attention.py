"""Cases: attention.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

from case import Case, np, random

# Batch, sequence, heads, head size.
B, S, N, H = 2, 5, 4, 8
D = N * H


def ragged(total, lengths):
    """1 for the first tokens of each row."""
    return (np.arange(total)[None] < np.array(lengths)[:, None]).astype(np.int32)


def attention():
    x = random(B, S, 12, seed=1)
    weights = {"w": random(12, 3 * D, seed=2, scale=0.3), "b": random(3 * D, seed=3)}
    past = random(2, B, N, 3, H, seed=4)
    base = ["x", "w", "b"]
    yield Case("Attention", base, {"x": x}, weights, num_heads=N)
    yield Case("Attention", base, {"x": x}, weights, label="causal", num_heads=N, unidirectional=1)
    yield Case("Attention", base + ["mask"], {"x": x, "mask": ragged(S, [3, 5])}, weights,
               label="mask2d", num_heads=N, scale=0.2)
    yield Case("Attention", base + ["mask"], {"x": x, "mask": np.array([3, 5], np.int32)}, weights,
               label="lengths", num_heads=N)
    mask3 = np.tril(np.ones((S, S), np.int32))[None].repeat(B, 0)
    yield Case("Attention", base + ["mask"], {"x": x, "mask": mask3}, weights, label="mask3d",
               num_heads=N)
    yield Case("Attention", base + ["mask", "past"],
               {"x": x, "mask": ragged(S + 3, [8, 6]), "past": past}, weights, outputs=2,
               label="past", num_heads=N, unidirectional=1)
    yield Case("Attention", base + ["", "", "bias"], {"x": x, "bias": random(1, N, S, S, seed=5)},
               weights, label="bias", num_heads=N)
    sizes = {"w": random(12, 80, seed=6, scale=0.3), "b": random(80, seed=7)}
    yield Case("Attention", base, {"x": x}, sizes, label="hidden_sizes", num_heads=N,
               qkv_hidden_sizes=[32, 32, 16])


def quantized_attention():
    rng = np.random.default_rng(8)
    constants = {
        "w": rng.integers(-100, 100, (12, 3 * D)).astype(np.int8),
        "b": random(3 * D, seed=9), "xs": np.float32(0.02), "ws": np.float32(0.004),
        "xz": np.uint8(120), "wz": np.int8(0),
    }
    x = rng.integers(0, 255, (B, S, 12)).astype(np.uint8)
    operands = ["x", "w", "b", "xs", "ws", "", "xz", "wz"]
    yield Case("QAttention", operands, {"x": x}, constants, num_heads=N, bound=1e-3)
    yield Case("QAttention", operands, {"x": x}, constants, label="causal", num_heads=N,
               unidirectional=1, bound=1e-3)


def multi_head():
    q, k, v = (random(B, S, D, seed=seed) for seed in (11, 12, 13))
    long_k, long_v = random(B, 7, D, seed=14), random(B, 7, D, seed=15)
    bias = random(3 * D, seed=16)
    past = {"pk": random(B, N, 3, H, seed=17), "pv": random(B, N, 3, H, seed=18)}
    qkv = {"q": q, "k": k, "v": v}
    names = ["q", "k", "v"]
    yield Case("MultiHeadAttention", names, qkv, num_heads=N)
    yield Case("MultiHeadAttention", names, qkv, label="causal", num_heads=N, unidirectional=1)
    yield Case("MultiHeadAttention", names + ["b"], qkv, {"b": bias}, label="bias", num_heads=N)
    yield Case("MultiHeadAttention", names, {"q": q, "k": long_k, "v": long_v}, label="cross",
               num_heads=N, scale=0.1)
    yield Case("MultiHeadAttention", names + ["", "mask"],
               {"q": q, "k": long_k, "v": long_v, "mask": ragged(7, [4, 7])}, label="padding",
               num_heads=N)
    yield Case("MultiHeadAttention", names + ["", "", "bias"],
               {**qkv, "bias": random(1, N, S, S, seed=19)}, label="attention_bias", num_heads=N)
    yield Case("MultiHeadAttention", names + ["", "", "", "pk", "pv"], {**qkv, **past}, outputs=3,
               label="past", num_heads=N)
    heads = {"k": random(B, N, 7, H, seed=20), "v": random(B, N, 7, H, seed=21)}
    yield Case("MultiHeadAttention", names, {"q": q, **heads}, label="heads", num_heads=N)


def rotary():
    caches = {"cos": random(16, H // 2, seed=31), "sin": random(16, H // 2, seed=32)}
    ids = np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]], np.int64)
    x3, x4 = random(B, S, D, seed=33), random(B, N, S, H, seed=34)
    names = ["x", "ids", "cos", "sin"]
    for interleaved in (0, 1):
        label = "_interleaved" if interleaved else ""
        yield Case("RotaryEmbedding", names, {"x": x3, "ids": ids}, caches, label="rank3" + label,
                   interleaved=interleaved)
        yield Case("RotaryEmbedding", names, {"x": x4, "ids": ids}, caches, label="rank4" + label,
                   interleaved=interleaved)
    yield Case("RotaryEmbedding", names, {"x": x3, "ids": np.array([2], np.int64)}, caches,
               label="offset", scale=2.0)
    partial = {"cos": caches["cos"][:, :2].copy(), "sin": caches["sin"][:, :2].copy()}
    yield Case("RotaryEmbedding", names, {"x": x3, "ids": ids}, partial, label="partial",
               num_heads=N, rotary_embedding_dim=4)


def grouped(label, tokens, past, lengths, total=None, packed=False, kv=2, room=None, **attributes):
    """GroupQueryAttention on `tokens` new tokens; `lengths` are the valid keys per row."""
    H, B = 16, len(lengths)  # rotation wants a multiple of 16
    total = max(lengths) if total is None else total
    q, k, v = (random(B, tokens, n * H, seed=seed)
               for n, seed in ((N, 41), (kv, 42), (kv, 43)))
    inputs = {"q": np.concatenate([q, k, v], 2)} if packed else {"q": q, "k": k, "v": v}
    names = ["q", "", ""] if packed else ["q", "k", "v"]
    if past is not None:
        shape = (B, kv, room or past, H)
        inputs["pk"], inputs["pv"] = random(*shape, seed=44), random(*shape, seed=45)
        names += ["pk", "pv"]
    else:
        names += ["", ""]
    inputs["lengths"] = (np.array(lengths) - 1).astype(np.int32)
    inputs["total"] = np.array(total, np.int32)
    names += ["lengths", "total"]
    constants = {}
    if attributes.get("do_rotary"):
        constants = {"cos": random(32, H // 2, seed=46), "sin": random(32, H // 2, seed=47)}
        names += ["cos", "sin"]
    return Case("GroupQueryAttention", names, inputs, constants, outputs=3, label=label,
                valid=lengths, num_heads=N, kv_num_heads=kv, **attributes)


def group_query():
    empty = dict(tokens=5, past=0, lengths=[5, 5])
    step = dict(tokens=1, past=6, lengths=[7, 7])
    yield grouped("prompt", **empty)
    yield grouped("prompt_packed", packed=True, **empty)
    yield grouped("prompt_rotary", do_rotary=1, **empty)
    yield grouped("prompt_rotary_interleaved", do_rotary=1, rotary_interleaved=1, **empty)
    yield grouped("prompt_softcap", softcap=5.0, **empty)
    yield grouped("prompt_window", local_window_size=2, **empty)
    yield grouped("prompt_scale", scale=0.1, kv=1, **empty)
    yield grouped("no_past", tokens=5, past=None, lengths=[5, 5])
    yield grouped("step", **step)
    yield grouped("step_rotary_packed", do_rotary=1, packed=True, **step)
    yield grouped("step_window", local_window_size=3, **step)
    yield grouped("step_ragged", tokens=1, past=6, lengths=[5, 7], do_rotary=1)
    yield grouped("step_room", tokens=1, past=6, room=12, lengths=[7, 7], do_rotary=1)
    yield grouped("chunk", tokens=3, past=6, lengths=[9], do_rotary=1)


def cases():
    yield from attention()
    yield from quantized_attention()
    yield from multi_head()
    yield from rotary()
    yield from group_query()
