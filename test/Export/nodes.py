"""ONNX's node tests through the writer: what qopt imports goes out again, and ONNX
Runtime computes the same from the copy.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import concurrent.futures
import os
import re
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

import support

NODES = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")


# ONNX Runtime folds reductions of constants without elements to a wrong shape.
KNOWN = {
    "test_tfidfvectorizer_tf_batch_onlybigrams_skip5",
    "test_tfidfvectorizer_tf_batch_uniandbigrams_skip5",
}


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def read(path):
    with open(path, "rb") as file:
        return numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


def evaluate(path, inputs):
    """Outputs by name, or the reason why ONNX Runtime does not run the model."""
    try:
        runtime = session(path)
        names = [value.name for value in runtime.get_inputs()]
        outputs = [value.name for value in runtime.get_outputs()]
        return dict(zip(outputs, runtime.run(None, dict(zip(names, inputs)))))
    except Exception as error:  # it raises several classes of its own
        return str(error).replace("\n", " ")[:200]


def same(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if not np.issubdtype(want.dtype, np.floating):
        return np.array_equal(got, want)
    return np.allclose(got, want, rtol=1e-3, atol=1e-6, equal_nan=True)


def check(name, folder):
    """(outcome, detail): PASS, FAIL, or SKIP where one of the two cannot read it."""
    if name in KNOWN:
        return "SKIP", "a fault of onnxruntime"
    source = os.path.join(NODES, name, "model.onnx")
    target = os.path.join(folder, name + ".onnx")
    result = support.compile_model(source, target, "--emit=onnx-qdq", "-q", check=False)
    if result.code == 3:
        return "SKIP", "qopt: " + result.first_error
    if result.code:
        return "FAIL", f"exit {result.code}: {result.first_error}"
    data = os.path.join(NODES, name, "test_data_set_0")
    inputs = []
    try:
        while os.path.exists(path := os.path.join(data, f"input_{len(inputs)}.pb")):
            inputs.append(read(path))
    except Exception:  # sequences, optionals
        return "SKIP", "inputs that are no tensors"
    want = evaluate(source, inputs)
    if isinstance(want, str):
        return "SKIP", "onnxruntime: " + want
    try:
        onnx.checker.check_model(target, full_check=True)
    except Exception as error:
        return "FAIL", "checker: " + str(error).replace("\n", " ")[:200]
    got = evaluate(target, inputs)
    if isinstance(got, str):
        return "FAIL", "onnxruntime: " + got
    if list(got) != list(want):
        return "FAIL", f"outputs {list(got)}, not {list(want)}"
    for output in want:
        # Where ONNX Runtime itself differs from ONNX, either will do.
        index = list(want).index(output)
        stored = os.path.join(data, f"output_{index}.pb")
        if not same(got[output], want[output]) and not same(got[output], read(stored)):
            return "FAIL", f"output {output} differs"
    return "PASS", ""


def run(report, pattern, verbose=False):
    names = [n for n in sorted(os.listdir(NODES)) if re.search(pattern, n)]
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(support.cores()) as pool:
            outcomes = pool.map(lambda name: check(name, folder), names)
            for name, (outcome, detail) in zip(names, outcomes):
                counts[outcome] += 1
                if outcome == "FAIL" or verbose:
                    print(f"{outcome}: {name}: {detail}", flush=True)
    text = f"{counts['PASS']} equal, {counts['SKIP']} that qopt or onnxruntime does not run"
    report.add("node tests", counts["FAIL"] == 0 and counts["PASS"] > 0, text)
