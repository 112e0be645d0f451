#!/usr/bin/env python3
"""Compile time and memory by the number of layers: a decoder 1,024 wide with random
weights (bench/decoder.py) of 6, 12 and 24 layers, about 340 M parameters at most. And, for
all-MiniLM-L6-v2 and a stack of layers 2,048 wide, compile time for one instruction set
and the bytes that a library has beside its weights.

  bench/compile.py [--layers N ...] [--presets fp32 llm-int8] [--markdown FILE]

Ends with 1 when a bound is broken, or when a compiled model does not compute what ONNX
Runtime does.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timing

sys.path.insert(0, os.path.join(timing.support.ROOT, "test", "Models"))
timing.support.use_venv()
import decoder
import numpy as np
import zoo

support = timing.support
WORK = os.path.join(support.BUILD, "bench")
GIB, MIB = 1 << 30, 1 << 20
# Of the project, for the largest model on two cores.
MOST_SECONDS = 300
MOST_GIB_BESIDE_WEIGHTS = 2
# Processor time of the most layers, against the line through the two numbers below.
MOST_GROWTH = 1.2
# fp32, of the largest output; llm-int8, of the norm. The weights are random, so nothing
# dampens the error of one layer in the next.
TOLERANCES = {"fp32": 1e-4, "llm-int8": 0.2}
# For one instruction set: presets, and seconds at most.
WHOLE_MODELS = {"all-MiniLM-L6-v2": (zoo.all_minilm, ("fp32", "llm-int8"), 15),
                "8 layers, 2,048 wide": (lambda: written("llama", decoder.LLAMA), ("fp32", "w8a8"), 120)}
# Of a library beside its weights, and of each further instruction set.
MOST_MIB_BESIDE_WEIGHTS = 2


def written(name, arguments):
    path = os.path.join(WORK, name + ".onnx")
    if not os.path.exists(path):
        decoder.write(path, decoder.parse(arguments))
    return path


def model(layers):
    return written(f"decoder-{layers}", ["--layers", str(layers)])


def described(library):
    """The bytes of its parts, and how many instruction sets it has but one."""
    command = [os.path.join(support.BUILD, "bin", "qopt-info"), "--json", library]
    text = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return text["file"], len(text["isa"]) - 1


def one_instruction_set(verdicts):
    """Rows of the second table. Several instruction sets share the weights."""
    rows, isa = [], support.instruction_sets()[0]
    for name, (source, presets, most_seconds) in WHOLE_MODELS.items():
        path = source()
        for preset in presets:
            files = {}
            for label, flags in (("one", ["--isa=" + isa]), ("all", [])):
                library = os.path.join(WORK, "compile.so")
                result = support.compile_model(path, library, "--pass-pipeline=" + preset, *flags, timeout=3600)
                files[label], others = described(library)
                if label == "one":
                    seconds = result.seconds
                os.remove(library)
            weights = files["one"]["constant_bytes"]
            beside = (files["one"]["bytes"] - weights) / MIB
            further = (files["all"]["bytes"] - files["one"]["bytes"]) / MIB
            rows.append([name, preset, f"{seconds:.0f}", f"{weights / MIB:.1f}", f"{beside:.2f}", f"{further:.2f}"])
            print(*rows[-1], flush=True)
            verdicts.add(f"{name}, {preset}, {isa}: seconds", seconds, most_seconds, False)
            verdicts.add(f"{name}, {preset}, {isa}: MiB beside the weights", beside, MOST_MIB_BESIDE_WEIGHTS, False)
            verdicts.add(f"{name}, {preset}: MiB of the other instruction sets", further,
                         others * MOST_MIB_BESIDE_WEIGHTS, False)
            if preset == "fp32":
                model_bytes = sum(os.path.getsize(file) for file in (path, path + ".data") if os.path.exists(file))
                verdicts.add(f"{name}, {preset}: weights / bytes of the model", weights / model_bytes, 1.0, False)
    return timing.table([f"for {isa} alone", "preset", "seconds", "weights, MiB", "beside them, MiB",
                         "all other sets, MiB"], rows)


def inputs(session):
    rng = np.random.default_rng(0)
    batch, length, past = 2, 5, 3
    result = {
        "input_ids": rng.integers(0, 32000, (batch, length)),
        "attention_mask": np.ones((batch, past + length), np.int64),
        "position_ids": np.broadcast_to(np.arange(past, past + length), (batch, length)).copy(),
    }
    for port in session.get_inputs():
        if port.name.startswith("past"):
            shape = (batch, port.shape[1], past, port.shape[3])
            result[port.name] = rng.standard_normal(shape, np.float32)
    return result


def error(path, library, preset):
    """Of the worst output."""
    import qopt

    session = zoo.session(path)
    values = inputs(session)
    got, worst = qopt.load(library)(values), 0.0
    for port, want in zip(session.get_outputs(), session.run(None, values)):
        difference = got[port.name].astype(np.float64) - want
        if preset == "fp32":
            worst = max(worst, np.abs(difference).max() / np.abs(want).max())
        else:
            worst = max(worst, np.linalg.norm(difference) / np.linalg.norm(want))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=int, nargs="+", default=[6, 12, 24])
    parser.add_argument("--presets", nargs="+", default=list(TOLERANCES), choices=list(TOLERANCES))
    parser.add_argument("--markdown", help="write the table to this file, between its marks if it has them")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)

    verdicts, rows, wrong = timing.Verdicts(), [], []
    for preset in options.presets:
        processor = {}
        for layers in sorted(options.layers):
            path = model(layers)
            library = os.path.join(WORK, f"decoder-{layers}.{preset}.so")
            result = support.compile_model(path, library, "--pass-pipeline=" + preset, timeout=3600)
            weights = os.path.getsize(path + ".data")
            processor[layers] = result.cpu_seconds
            rows.append([preset, layers, f"{weights / GIB:.2f}", f"{result.seconds:.0f}",
                         f"{result.cpu_seconds:.0f}", f"{result.peak_bytes / GIB:.2f}",
                         f"{os.path.getsize(library) / GIB:.2f}"])
            print(*rows[-1], flush=True)
            name = f"{preset}, {layers} layers"
            verdicts.add(f"{name}: seconds", result.seconds, MOST_SECONDS, False)
            beside = (result.peak_bytes - weights) / GIB
            verdicts.add(f"{name}: GiB beside the weights", beside, MOST_GIB_BESIDE_WEIGHTS, False)
            if layers == min(options.layers):
                found = error(path, library, preset)
                if not found <= TOLERANCES[preset]:
                    wrong.append(f"{name}: error {found:.2g}")
            os.remove(library)
        if len(processor) >= 3:
            few, some, many = sorted(processor)[-3:]
            slope = (processor[some] - processor[few]) / (some - few)
            line = processor[some] + slope * (many - some)
            verdicts.add(f"{preset}: processor time, over linear", processor[many] / line, MOST_GROWTH, False)

    whole = one_instruction_set(verdicts)
    text = timing.table(["preset", "layers", "weights, GiB", "seconds", "processor seconds", "peak, GiB",
                         "library, GiB"], rows)
    text += (f"\n\n{timing.machine('all instruction sets')}; {timing.utc_date()}; "
             f"qopt {timing.qopt_version()}; peak of the largest process, mapped files included.")
    text += "\n\n" + whole + (f"\n\n{timing.machine(support.instruction_sets()[0])}; {timing.utc_date()}; "
                              f"qopt {timing.qopt_version()}.")
    print("\n" + text + "\n\n" + verdicts.table())
    for line in wrong:
        print(f"FAIL: wrong result: {line}")
    if options.markdown:
        timing.write_markdown(options.markdown, "compile", text)
    print(f"bench compile: {len(verdicts.lines) - verdicts.failed} bounds kept, {verdicts.failed} broken, "
          f"{len(wrong)} wrong")
    sys.exit(1 if verdicts.failed or wrong else 0)


if __name__ == "__main__":
    main()
