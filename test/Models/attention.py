"""The kernel of attention against NumPy in float64: sizes around its blocks, all kinds of
masks, grouped queries, caches, several threads.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import itertools
import os

import numpy as np
import onnx
import support
import zoo
from onnx import helper

# Of the largest value of the result, by what the operands are on AMX, or with VNNI.
RELATIVE = {"float": 2e-6, "bf16x2": 3e-5, "bf16": 1.5e-2, "int8": 1.5e-2}


def model_of(name, heads, groups, size, value_size, mask, flat, **attributes):
    """One Attention with dynamic batch, sequence and keys; returns its path."""
    f32, fields = onnx.TensorProto.FLOAT, {}
    shapes = {
        "q": ["B", "S", heads * size] if flat else ["B", heads, "S", size],
        "k": ["B", "T", groups * size] if flat else ["B", groups, "T", size],
        "v": ["B", "T", groups * value_size] if flat else ["B", groups, "T", value_size],
    }
    inputs = [helper.make_tensor_value_info(key, f32, dims) for key, dims in shapes.items()]
    names = ["q", "k", "v"]
    past = attributes.pop("past", False)
    lengths = attributes.pop("lengths", False)
    total = "P + T" if past else "T"
    if mask:
        kind, dims = mask
        element = onnx.TensorProto.BOOL if kind.endswith("bool") else f32
        inputs.append(helper.make_tensor_value_info("m", element, [total if d == "T" else d for d in dims]))
    names.append("m" if mask else "")
    outputs = ["y"]
    if past:
        for key, width in (("pk", size), ("pv", value_size)):
            inputs.append(helper.make_tensor_value_info(key, f32, ["B", groups, "P", width]))
        names += ["pk", "pv"]
        outputs += ["nk", "nv"]
    if lengths:
        inputs.append(helper.make_tensor_value_info("n", onnx.TensorProto.INT64, ["B"]))
        names += ["", "", "n"]
    if flat:
        fields.update(q_num_heads=heads, kv_num_heads=groups)
    node = helper.make_node("Attention", names, outputs, name="attention", **fields, **attributes)
    result = [helper.make_tensor_value_info("y", f32, None)]
    result += [helper.make_tensor_value_info(key, f32, None) for key in outputs[1:]]
    graph = helper.make_graph([node], "attention", inputs, result)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=11)
    path = os.path.join(support.BUILD, "models-test", f"attention-{name}.onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(model, path)
    return path


def reference(data, heads, groups, flat, is_causal=0, scale=None, softcap=0.0):
    def split(array, count):
        if not flat:
            return array.astype(np.float64)
        batch, tokens, hidden = array.shape
        return array.astype(np.float64).reshape(batch, tokens, count, hidden // count).transpose(0, 2, 1, 3)

    q, k, v = split(data["q"], heads), split(data["k"], groups), split(data["v"], groups)
    past = 0
    if "pk" in data:
        past = data["pk"].shape[2]
        k = np.concatenate([data["pk"], k], axis=2)
        v = np.concatenate([data["pv"], v], axis=2)
    new = {"nk": k, "nv": v}
    k, v = (np.repeat(x, heads // groups, axis=1) for x in (k, v))
    scores = q @ k.swapaxes(2, 3) * (1 / np.sqrt(q.shape[3]) if scale is None else scale)
    if softcap:
        scores = softcap * np.tanh(scores / softcap)
    mask = data.get("m")
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    tokens = np.arange(scores.shape[3])
    if is_causal:
        scores = np.where(tokens <= past + np.arange(scores.shape[2])[:, None], scores, -np.inf)
    if "n" in data:
        scores = np.where(tokens < data["n"][:, None, None, None], scores, -np.inf)
    with np.errstate(invalid="ignore"):
        scores = np.exp(scores - scores.max(axis=3, keepdims=True))
        y = scores / scores.sum(axis=3, keepdims=True) @ v
    if flat:
        y = y.transpose(0, 2, 1, 3).reshape(data["q"].shape[0], data["q"].shape[1], -1)
    return {"y": y, **new}


def data_of(batch, queries, keys, heads, groups, size, value_size, mask, flat, past, lengths):
    rng = np.random.default_rng(queries * 1000 + keys)

    def tensor(count, tokens, width):
        dims = (batch, tokens, count * width) if flat else (batch, count, tokens, width)
        return rng.standard_normal(dims).astype(np.float32)

    data = {"q": tensor(heads, queries, size), "k": tensor(groups, keys, size), "v": tensor(groups, keys, value_size)}
    data["q"] *= 2
    if past is not None:
        data["pk"], data["pv"] = (
            rng.standard_normal((batch, groups, past, width)).astype(np.float32) for width in (size, value_size)
        )
        keys += past
    if mask:
        kind, dims = mask
        dims = [{"B": batch, "S": queries, "T": keys}.get(d, d) for d in dims]
        least = {"inf": -np.inf, "least": np.finfo(np.float32).min}
        if kind.startswith("causal"):
            # As exporters write it, with padding in front of the last text: rows that see nothing.
            seen = np.broadcast_to(np.tri(queries, keys, keys - queries, dtype=bool), dims).copy()
            seen[-1, ..., :3] = False
            kind = kind.removeprefix("causal-")
            data["m"] = seen if kind == "bool" else np.where(seen, 0, least[kind]).astype(np.float32)
        elif kind == "bool":
            data["m"] = rng.random(dims) < 0.6
            data["m"][..., 0, :] &= "S" not in mask[1]  # a row that sees nothing
        else:
            data["m"] = rng.standard_normal(dims).astype(np.float32)
            data["m"][rng.random(dims) < 0.3] = least[kind]
    if lengths:
        data["n"] = rng.integers(1, keys + 1, batch)
    return data


def compare(got, want):
    seen = np.isfinite(want)
    assert np.array_equal(seen, np.isfinite(got)), "NaN and infinities differ"
    if not seen.any():
        return 0.0
    return np.abs(got - want)[seen].max() / np.abs(want[seen]).max()


SIZES = ((1, 1), (1, 7), (5, 5), (12, 300), (17, 130), (64, 64), (197, 257))


def variants(library, products):
    """The instruction sets to run: with bytes those that multiply bytes, as far as the CPU
    has them."""
    import qopt

    if products != "int8" or zoo.tested:
        return (zoo.tested,)
    found = []
    for isa in ("avx512vnni", "avxvnni"):
        try:
            qopt.load(library, isa=isa)
            found.append(isa)
        except qopt.Error:
            pass
    return found or (None,)


def check(name, heads=2, groups=2, size=32, value_size=None, mask=None, flat=True, past=(None,), sizes=SIZES,
          lengths=False, products="float", **attributes):
    import qopt

    value_size = value_size or size
    path = model_of(name, heads, groups, size, value_size, mask, flat, past=past[0] is not None, lengths=lengths,
                    **attributes)
    library = zoo.library(path, f"fp32{{attention={products}}}")[0]
    assert "onnx.FlashAttention" in expanded(path), "not one kernel"
    worst, runs = 0.0, 0
    for (queries, keys), before in itertools.product(sizes, past):
        data = data_of(2, queries, keys, heads, groups, size, value_size, mask, flat, before, lengths)
        want = reference(data, heads, groups, flat, **attributes)
        results = []
        for isa, threads in itertools.product(variants(library, products), (1, 3)):
            results.append(qopt.load(library, isa=isa, num_threads=threads)(data))
        for key in want:
            if key not in results[0]:
                continue
            for one, more in zip(results[::2], results[1::2]):
                assert np.array_equal(one[key], more[key], equal_nan=True), "threads change the result"
                worst = max(worst, compare(one[key], want[key]))
        runs += 1
    bound = RELATIVE[products]
    assert worst <= bound, f"{worst:.1e} of the largest value, bound {bound}"
    return True, f"{runs} sizes, {worst:.1e} of the largest value"


def expanded(path):
    """The graph as it is converted to linalg."""
    imported = support.run([support.QOPT, path, "--emit=onnx", "-o", path + ".mlir", "--progress=none"])
    assert imported.code == 0, imported.first_error
    tool = os.path.join(support.BUILD, "bin", "qopt-opt")
    passes = "--pass-pipeline=builtin.module(onnx-infer-shapes,onnx-expand-attention{kernels=true})"
    result = support.run([tool, path + ".mlir", passes])
    assert result.code == 0, result.stderr[-300:]
    return result.stdout


def test(name, **settings):
    return lambda: check(name, **settings)


HIDDEN = SIZES + ((300, 300), (260, 530))
FORMS = {
    "plain": {},
    "heads-first": {"flat": False},
    "size-64": {"size": 64, "value_size": 64},
    "odd-sizes": {"size": 20, "value_size": 37, "sizes": ((1, 7), (29, 70))},
    "size-128": {"size": 128, "value_size": 96, "sizes": ((3, 9), (140, 200))},
    "size-256": {"size": 256, "sizes": ((70, 300),)},
    "grouped": {"heads": 6, "groups": 2, "size": 16},
    "causal": {"is_causal": 1},
    "causal-past": {"is_causal": 1, "past": (0, 1, 140)},
    "grouped-causal-past": {"heads": 4, "groups": 1, "is_causal": 1, "past": (3, 260), "flat": False},
    "decode": {"heads": 4, "groups": 2, "size": 64, "is_causal": 1, "past": (0, 511), "sizes": ((1, 1),)},
    # Rows that keys are read in place for, and one token more.
    "few-rows": {"heads": 4, "groups": 2, "size": 40, "is_causal": 1, "past": (0, 300), "flat": False,
                 "sizes": ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5))},
    "few-rows-mask": {"heads": 4, "groups": 1, "mask": ("bool", ["B", 4, "S", "T"]),
                      "sizes": ((1, 129), (2, 300))},
    "padding-mask": {"mask": ("inf", ["B", 1, 1, "T"])},
    "least-mask": {"mask": ("least", ["B", 1, "S", "T"])},
    # Blocks of keys that a mask hides from all rows of a block.
    "hidden-least": {"mask": ("causal-least", ["B", 1, "S", "T"]), "sizes": HIDDEN},
    "hidden-inf": {"mask": ("causal-inf", ["B", 1, "S", "T"]), "sizes": HIDDEN, "heads": 4, "groups": 2},
    "hidden-bool": {"mask": ("causal-bool", ["B", 1, "S", "T"]), "sizes": HIDDEN},
    "hidden-past": {"mask": ("causal-bool", ["B", 1, "S", "T"]), "is_causal": 1, "sizes": HIDDEN},
    "head-mask": {"mask": ("inf", [2, "S", "T"])},
    "bool-mask": {"mask": ("bool", ["S", "T"])},
    "bool-padding": {"mask": ("bool", ["B", 1, 1, "T"]), "is_causal": 1},
    "softcap": {"softcap": 5.0, "scale": 0.4, "mask": ("inf", ["S", "T"])},
    "lengths": {"lengths": True},
    "lengths-causal": {"lengths": True, "is_causal": 1},
}

TILES = ("plain", "odd-sizes", "size-64", "grouped-causal-past", "head-mask", "bool-mask", "padding-mask",
         "lengths-causal", "hidden-least", "hidden-bool")
FORMS.update({f"{name}-{kind}": {**FORMS[name], "products": kind} for name in TILES for kind in ("bf16x2", "bf16")})
BYTES = (*TILES, "heads-first", "size-128", "size-256", "causal-past", "decode", "bool-padding", "softcap")
FORMS.update({f"{name}-int8": {**FORMS[name], "products": "int8"} for name in BYTES})

TESTS = {f"attention/{name}": test(name, **settings) for name, settings in FORMS.items()}
