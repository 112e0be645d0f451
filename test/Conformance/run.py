#!/usr/bin/env python3
"""ONNX's own backend tests, one process pair per test, with four outcomes:

  PASS         compiled, ran, equal within rtol 1e-3 and atol 1e-7 (data.json may say
               otherwise; integers bit for bit), with the best instruction set of the
               machine and with the baseline
  UNSUPPORTED  refused with exit code 3, the operators named
  WRONG        ran with another result
  CRASH        anything else: signal, timeout, internal error, wrong refusal

WRONG and CRASH fail the run, and so does a test that passed on the page and no longer
does; nothing is ever left out. Variants: see variants.py. Usage:

  run.py [--set debian|onnx-1.22|all] [--variant as-is|dynamic|constant|all]
         [--filter REGEX] [--jobs N] [--isa NAME | --in-turn] [--page FILE] [--against FILE]
         [--keep FOLDER] [-v]
  run.py --page FILE --from FOLDER        the page of what runs with --keep left, nothing run

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
import onnx
import page
import results
import suites
import variants
from results import Outcome


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


# Where exact results are zero, the expected ones hold the rounding of the transform that
# wrote them: a bound relative to the largest value, of one unit of float32.
TRANSFORMS = {"DFT", "STFT"}
TRANSFORM_BOUND = 2.0**-23


def run_adapted(test, variant, flags, work, ops):
    adapted = variants.Variant(test, variant, work)
    library = os.path.join(work, "model.so")
    compiled = support.compile_model(
        adapted.model_path,
        library,
        *flags,
        timeout=60,
        check=False,
        env={**os.environ, "TMPDIR": work},
    )

    def ran():
        bounds = {"rtol": adapted.rtol, "atol": 1e-7}
        override = os.path.join(test.folder, "data.json")
        if os.path.exists(override):
            with open(override) as file:
                given = json.load(file)
            bounds.update({key: given[key] for key in bounds if key in given})
        extra = ["--max-rtol", str(TRANSFORM_BOUND)] if TRANSFORMS & set(ops) else []
        for data in adapted.data:
            # A library of one instruction set has nothing to choose from.
            for isa in [""] if any(flag.startswith("--isa") for flag in flags) else support.variants():
                result = support.run(
                    [support.QOPT_RUN, library, "--test-data", data, "--exact-integers"]
                    + ["--rtol", str(bounds["rtol"]), "--atol", str(bounds["atol"])]
                    + extra,
                    timeout=60,
                    env={**os.environ, "QOPT_ISA": isa} if isa else None,
                )
                if result.code != 0:
                    return result
        return result

    return classify(compiled, ran, library)


def in_turn(test):
    """One of this machine's instruction sets, always the same for a test."""
    known = support.instruction_sets()
    return "--isa=" + known[zlib.crc32(f"{test.suite}/{test.name}".encode()) % len(known)]


def run_test(test, wanted, flags):
    """The outcomes of one test in the wanted variants."""
    try:
        usage = suites.Usage(onnx.load(os.path.join(test.folder, "model.onnx")))
        ops, in_scope = tuple(sorted(usage.ops)), usage.in_scope
    except Exception as error:  # a damaged file is a result too, not the end
        ops, in_scope = (f"({type(error).__name__})",), False
    outcomes = []
    for variant in wanted:
        work = tempfile.mkdtemp(prefix="qopt-conformance-")
        try:
            kind, detail = run_adapted(test, variant, flags, work, ops)
        except Exception as error:
            kind, detail = "CRASH", f"the runner: {type(error).__name__}: {error}"
        finally:
            shutil.rmtree(work, ignore_errors=True)
        # Paths of this run do not belong on the page.
        detail = detail.replace(test.folder + "/", "").replace(work + "/", "").replace("\n", " ")
        detail = re.sub(r"^error: *(model\.onnx: *)?", "", detail)
        outcomes.append(Outcome(*test[:3], variant, kind, detail, ops, in_scope))
    return outcomes


