#!/usr/bin/env python3
"""qopt against every peer on a CPU: oneDNN, ONNX Runtime, OpenVINO with NNCF, IREE.

  bench/peers.py [--parts kernels,models,decoders,threads] [--quick] [--rounds N]
                 [--only TEXT] [--add] [--page docs/performance.md] [--prepare]

Makes build/peers-venv where it is missing. What is measured, and how, stands in
docs/performance.md, whose tables and plot this writes with --page. Ends with 1 when a
bound of the project is broken, or when int8 is slower than float anywhere.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timing

support = timing.support
PARTS = ("kernels", "models", "decoders", "threads")
WORK = os.path.join(support.BUILD, "bench")
FAILED = []  # processes that ended otherwise than with results
PYTHON = os.path.join(support.BUILD, "peers-venv", "bin", "python")


def enter_venv():
    """Continues there, having made it."""
    if os.environ.get("QOPT_IN_PEERS_VENV"):
        return
    subprocess.run([os.path.join(support.ROOT, "scripts", "python-env.sh"), "--peers"], check=True)
    os.environ["QOPT_IN_PEERS_VENV"] = "1"
    os.execv(PYTHON, [PYTHON, os.path.abspath(__file__), *sys.argv[1:]])


def child(options):
    """One process of a part: its rows go to a file."""
    module = importlib.import_module("peer_" + options.parts[0])
    rows = module.measure(options)
    with open(options.child, "w") as file:
        json.dump(rows, file)


def stored(part):
    path = os.path.join(WORK, f"peers-{part}.json")
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return json.load(file)["rows"]


def measure_part(part, module, options):
    """Runs the processes of a part one after another; their rows, behind those of earlier
    runs that were not measured again."""
    fresh = []
    for environment, arguments in module.runs(options):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            command = [PYTHON, os.path.abspath(__file__), "--child", file.name, "--parts", part,
                       "--rounds", str(options.rounds), *arguments]
            command += ["--quick"] * options.quick + (["--only", options.only] if options.only else [])
            result = subprocess.run(command, env={**os.environ, **environment})
            if result.returncode:
                FAILED.append(f"the process of {part} {' '.join(arguments)} ended with {result.returncode}")
                print("peers: " + FAILED[-1], flush=True)
                continue
            with open(file.name) as text:
                fresh += json.load(text)
    keys = {module.key(row) for row in fresh}
    kept = [row for row in stored(part) if module.key(row) not in keys] if options.add else []
    rows = sorted(kept + fresh, key=module.order)
    with open(os.path.join(WORK, f"peers-{part}.json"), "w") as file:
        json.dump({"rows": rows}, file, indent=0)
    return rows


def versions():
    from importlib.metadata import version

    names = {"onednn": "oneDNN wheel", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO",
             "nncf": "NNCF", "iree-base-compiler": "IREE"}
    return ", ".join(f"{label} {version(name)}" for name, label in names.items())


def footer(options, seconds, rows):
    busy = max((row.get("waiting", 0) for row in rows), default=0)
    text = (f"{timing.machine('the best instruction set that a row does not name')}; {timing.utc_date()}; "
            f"qopt {timing.qopt_version()}, {versions()}; median of {options.rounds} batches in turn")
    text += f"; this part took {seconds / 60:.1f} minutes." if seconds else "."
    if busy > timing.DISTURBED:
        text += f" **The machine was busy: up to {busy:.0%} of a contender's time was spent waiting.**"
    return text


def write_page(page, part, text):
    """Where the page has marks for this part; with a plot where it has one."""
    with open(page) as file:
        content = file.read()
    if f"<!-- bench peers-{part} -->" in content:
        timing.write_markdown(page, "peers-" + part, text)
    if part == "kernels" and "(roofline.svg)" in content:
        import roofline

        roofline.write(os.path.join(os.path.dirname(page), "roofline.svg"), stored(part))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", default=",".join(PARTS), type=lambda text: text.split(","),
                        help="some of " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="batches per contender (5)")
    parser.add_argument("--quick", action="store_true", help="fewer shapes where there are many")
    parser.add_argument("--only", help="only rows whose name contains this")
    parser.add_argument("--add", action="store_true", help="keep rows of earlier runs that are not measured now")
    parser.add_argument("--page", action="append", default=[],
                        help="write the tables between the marks of this page, and the plot beside it")
    parser.add_argument("--prepare", action="store_true",
                        help="compile and quantize everything that is missing, measure nothing")
    parser.add_argument("--report", action="store_true", help="measure nothing, show what is stored")
    parser.add_argument("--threads", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--isa", help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part '{part}'")
    if options.rounds < 5:
        parser.error("a median wants at least 5 rounds")
    os.makedirs(WORK, exist_ok=True)
    enter_venv()
    if options.child:
        return child(options)

    start = time.time()
    if options.prepare:
        for part in options.parts:
            print(f"preparing {part}", flush=True)
            importlib.import_module("peer_" + part).prepare(options)
        print(f"bench peers: prepared in {(time.time() - start) / 60:.1f} minutes")
        return
    verdicts = timing.Verdicts()
    for part in options.parts:
        module = importlib.import_module("peer_" + part)
        begin = time.time()
        rows = stored(part) if options.report else measure_part(part, module, options)
        seconds = 0 if options.report else time.time() - begin
        if not rows:
            print(f"{part}: no results")
            continue
        module.bounds(verdicts, rows)
        text = module.table(rows) + "\n\n" + footer(options, seconds, rows)
        print(f"\n{text}\n", flush=True)
        for page in options.page:
            write_page(page, part, text)
    print(verdicts.table())
    for line in FAILED:
        print("FAIL: " + line)
    print(f"bench peers: {len(verdicts.lines) - verdicts.failed} bounds kept, {verdicts.failed} broken, "
          f"{len(FAILED)} processes failed, {(time.time() - start) / 60:.1f} minutes")
    sys.exit(1 if verdicts.failed or FAILED else 0)


if __name__ == "__main__":
    main()
