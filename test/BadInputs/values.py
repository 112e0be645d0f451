"""Rows Q: weights that cannot be quantized as they are.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import models
import numpy as np
from harness import Case
from harness import row as row_of
from onnx import helper

node = helper.make_node

K, N = 64, 32


def product(change):
    """x times w, whose result the last product (which stays float) takes to y."""
    rng = np.random.default_rng(1)
    w = rng.standard_normal((K, N), np.float32)
    change(w)
    model = models.make(
        [node("MatMul", ["x", "w"], ["t"], name="first"), node("MatMul", ["t", "v"], ["y"], name="last")],
        [models.value("x", ("rows", K))], [models.value("y", ("rows", N))],
        [models.weight("w", w), models.weight("v", np.eye(N, dtype=np.float32))],
    )
    return model, w


def zero_case(name, change):
    """Exit 0, exact zeros where the weights are zero, one counted warning."""

    @row_of("Q01")
    def maker(directory):
        model, w = product(change)
        models.save(directory, model)

        def then(result, directory):
            import qopt

            warnings = [line for line in result.stderr.splitlines() if line.startswith("warning:")]
            assert any("zero" in line for line in warnings), f"no warning: {warnings}"
            x = np.random.default_rng(3).standard_normal((5, K)).astype(np.float32)
            x[2] = 0
            y = qopt.load(os.path.join(directory, "out.so"))(x=x)["y"]
            columns = ~w.any(axis=0)
            assert not y[:, columns].any(), "a zero column gave a result that is not zero"
            assert not y[2].any(), "a zero row gave a result that is not zero"
            error = np.abs(y - x @ w).max()
            assert error <= 0.05 * max(1.0, np.abs(x @ w).max()), f"error {error}"

        return Case("Q01", name, 0, flags=["--pass-pipeline=w8a8"], then=then)

    return maker


def nonfinite_case(name, number, flags, codes):
    @row_of("Q02")
    def maker(directory):
        model, _ = product(lambda w: w.__setitem__((7, 5), number))
        models.save(directory, model)
        # Index 7 * 32 + 5, or its two coordinates.
        return Case("Q02", name, codes, flags=flags, says=r"'w'.*(229|7.*5)")

    return maker


def cases():
    yield zero_case("zero column", lambda w: w.__setitem__((slice(None), 3), 0))
    yield zero_case("zero tensor", lambda w: w.fill(0))
    for label, number in (("NaN", np.nan), ("Inf", np.inf), ("-Inf", -np.inf)):
        for preset in ("w8a8", "llm-int8"):
            flags = [f"--pass-pipeline={preset}"]
            yield nonfinite_case(f"{label} weight, {preset}", number, flags, 1)
            yield nonfinite_case(f"{label} weight, {preset}, --allow-nonfinite", number,
                                 flags + ["--allow-nonfinite"], 0)
