"""all-MiniLM-L6-v2: mean and least cosine of its mean-pooled embedding with float, of
anything that runs it, and of a peer.

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
    # An exact simulation with the best alpha for all layers: 0.99892.
    Scheme("SmoothQuant, scale per token", "smoothquant-int8", True): (0.9985, 0.996),
    # Without smoothing: 0.98; with alpha 0.5: 0.89.
    Scheme("SmoothQuant, static", "smoothquant-int8{activations=static}", True): (0.997, 0.993),
}
PEER = "OpenVINO 2026.4 with NNCF 3.4 (transformer preset)"


def calibration(scheme):
    return support.shared("minilm", "calib.npz") if scheme.calibrated else None


def load(scheme):
    return language.load(zoo.all_minilm(), scheme.pipeline, calibration(scheme), scheme.flags)


def embeddings(model):
    """Of every text of eval.npz, one at a time, in double: [128, 384]."""
    data = np.load(support.shared("minilm", "eval.npz"))
    rows = []
    for row in range(len(data["input_ids"])):
        hidden = model(**{name: data[name][row : row + 1] for name in INPUTS})["last_hidden_state"][0]
        mask = data["attention_mask"][row][:, None].astype(np.float64)
        rows.append((hidden * mask).sum(axis=0) / mask.sum())
    return np.stack(rows)


def cosine(found, want):
    """Mean and least over pairs of arrays."""
    cosines = []
    for a, b in zip(found, want, strict=True):
        a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
        cosines.append(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-300))
    return float(np.mean(cosines)), float(np.min(cosines))


def float_embeddings():
    return np.load(support.shared("minilm", "eval.npz"))["mean_pooled_f32"]


def measure(model):
    """Against float."""
    return cosine(embeddings(model), float_embeddings())


def judge(scheme, found):
    """Against the bars of a scheme."""
    bars = BARS[scheme]
    text = f"cosine mean {found[0]:.5f} (>= {bars[0]}), least {found[1]:.5f} (>= {bars[1]})"
    return found[0] >= bars[0] and found[1] >= bars[1], text


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
