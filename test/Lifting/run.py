#!/usr/bin/env python3
"""Lifting: every form of docs/lifting.md as a graph made here. The report counts the op,
--no-lift=all leaves it, and both libraries compute the same at several sizes, which is
what ONNX's reference says.

  run.py [--filter REGEX] [--list]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

import attention
import norms
import qopt
import rotary
from graph import Graph

# Of the largest value of an output: lifted against not lifted, and against the reference.
ROUNDING = {"f4": 3e-6, "f2": 4e-3}
REFERENCE = {"f4": 2e-5, "f2": 1.5e-2}


def data_of(model, sizes, seed):
    rng = np.random.default_rng(seed)
    data = {}
    for value in model.graph.input:
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        dims = [d.dim_value or sizes[d.dim_param] for d in value.type.tensor_type.shape.dim]
        if value.name == "position_ids":
            data[value.name] = rng.integers(0, 40, dims)
        elif kind == np.int64:  # a padding mask that leaves something
            data[value.name] = np.ones(dims, kind)
            data[value.name][..., : rng.integers(0, dims[-1])] = 0
        elif kind == np.bool_:  # the first row sees nothing
            data[value.name] = rng.random(dims) < 0.7
            data[value.name][..., 0, :] = False
        else:
            data[value.name] = rng.standard_normal(dims).astype(kind)
    return data


def difference(have, want):
    """Of the largest finite value; NaN and infinities must agree."""
    have, want = have.astype(np.float64), want.astype(np.float64)
    if have.shape != want.shape:
        return np.inf
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(have)) or not np.array_equal(have[~finite], want[~finite], True):
        return np.inf
    if not finite.any():
        return 0.0
    return np.abs(have - want)[finite].max() / max(np.abs(want[finite]).max(), 1e-30)


def counts_of(text):
    lifted = re.search(r"lifted (.*)", text)
    return {name: int(n) for n, name in re.findall(r"(\d+) (\w+)", lifted[1])} if lifted else {}


def test(form):
    with tempfile.TemporaryDirectory() as folder:
        return compare_forms(form, folder)


def compare_forms(form, folder):
    g = Graph(form["opset"], form["dtype"])
    form["build"](g)
    model = g.model()
    path = os.path.join(folder, "model.onnx")
    onnx.save(model, path)
    libraries = []
    for flags in (["-v"], ["--no-lift=all", "-v"]):
        library = os.path.join(folder, f"model{len(libraries)}.so")
        result = support.compile_model(path, library, "--isa=avx2", *flags)
        have, want = counts_of(result.stderr), {} if libraries else form["counts"]
        assert have == want, f"{' '.join(flags)}: lifted {have or 'nothing'}, not {want or 'nothing'}"
        libraries.append(qopt.load(library))
    kind = f"f{form['dtype']().itemsize}"
    reference = ReferenceEvaluator(model)
    worst = [0.0, 0.0]
    for seed, sizes in enumerate(form["sizes"]):
        data = data_of(model, sizes, seed)
        lifted, plain = (library(**data) for library in libraries)
        with np.errstate(all="ignore"):
            expected = reference.run(None, data)
        for (name, value), truth in zip(lifted.items(), expected):
            worst[0] = max(worst[0], difference(value, plain[name]))
            worst[1] = max(worst[1], difference(value, np.asarray(truth)))
    ok = worst[0] <= ROUNDING[kind] and worst[1] <= REFERENCE[kind]
    return ok, f"{worst[0]:.1e} from not lifted, {worst[1]:.1e} from the reference"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over the test's name")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    forms = {}

    def add(name, build, counts, sizes, opset=17, dtype=np.float32):
        forms[name] = {"build": build, "counts": counts, "sizes": sizes, "opset": opset, "dtype": dtype}

    for family in (norms, rotary, attention):
        family.forms(add)
    if options.list:
        print("\n".join(forms))
        return
    report = support.Report("lifting")
    report.run_all({name: functools.partial(test, form)
                    for name, form in forms.items() if re.search(options.filter, name)})
    report.finish()


if __name__ == "__main__":
    main()
