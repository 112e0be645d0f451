#!/usr/bin/env python3
"""ONNX's own backend tests, one process pair per test, with four outcomes:

  PASS         compiled, ran, equal within rtol 1e-3 and atol 1e-7, with the best
               instruction set of the machine and with the baseline
  UNSUPPORTED  refused with exit code 3, the operators named
  WRONG        ran with another result
  CRASH        anything else: signal, timeout, internal error, wrong refusal

WRONG and CRASH fail the run; nothing is ever left out of it. Usage:

  run.py [--page FILE] [--filter REGEX] [--jobs N] [--isa NAME] [--least N]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
import onnx

SUITES = ("node", "simple", "pytorch-converted", "pytorch-operator")
OUTCOMES = ("PASS", "UNSUPPORTED", "WRONG", "CRASH")
Outcome = collections.namedtuple("Outcome", "suite name kind detail ops")


def tests(pattern):
    for suite in SUITES:
        folder = os.path.join(support.ONNX_TESTDATA, suite)
        for name in sorted(os.listdir(folder)):
            if re.search(pattern, f"{suite}/{name}"):
                yield suite, name, os.path.join(folder, name)


def operators(path):
    """Operator types of a model, those of subgraphs and functions too."""
    found = set()

    def visit(nodes):
        for node in nodes:
            found.add((node.domain + "." if node.domain else "") + node.op_type)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    visit(attribute.g.node)
                for graph in attribute.graphs:
                    visit(graph.node)

    try:
        model = onnx.load(path)
        visit(model.graph.node)
        for function in model.functions:
            visit(function.node)
    except Exception as error:  # a damaged file is a result too, not the end
        found.add(f"({type(error).__name__})")
    return tuple(sorted(found))


def classify(compiled, ran, library):
    """One test; `ran` is called after a compile that succeeded."""
    if compiled.timed_out:
        return "CRASH", "the compile timed out"
    if compiled.code == 3:
        return "UNSUPPORTED", compiled.first_error
    if compiled.code != 0:
        return "CRASH", f"qopt exit {compiled.code}: {compiled.first_error}"
    if not os.path.exists(library):
        return "CRASH", "exit 0 without a library"
    result = ran()
    if result.timed_out:
        return "CRASH", "the run timed out"
    if result.code == 0:
        return "PASS", ""
    if result.code == 1:
        lines = [line for line in result.stdout.splitlines() + result.stderr.splitlines() if line]
        return "WRONG", " / ".join(lines[-3:])
    return "CRASH", f"qopt-run exit {result.code}: {result.first_error}"


def adapted_data(folder, data, work):
    """(folder of a data set that fits the model's declaration, rtol). ONNX 1.12 stores
    bfloat16 as uint16: such tensors get their type back, in a copy; it also made them
    by truncation, where rounding gives the next number, so one unit is allowed. Raises
    ValueError when a shape contradicts the model, as in four tests of CastLike."""
    graph = onnx.load(os.path.join(folder, "model.onnx"), load_external_data=False).graph
    target = source = os.path.join(folder, data)
    rtol = 1e-3
    # Up to IR 3 every initializer is listed as an input too; data sets leave them out.
    initialized = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initialized]
    for kind, values in (("input", inputs), ("output", graph.output)):
        for index, value in enumerate(values):
            declared = value.type.tensor_type
            if not value.type.HasField("tensor_type"):
                continue
            with open(os.path.join(source, f"{kind}_{index}.pb"), "rb") as file:
                tensor = onnx.TensorProto.FromString(file.read())
            dims = [dim.dim_value for dim in declared.shape.dim]
            if kind == "input" and 0 not in dims and dims != list(tensor.dims):
                raise ValueError(f"{value.name} is declared as {dims}, its data have {list(tensor.dims)}")
            if declared.elem_type != onnx.TensorProto.BFLOAT16:
                continue
            rtol = 2.0**-7
            tensor.data_type = onnx.TensorProto.BFLOAT16
            if target == source:
                target = os.path.join(work, data)
                shutil.copytree(source, target)
            with open(os.path.join(target, f"{kind}_{index}.pb"), "wb") as file:
                file.write(tensor.SerializeToString())
    return target, rtol


def run_test(suite, name, folder, flags):
    work = tempfile.mkdtemp(prefix="qopt-conformance-")
    environment = {**os.environ, "TMPDIR": work}
    try:
        library = os.path.join(work, "model.so")
        model = os.path.join(folder, "model.onnx")
        compiled = support.compile_model(
            model, library, *flags, timeout=60, check=False, env=environment
        )

        def ran():
            sets = sorted(d for d in os.listdir(folder) if d.startswith("test_data_set_"))
            for data in sets:
                adapted, rtol = adapted_data(folder, data, work)
                for isa in support.variants():
                    result = support.run(
                        [support.QOPT_RUN, library, "--test-data", adapted]
                        + ["--rtol", str(rtol), "--atol", "1e-7"],
                        timeout=60,
                        env={**os.environ, "QOPT_ISA": isa} if isa else None,
                    )
                    if result.code != 0:
                        return result
            return result

        try:
            kind, detail = classify(compiled, ran, library)
        except ValueError as contradiction:
            kind, detail = "UNSUPPORTED", f"the test contradicts itself: {contradiction}"
        # Paths of this run do not belong on the page.
        detail = detail.replace(folder + "/", "").replace(work + "/", "").replace("\n", " ")
        detail = re.sub(r"^error: *(model\.onnx: *)?", "", detail)
        return Outcome(suite, name, kind, detail, operators(model))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def cell(text):
    """Text inside a table: escaped, since test names and messages are foreign."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return text if len(text) <= 300 else text[:297] + "..."


def write_page(path, outcomes):
    lines = [
        "# ONNX conformance",
        "",
        "Generated by `test/Conformance/run.py` from ONNX 1.12's backend tests (Debian's",
        "`libonnx-testdata`). PASS: within rtol 1e-3 and atol 1e-7 (bfloat16: one unit, since its data",
        "were truncated). UNSUPPORTED: refused with exit code 3; also four tests whose data contradict",
        "the shapes of their own model. WRONG (another result) and CRASH (everything else) fail the test suite.",
        "",
        "| suite | tests | " + " | ".join(OUTCOMES) + " |",
        "|---|" + "---|" * (1 + len(OUTCOMES)),
    ]
    for suite in SUITES + ("all",):
        rows = [o for o in outcomes if suite in (o.suite, "all")]
        counts = collections.Counter(o.kind for o in rows)
        lines.append(
            f"| {suite} | {len(rows)} | " + " | ".join(str(counts[k]) for k in OUTCOMES) + " |"
        )
    lines += ["", "## Per operator", "", "Tests whose model holds the operator.", ""]
    lines += ["| operator | " + " | ".join(OUTCOMES) + " |", "|---|" + "---|" * len(OUTCOMES)]
    per_op = collections.defaultdict(collections.Counter)
    for outcome in outcomes:
        for op in outcome.ops:
            per_op[op][outcome.kind] += 1
    for op in sorted(per_op):
        lines.append(f"| {op} | " + " | ".join(str(per_op[op][k]) for k in OUTCOMES) + " |")
    lines += ["", "## Per test", "", "| test | outcome | message |", "|---|---|---|"]
    for o in outcomes:
        lines.append(f"| {o.suite}/{o.name} | {o.kind} | {cell(o.detail)} |")
    text = "\n".join(lines) + "\n"
    try:
        with open(path) as old:
            if old.read() == text:
                return
    except OSError:
        pass
    with open(path, "w") as page:
        page.write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", help="write the generated page here")
    parser.add_argument("--filter", default="", help="regular expression over suite/name")
    parser.add_argument("--jobs", type=int, default=support.cores())
    parser.add_argument("--isa", help="generate only this variant (half the time)")
    parser.add_argument("--least", type=int, default=0, help="node tests that must pass")
    parser.add_argument("-v", action="store_true", help="print every outcome")
    options = parser.parse_args()
    if not os.path.isdir(support.ONNX_TESTDATA):
        print(f"skipped: {support.ONNX_TESTDATA} is absent (package libonnx-testdata)")
        sys.exit(support.SKIP)

    flags = ["-j1", "-q"] + (["--isa", options.isa] if options.isa else [])
    support.no_core_files()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(run_test, *test, flags) for test in tests(options.filter)]
        outcomes = []
        for future in futures:
            outcome = future.result()
            outcomes.append(outcome)
            if options.v or outcome.kind in ("WRONG", "CRASH"):
                print(f"{outcome.kind}: {outcome.suite}/{outcome.name}: {outcome.detail}", flush=True)

    if options.page:
        write_page(options.page, outcomes)
    counts = collections.Counter(o.kind for o in outcomes)
    node = sum(o.kind == "PASS" and o.suite == "node" for o in outcomes)
    print(f"{len(outcomes)} tests: " + ", ".join(f"{counts[k]} {k}" for k in OUTCOMES))
    print(f"node tests that PASS: {node} (at least {options.least} are required)")
    bad = counts["WRONG"] + counts["CRASH"]
    few = node < options.least
    print(f"conformance: {len(outcomes) - bad} passed, {bad + few} failed")
    sys.exit(1 if bad or few else 0)


if __name__ == "__main__":
    main()
