#!/usr/bin/env python3
"""What a calibration costs: its time against that of running the samples, and its peak
memory with 1,000 samples against that with 10, on all-MiniLM-L6-v2.

  bench/calibration.py [--rounds N] [--threads 1 2] [--only time|memory] [--model FILE]

Ends with 1 when a bound of the table is broken. Both times are taken in turns; an
otherwise idle machine is needed, as two threads cannot be timed beside others.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timing

sys.path.insert(0, os.path.join(timing.support.ROOT, "test", "Models"))
timing.support.use_venv()
import numpy as np
import zoo

support = timing.support
WORK = os.path.join(support.BUILD, "bench")
TOKENS = 128
TIME_BOUND, MEMORY_BOUND = 1.3, 1.1


def samples(name, count, shortest):
    """`count` sentences of `shortest` to 128 tokens, padded; as arrays and as a file."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(shortest, TOKENS + 1, count)
    mask = (np.arange(TOKENS)[None] < lengths[:, None]).astype(np.int64)
    ids = rng.integers(1000, 29000, (count, TOKENS)) * mask
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    path = os.path.join(WORK, name)
    np.savez(path, **arrays)
    return arrays, path


def calibrate(model, path, *flags):
    argv = [support.QOPT, model, "--calib=" + path, "--progress=plain", *flags,
            "--save-calib=" + os.path.join(WORK, "bench.qcal")]
    result = support.run(argv, timeout=1800)
    assert result.code == 0, result.first_error
    return result


def seconds_with_taps(model, path, threads):
    """Of the stage that runs the samples."""
    text = calibrate(model, path, f"-j{threads}").stderr
    return float(re.findall(r"calibrate \d+/\d+ samples, ([0-9.]+) s", text)[-1])


def seconds_without(library, arrays, threads):
    """Samples side by side, one per thread, as a calibration runs them."""
    import qopt

    models = [qopt.load(library, num_threads=1) for _ in range(threads)]
    rows = iter(range(len(arrays["input_ids"])))
    lock = threading.Lock()

    def work(model):
        inputs = [port.name for port in model.inputs]
        while True:
            with lock:
                row = next(rows, None)
            if row is None:
                return
            model({name: arrays[name][row : row + 1] for name in inputs})

    workers = [threading.Thread(target=work, args=(model,)) for model in models]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start


def measure_time(model, threads, rounds, verdicts):
    arrays, path = samples("calibration-256.npz", 256, TOKENS)
    library = os.path.join(WORK, "fp32.so")
    support.compile_model(model, library)
    for count in threads:
        pairs = [(seconds_with_taps(model, path, count), seconds_without(library, arrays, count))
                 for _ in range(rounds)]
        taps, plain = (statistics.median(column) for column in zip(*pairs))
        print(f"256 x {TOKENS} tokens, {count}T: {taps:.2f} s calibrating, {plain:.2f} s running", flush=True)
        verdicts.add(f"time, {count}T: calibrating / running", taps / plain, TIME_BOUND, False)


def measure_memory(model, verdicts):
    _, path = samples("calibration-1000.npz", 1000, 8)
    peaks = {}
    for count in (10, 1000):
        peaks[count] = calibrate(model, path, f"--calib-samples={count}").peak_bytes
        print(f"{count} samples: peak {peaks[count] / 2**20:.0f} MiB", flush=True)
    verdicts.add("peak memory: 1,000 / 10 samples", peaks[1000] / peaks[10], MEMORY_BOUND, False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="calibrations and runs in turn (3)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(1 2)")
    parser.add_argument("--only", choices=("time", "memory"), help="one of the two")
    parser.add_argument("--model", help="the ONNX file (default: fetched as the tests do)")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    try:
        model = options.model or zoo.all_minilm()
    except support.Skip as missing:
        print(f"skipped: {missing}")
        sys.exit(support.SKIP)
    verdicts = timing.Verdicts()
    if options.only != "memory":
        threads = [count for count in options.threads if count <= len(timing.cores())]
        measure_time(model, threads, options.rounds, verdicts)
    if options.only != "time":
        measure_memory(model, verdicts)
    print("\n" + verdicts.table())
    print(f"bench calibration: {len(verdicts.lines) - verdicts.failed} bounds kept, {verdicts.failed} broken")
    sys.exit(1 if verdicts.failed else 0)


if __name__ == "__main__":
    main()
