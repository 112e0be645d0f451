#!/usr/bin/env python3
"""all-MiniLM-L6-v2, qopt against ONNX Runtime: float and int8, one and two threads.

  bench/models.py [--markdown FILE] [--rounds N] [--clock cpu]

Ends with 1 when a bound of the table at the end is broken, or when any quantized
library is slower than the float one.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timing

sys.path.insert(0, os.path.join(timing.support.ROOT, "test", "Models"))
timing.support.use_venv()
import numpy as np
import onnxruntime
import zoo

support = timing.support
WORK = os.path.join(support.BUILD, "bench")
SHAPES = ("1x16", "1x128", "8x128")  # batch x tokens
ORT_FLOAT, ORT_INT8 = "ORT float", "ORT dynamic int8"


def compile_all(model, isa):
    """(name, library, seconds) of every preset. A static list needs calibration data."""
    variants = [("qopt fp32", []), ("qopt fp32, bf16", ["--float=bf16"]),
                ("qopt w8a8", ["--pass-pipeline=w8a8"])]
    variants.append(("qopt llm-int8, dynamic", ["--pass-pipeline=llm-int8"]))
    try:
        calib = support.shared("minilm", "calib.npz")
        static = ["--pass-pipeline=llm-int8", "--calib=" + calib]
        variants.append(("qopt llm-int8, static, bf16", [*static, "--float=bf16"]))
        variants.append(("qopt llm-int8, static", static))
    except support.Skip as missing:
        print(f"llm-int8 is measured with outliers found at run time: {missing}")
    for name, flags in variants:
        path = os.path.join(WORK, name.removeprefix("qopt ").replace(", ", "-") + ".so")
        yield name, path, timing.compiled(model, path, *flags, *(["--isa=" + isa] if isa else []))


def ort_int8_model(model):
    path = os.path.join(WORK, f"ort-dynamic-{onnxruntime.__version__}.onnx")
    if not os.path.exists(path):
        from onnxruntime.quantization import quantize_dynamic

        quantize_dynamic(model, path + ".part", per_channel=True)
        os.replace(path + ".part", path)
    return path


def ort_session(model, threads):
    """Of a path, or of a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Otherwise its idle threads burn the cores of whoever comes next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def ort_call(path, inputs, threads):
    session = ort_session(path, threads)
    output = session.get_outputs()[0].name
    return lambda: session.run([output], inputs)[0]


def qopt_call(path, inputs, threads, isa):
    import qopt

    model = qopt.load(path, num_threads=threads, isa=isa)
    output = model.outputs[0].name
    return lambda: model(inputs)[output]


def input_arrays(session_inputs, batch, length):
    rng = np.random.default_rng(0)
    arrays = zoo.token_batch(batch, length, padded=False)
    arrays["input_ids"] = rng.integers(1000, 29000, (batch, length), np.int64)
    arrays["token_type_ids"] = np.zeros((batch, length), np.int64)
    return {name: arrays[name] for name in session_inputs}


