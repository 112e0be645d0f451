"""check.py JSON LIBRARY REFERENCE TOKENS WINDOW: the numbers of qopt-eval once more,
from the logits, by NumPy. Windows of documents.npz are its documents.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import sys

import numpy as np
import qopt


def log_softmax(x):
    x = x.astype(np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


path, library, reference, tokens, window = sys.argv[1:]
with open(path) as file:
    found = json.load(file)
models = [qopt.load(library), qopt.load(reference)]
data = np.load(tokens)
if tokens.endswith(".npz"):
    bounds = data["offsets"]
    texts = [data["tokens"][a:b] for a, b in zip(bounds, bounds[1:])]
else:
    size = int(window)
    texts = [data[a : a + size] for a in range(0, len(data) - size + 1, size)]
q, p, target = [], [], []
for text in texts:
    ids = text[None].astype(np.int64)
    rows = [
        model(input_ids=ids, attention_mask=np.ones_like(ids),
              **{"past_key_values.0.key": np.zeros((1, 1, 0, 2), np.float32)})["logits"]
        for model in models
    ]
    q.append(log_softmax(rows[0][0, :-1]))
    p.append(log_softmax(rows[1][0, :-1]))
    target.append(text[1:])
q, p, target = np.concatenate(q), np.concatenate(p), np.concatenate(target)
at = np.arange(len(target)), target
divergence = (np.exp(p) * (p - q)).sum(axis=1)
delta = np.exp(q[at]) - np.exp(p[at])
comparison = found["comparison"]
count = len(target)
expected = {
    "predictions": (found["model"]["predictions"], count),
    "ppl": (found["model"]["ppl"]["value"], np.exp(-q[at].mean())),
    "ppl error": (found["model"]["nll"]["standard_error"], q[at].std(ddof=1) / count**0.5),
    "base": (comparison["base"]["ppl"]["value"], np.exp(-p[at].mean())),
    "ln ratio": (comparison["ln_ppl_ratio"]["value"], (p[at] - q[at]).mean()),
    "ln ratio error": (comparison["ln_ppl_ratio"]["standard_error"],
                       (p[at] - q[at]).std(ddof=1) / count**0.5),
    "correlation": (comparison["correlation"], np.corrcoef(q[at], p[at])[0, 1]),
    "kld": (comparison["kld"]["mean"]["value"], divergence.mean()),
    "kld median": (comparison["kld"]["median"], np.median(divergence)),
    "kld 99": (comparison["kld"]["p99"], np.percentile(divergence, 99)),
    "kld 99.9": (comparison["kld"]["p99.9"], np.percentile(divergence, 99.9)),
    "kld max": (comparison["kld"]["max"], divergence.max()),
    "delta p": (comparison["delta_p"]["rms"]["value"], np.sqrt((delta**2).mean())),
    "same top": (comparison["same_top_p"]["value"], (q.argmax(1) == p.argmax(1)).mean()),
}
for name, (value, want) in expected.items():
    # Sums of floats depend on the number of rows of a call.
    assert abs(value - want) <= 1e-7 + 1e-5 * abs(want), f"{name}: {value}, NumPy says {want}"
print(f"{len(expected)} numbers agree over {count} predictions")
