"""qopt-eval on trained models: the perplexities of their cards, cosines of sentences,
and KL divergence beside that of the logits by NumPy.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import os
import sys
import tempfile

import numpy as np
import support
import zoo

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Accuracy"))
import corpora
import language

QOPT_EVAL = os.path.join(support.BUILD, "bin", "qopt-eval")


def evaluate(library, *arguments):
    """The JSON of qopt-eval."""
    isa = [f"--isa={zoo.tested}"] if zoo.tested else []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "evaluation.json")
        result = support.run([QOPT_EVAL, library, "--json", path, "--progress=none", *isa, *arguments], timeout=600)
        assert result.code == 0, result.first_error
        with open(path) as file:
            return json.load(file)


@support.once
def story_tokens():
    rows = corpora.documents("stories260k")[:60]
    path = os.path.join(zoo.WORK, "stories260k.documents.npz")
    os.makedirs(zoo.WORK, exist_ok=True)
    np.savez(path, tokens=np.concatenate([np.asarray(row, np.int32) for row in rows]),
             offsets=np.cumsum([0] + [len(row) for row in rows]))
    return path


def perplexity(library, want, bar, *arguments):
    found = evaluate(library, *arguments)["model"]["ppl"]["value"]
    return abs(found - want) <= bar, f"{found:.4f} ({want} +- {bar})"


def stories():
    library, _ = zoo.library(zoo.export("stories260k"), "fp32")
    return perplexity(library, 3.6545, 0.0002, "--tokens", story_tokens())


def lm15m():
    tokens = support.shared("lm15m", "eval.npy")
    library, _ = zoo.library(language.original("lm15m"), "fp32")
    return perplexity(library, 85.957, 0.005, "--tokens", tokens, "--window=256", "--batch=16")


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergence():
    model = zoo.export("stories260k")
    library, _ = zoo.library(model, "w8a8")
    reference, _ = zoo.library(model, "fp32")
    tokens = story_tokens()
    kld = evaluate(library, "--ref", reference, "--tokens", tokens, "--limit=8")["comparison"]["kld"]
    models = [zoo.load(model, preset) for preset in ("w8a8", "fp32")]
    values = []
    for row in corpora.documents("stories260k")[:8]:
        ids = np.array([row])
        q, p = (log_softmax(language.logits("stories260k", m, ids)[0, :-1]) for m in models)
        values.append((np.exp(p) * (p - q)).sum(axis=1))
    values = np.concatenate(values)
    pairs = ((kld["mean"]["value"], values.mean()), (kld["median"], np.median(values)),
             (kld["p99.9"], np.percentile(values, 99.9)), (kld["max"], values.max()))
    text = ", ".join(f"{found:.6f} / {want:.6f}" for found, want in pairs)
    return all(np.isclose(found, want, rtol=1e-6, atol=1e-9) for found, want in pairs), f"qopt-eval / NumPy: {text}"


def sentences():
    data = support.shared("minilm", "eval.npz")
    library, _ = zoo.library(zoo.all_minilm(), "fp32")
    found = evaluate(library, "--inputs", data, "--expected=mean_pooled_f32", "--pool=mean", "--batch=8")["embeddings"]
    text = f"cosine mean {found['cosine']['value']:.7f}, least {found['cosine_least']:.7f} (>= 0.999999)"
    return found["samples"] == 128 and found["cosine_least"] >= 0.999999, text


def max_loss():
    """Outliers injected, of which w8a8 loses 9 %: the schemes of the last block's layers are
    chosen under a bound, the rest stays float. What is written is evaluated again."""
    model = language.with_outliers("stories260k", 30)
    with tempfile.TemporaryDirectory() as directory:
        def file(name, rows):
            width = max(map(len, rows))
            mask = np.arange(width)[None] < np.array([len(row) for row in rows])[:, None]
            ids = np.array([row + [0] * (width - len(row)) for row in map(list, rows)], np.int64)
            path = os.path.join(directory, name)
            np.savez(path, input_ids=ids, attention_mask=mask.astype(np.int64))
            return path

        documents = corpora.documents("stories260k")
        report, library = (os.path.join(directory, name) for name in ("r.json", "chosen.so"))
        result = support.run(
            [support.QOPT, model, "-o", library, "--isa=avx2", "--pass-pipeline=w8a8", "--keep=.*",
             r"--quantize=layers\.4/(mlp|self_attn)/(gate|up|v)_proj=w8a8", "--max-loss=0.2%",
             "--calib=" + file("calib.npz", documents[60:68]), "--eval-data=" + file("eval.npz", documents[:4]),
             "--report-json=" + report, "--progress=plain"], timeout=900)
        assert result.code == 0, result.first_error
        with open(report) as found:
            claimed = json.load(found)["evaluation"]["perplexity_ratio"]["value"] - 1
        tokens = os.path.join(directory, "tokens.npz")
        np.savez(tokens, tokens=np.concatenate([np.asarray(row, np.int32) for row in documents[:4]]),
                 offsets=np.cumsum([0] + [len(row) for row in documents[:4]]))
        reference, _ = zoo.library(model, "fp32")
        loss = evaluate(library, "--ref", reference, "--tokens", tokens)["comparison"]["ppl_ratio"]["value"] - 1
    # The judge runs the variant that the library has.
    text = f"{100 * claimed:.3f} % (<= 0.2), {100 * loss:.3f} % by qopt-eval; {result.stderr.count('chosen:')} rules"
    return claimed <= 0.002 and abs(loss - claimed) <= 2e-4 and "chosen: " in result.stderr, text


TESTS = {
    "stories260k/qopt/max-loss": max_loss,
    "stories260k/qopt-eval/perplexity": stories,
    "lm15m/qopt-eval/perplexity": lm15m,
    "stories260k/qopt-eval/divergence": divergence,
    "all-MiniLM-L6/qopt-eval/cosine": sentences,
}