def least_cosine(value, reference):
    """Of the mean-pooled sentences: a fast wrong answer is worth nothing."""
    a, b = (np.asarray(x, np.float64).mean(axis=1) for x in (value, reference))
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def add_bounds(verdicts, seconds, int8, shapes):
    """The goals of the project for this model. `seconds(name, shape, threads)`."""
    for shape in shapes:
        fp32 = seconds("qopt fp32", shape)
        verdicts.add(f"{shape}: fp32 / {ORT_FLOAT}", fp32 / seconds(ORT_FLOAT, shape), 1.3, False)
        ratio = seconds(int8, shape) / seconds(ORT_INT8, shape)
        verdicts.add(f"{shape}: llm-int8 / {ORT_INT8}", ratio, 1.0, False)
        verdicts.add(f"{shape}: fp32 / llm-int8", fp32 / seconds(int8, shape), 1.8, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--markdown", help="write the table to this file, between its marks if it has them")
    parser.add_argument("--rounds", type=int, default=7, help="batches per contender (7)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: processor time for one thread, where others use the machine")
    parser.add_argument("--shapes", nargs="+", default=SHAPES, choices=SHAPES, metavar="BxN",
                        help="only some of " + " ".join(SHAPES))
    parser.add_argument("--isa", help="variant of the library (default: the best here)")
    parser.add_argument("--model", help="the ONNX file (default: fetched as the tests do)")
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("a median wants at least 5 rounds")
    os.makedirs(WORK, exist_ok=True)
    try:
        model = options.model or zoo.all_minilm()
    except support.Skip as missing:
        print(f"skipped: {missing}")
        sys.exit(support.SKIP)

    import qopt

    sizes = {ORT_FLOAT: os.path.getsize(model), ORT_INT8: os.path.getsize(ort_int8_model(model))}
    libraries, lines = [], [f"{'ONNX file':24} {sizes[ORT_FLOAT] / 1e6:6.1f} MB"]
    for name, path, took in compile_all(model, options.isa):
        libraries.append((name, path))
        size = sizes[name] = os.path.getsize(path)
        share = size / sizes[ORT_FLOAT]
        lines.append(f"{name:24} {size / 1e6:6.1f} MB ({share:.2f}x), compiled in {took:.1f} s")
    print("\n".join(lines), flush=True)
    probe = qopt.load(libraries[0][1], num_threads=1, isa=options.isa)
    inputs, isa = [port.name for port in probe.inputs], probe.isa
    int8 = libraries[-1][0]
    int8_model = ort_int8_model(model)
    names = [name for name, _ in libraries] + [ORT_FLOAT, ORT_INT8]
    thread_counts = (1, 2) if len(timing.cores()) >= 2 else (1,)
    if len(thread_counts) == 1:
        print("two threads are not measured: there is one core")

    found, noisy, wrong = {}, set(), []
    for shape in options.shapes:
        arrays = input_arrays(inputs, *map(int, shape.split("x")))
        contenders = []
        for threads in thread_counts:
            calls = [qopt_call(path, arrays, threads, options.isa) for _, path in libraries]
            calls += [ort_call(path, arrays, threads) for path in (model, int8_model)]
            contenders += [timing.Contender(n, c, threads) for n, c in zip(names, calls)]
        expected = next(c for c in contenders if c.name == ORT_FLOAT).call()
        for contender in contenders:
            cosine = least_cosine(contender.call(), expected)
            if contender.name.startswith("qopt") and cosine < 0.98:
                wrong.append(f"{contender.name} at {shape}: cosine with float {cosine:.4f}")
        timing.measure(contenders, options.rounds)
        noisy |= {c.waiting for c in timing.disturbed(contenders)}
        for c in contenders:
            found[c.name, shape, c.threads] = c
            print(f"{shape} {c.threads}T {c.name:24} {1e3 * c.seconds(options.clock):8.2f} ms",
                  flush=True)

    def seconds(name, shape, threads=1, clock=options.clock):
        return found[name, shape, threads].seconds(clock)

    verdicts = timing.Verdicts()
    add_bounds(verdicts, seconds, int8, options.shapes)
    if 2 in thread_counts and "8x128" in options.shapes:
        for name in ("qopt fp32", int8):
            ratio = seconds(name, "8x128", 1, "wall") / seconds(name, "8x128", 2, "wall")
            verdicts.add(f"8x128: {name}, 1 / 2 threads", ratio, 1.7, True)
    columns = [(shape, t) for t in thread_counts for shape in options.shapes]
    slower = [f"{name} at {shape}, {threads}T" for name, _ in libraries[1:]
              for shape, threads in columns
              if seconds(name, shape, threads) > seconds("qopt fp32", shape, threads)]

    text = timing.table(
        ["all-MiniLM-L6-v2, ms", "MB"] + [s + ("" if t == 1 else f", {t}T") for s, t in columns],
        [[name, f"{sizes[name] / 1e6:.1f}"] + [f"{1e3 * seconds(name, *column):.2f}" for column in columns]
         for name in names])
    clock = "" if options.clock == "wall" else ", processor time where there is one thread"
    text += (f"\n\n{timing.machine(isa)}; {timing.utc_date()}; qopt {timing.qopt_version()}, "
             f"ONNX Runtime {onnxruntime.__version__}; median of {options.rounds} batches in "
             f"turn{clock}; columns are batch x tokens.")
    if noisy:
        text += (f" **The machine was busy: up to {max(noisy):.0%} of the time was spent waiting "
                 "for a core.**")
    print("\n" + text + "\n\n" + verdicts.table())
    for line in slower:
        print(f"FAIL: slower than float: {line}")
    for line in wrong:
        print(f"FAIL: wrong result: {line}")
    if options.markdown:
        timing.write_markdown(options.markdown, "models", text)
    failures = verdicts.failed + len(slower) + len(wrong)
    print(f"bench models: {len(verdicts.lines) - verdicts.failed} bounds kept, "
          f"{verdicts.failed} broken, {len(slower)} slower than float, {len(wrong)} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
