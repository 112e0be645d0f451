"""all-MiniLM-L6-v2: mean and least cosine of its mean-pooled embedding with float,
through compiled libraries and by a peer.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import sys

import language
import numpy as np
import support
from rows import Scheme

sys.path.append(os.path.join(support.ROOT, "test", "Models"))
import zoo

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# Scheme: least mean and least minimum that are accepted.
BARS = {
    Scheme("absmax, scale per token and channel", "w8a8"): (0.997, 0.993),
    Scheme("LLM.int8(), columns per call", "llm-int8{mode=dynamic}"): (0.9992, 0.997),
    Scheme("LLM.int8(), fixed list", "llm-int8", True): (0.9993, 0.998),
    Scheme("LLM.int8(), fixed list by what it gains", "llm-int8{threshold=auto}", True): (0.9995, 0.9985),
    Scheme("SmoothQuant, scale per token", "smoothquant-int8", True): (0.9985, 0.996),
    Scheme("SmoothQuant, static", "smoothquant-int8{activations=static}", True): (0.997, 0.993),
}
PEER = "OpenVINO 2026.4 with NNCF 3.4 (transformer preset)"


def load(scheme):
    calib = support.shared("minilm", "calib.npz") if scheme.calibrated else None
    return language.load(zoo.all_minilm(), scheme.pipeline, calib, scheme.flags)


def measure(scheme):
    data = np.load(support.shared("minilm", "eval.npz"))
    model = load(scheme)
    found = []
    for row in range(len(data["input_ids"])):
        hidden = model(**{name: data[name][row : row + 1] for name in INPUTS})["last_hidden_state"][0]
        mask = data["attention_mask"][row][:, None].astype(np.float64)
        pooled = (hidden * mask).sum(axis=0) / mask.sum()
        want = data["mean_pooled_f32"][row].astype(np.float64)
        found.append(pooled @ want / np.linalg.norm(pooled) / np.linalg.norm(want))
    return float(np.mean(found)), float(np.min(found))


def peer():
    """The same of NNCF; None without build/peers-venv (scripts/accuracy.sh makes it)."""
    python = os.path.join(support.BUILD, "peers-venv", "bin", "python")
    if not os.path.exists(python):
        return None
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nncf_embedding.py")
    data = [support.shared("minilm", name) for name in ("calib.npz", "eval.npz")]
    result = support.run([python, script, zoo.all_minilm(), *data], timeout=600)
    assert result.code == 0, result.stderr[-500:]
    mean, least = result.stdout.split()[-2:]
    return float(mean), float(least)
