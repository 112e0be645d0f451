#!/usr/bin/env python3
"""Operators against ONNX Runtime: those of com.microsoft, which its behaviour defines, and
what ONNX's own tests do not reach. Each case is a model of one node that is built here, compiled, run and compared.

    run.py [--filter REGEX] [-v]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support  # noqa: E402

support.use_venv()
try:
    import onnxruntime
except ImportError:
    print("skipped: needs onnxruntime; run scripts/python-env.sh")
    sys.exit(support.SKIP)

import numpy as np  # noqa: E402
import onnx  # noqa: E402

import attention  # noqa: E402
import decoder  # noqa: E402
import matmul  # noqa: E402
import norms  # noqa: E402
import qlinear  # noqa: E402
import quantized  # noqa: E402
import recurrent  # noqa: E402
import qopt  # noqa: E402

ISA = "avx2"


def session_options(case):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # The node itself is the definition, not what a fusion makes of it.
    if not case.fused:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def run_case(case, work):
    """A complaint or None, and the largest error."""
    session = onnxruntime.InferenceSession(
        case.model().SerializeToString(), session_options(case), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(names, case.inputs)))
    model, library = os.path.join(work, "model.onnx"), os.path.join(work, "model.so")
    onnx.save(case.shaped_model(expected), model)
    result = support.compile_model(model, library, f"--isa={ISA}", check=False)
    if result.code != 0:
        return f"exit {result.code}: {result.first_error}", 0.0
    loaded = qopt.Model(library)
    try:
        actual = loaded(case.inputs)
        return case.compare(expected, {name: actual[name] for name in names})
    finally:
        loaded.close()


def run_decoder(case, work):
    """The same tokens, and logits as near as sums of floats can be."""
    model, library = os.path.join(work, "model.onnx"), os.path.join(work, "model.so")
    onnx.save(case.model(), model)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    support.compile_model(model, library, f"--isa={ISA}")
    worst = 0.0
    with qopt.Model(library) as loaded:
        for batch, prompt in ((1, 5), (2, 3), (1, 1)):
            expected = case.decode(lambda x: dict(zip(names, session.run(names, x))), batch, prompt, 12)
            actual = case.decode(loaded, batch, prompt, 12)
            for step, (want, got) in enumerate(zip(expected, actual)):
                error = np.abs(want - got).max() / np.abs(want).max()
                worst = max(worst, float(error))
                if got.shape != want.shape or not error <= 1e-4:
                    return f"batch {batch}, step {step}: {error:.2e}", worst
    return None, worst


def in_a_folder(run, case, verbose):
    with tempfile.TemporaryDirectory(prefix="qopt-contrib-") as work:
        complaint, worst = run(case, work)
    return complaint is None, complaint or (f"{worst:.1e}" if verbose else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--filter", default="", help="regular expression over names")
    parser.add_argument("-v", action="store_true", help="print errors of what passes too")
    options = parser.parse_args()
    support.no_core_files()
    report = support.Report("contrib")
    cases = [(run_case, case) for module in (norms, attention, matmul, qlinear, quantized, recurrent)
             for case in module.cases()]
    cases.append((run_decoder, decoder.Decoder()))
    report.run_all({case.name: functools.partial(in_a_folder, run, case, options.v)
                    for run, case in cases if re.search(options.filter, case.name)})
    report.finish()


main()