def run_all(tests, wanted, options, flags):
    """Outcomes in the order of the tests; tests that two sets share run once."""
    first = {}
    futures = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for test in tests:
            key = suites.digest(test)
            if key not in first:
                first[key] = pool.submit(run_test, test, wanted, flags + ([in_turn(test)] if options.in_turn else []))
            futures.append((test, first[key]))
        outcomes = []
        for test, future in futures:
            for outcome in future.result():
                outcome = outcome._replace(set=test.set, suite=test.suite, name=test.name)
                outcomes.append(outcome)
                if options.v or outcome.kind in ("WRONG", "CRASH"):
                    where = f"{outcome.set}/{outcome.suite}/{outcome.name}"
                    print(f"{outcome.kind}: {where} ({outcome.variant}): {outcome.detail}", flush=True)
    return outcomes


def lost(outcomes, path):
    """Tests that pass according to the page and did not now."""
    before = page.read_outcomes(path)
    found = []
    for o in outcomes:
        was = before.get((f"{o.set}/{o.suite}/{o.name}", o.variant))
        if was == "PASS" and o.kind == "UNSUPPORTED":
            found.append(o)
            print(f"LOST: {o.set}/{o.suite}/{o.name} ({o.variant}): {o.detail}")
    return found


def write_kept(options, parser):
    """The page of what earlier runs kept; every test must be there in every variant kept."""
    kept = {variant: results.load(options.from_folder, variant) for variant in variants.VARIANTS}
    kept = {variant: rows for variant, rows in kept.items() if rows}
    wanted = {results.key(test) for test in suites.tests(suites.SUITES, "")}
    for variant, rows in kept.items():
        if {results.key(o) for o in rows} != wanted:
            parser.error(f"{options.from_folder}: {variant} is not the result of a whole run")
    if not kept:
        parser.error(f"{options.from_folder}: no results")
    page.write(options.page, [o for rows in kept.values() for o in rows])
    for variant, rows in kept.items():
        for name in suites.SUITES:
            print(f"{name}, {variant}: {page.summary([o for o in rows if o.set == name])}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", default="all", choices=(*suites.SUITES, "all"))
    parser.add_argument("--variant", default="as-is", choices=(*variants.VARIANTS, "all"))
    parser.add_argument("--filter", default="", help="regular expression over set/suite/name")
    parser.add_argument("--jobs", type=int, default=support.cores())
    parser.add_argument("--isa", help="generate only this instruction set (half the time)")
    parser.add_argument("--in-turn", action="store_true",
                        help="each test with one of the instruction sets, all of them in turn")
    parser.add_argument("--page", help="write the generated page here (complete runs only)")
    parser.add_argument("--against", help="a page: what passed there must pass")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the results here, by variant")
    parser.add_argument("--from", dest="from_folder", metavar="FOLDER",
                        help="write --page from kept results; run nothing")
    parser.add_argument("-v", action="store_true", help="print every outcome")
    options = parser.parse_args()
    wanted_sets = tuple(suites.SUITES) if options.set == "all" else (options.set,)
    wanted = variants.VARIANTS if options.variant == "all" else (options.variant,)
    present = [name for name in wanted_sets if suites.data_root(name)]
    for name in wanted_sets:
        if name not in present:
            print(f"skipped: the set {name} is absent (libonnx-testdata, scripts/python-env.sh)")
    if not present:
        sys.exit(support.SKIP)
    whole = present == list(suites.SUITES) and not options.filter
    if options.page and not whole:
        parser.error("--page needs all sets, whole")
    if options.from_folder:
        if not options.page:
            parser.error("--from needs --page")
        return write_kept(options, parser)

    flags = ["-j1", "-q"] + (["--isa=" + options.isa] if options.isa else [])
    support.no_core_files()
    start = time.monotonic()
    tests = list(suites.tests(present, options.filter))
    outcomes = run_all(tests, wanted, options, flags)

    if options.keep:
        for variant in wanted:
            results.keep(options.keep, variant, [o for o in outcomes if o.variant == variant], whole)
    if options.page:
        page.write(options.page, outcomes)
    for name in present:
        for variant in wanted:
            rows = [o for o in outcomes if (o.set, o.variant) == (name, variant)]
            print(f"{name}, {variant}: {page.summary(rows)}")
    bad = sum(o.kind in ("WRONG", "CRASH") for o in outcomes)
    if options.against:
        bad += len(lost(outcomes, options.against))
    print(support.minutes(start))
    print(f"conformance: {len(outcomes) - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
