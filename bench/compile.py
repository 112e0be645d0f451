#!/usr/bin/env python3
"""Compile time and memory by the number of layers: a decoder 1,024 wide with random
weights (bench/decoder.py) of 6, 12 and 24 layers, about 340 M parameters at most.

  bench/compile.py [--layers N ...] [--presets fp32 llm-int8] [--markdown FILE]

Ends with 1 when a bound is broken, or when a compiled model does not compute what ONNX
Runtime does.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
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
GIB = 1 << 30
# Of the project, for the largest model on two cores.
MOST_SECONDS = 300
MOST_GIB_BESIDE_WEIGHTS = 2
# Processor time of the most layers, against the line through the two numbers below.
MOST_GROWTH = 1.2
# fp32, of the largest output; llm-int8, of the norm. The weights are random, so nothing
# dampens the error of one layer in the next.
TOLERANCES = {"fp32": 1e-4, "llm-int8": 0.2}


def model(layers):
    path = os.path.join(WORK, f"decoder-{layers}.onnx")
    if not os.path.exists(path):
        options = decoder.parse(["--layers", str(layers)])
        decoder.write(path, options)
    return path


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

    text = timing.table(["preset", "layers", "weights, GiB", "seconds", "processor seconds", "peak, GiB",
                         "library, GiB"], rows)
    text += (f"\n\n{timing.machine('all instruction sets')}; {timing.utc_date()}; "
             f"qopt {timing.qopt_version()}; peak of the largest process, mapped files included.")
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
