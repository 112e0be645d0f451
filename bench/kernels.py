#!/usr/bin/env python3
"""One matrix product per model: Gop/s of the generated kernels, and their share of what
their instructions can do at most.

  bench/kernels.py [--markdown FILE] [--rounds N] [--clock cpu] [--layers KxN,...]
                   [--large] [--rows M,...] [--kernels NAME,...]

Timed, by Google Benchmark (kernels.cpp), is a whole run of a library with one quantized
or float MatMul: checks of the arguments, quantization of the rows, product, scales, float
output. The limit is a loop over registers (peak.cpp) that takes turns with them. The second
share is that of the product alone: of the time that its columns take, which is that of the library less that
of another with 32 columns. One row is measured against plain reads of as many bytes,
hot (the same weights again) and, from 2 MiB of weights on, cold (a walk through more
than 128 MiB of copies). Ends with 1 when the integer products of AVX2 stay below 65 % of
their limit, or when instruction sets disagree.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timing

support = timing.support
support.use_venv()
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WORK = os.path.join(support.BUILD, "bench")
LAYERS = ((768, 768), (768, 3072), (3072, 768))
LARGE_LAYERS = ((2048, 8192), (4096, 4096), (4096, 11008))
ROWS = (1, 8, 32, 128, 512)
# The columns of the library that stands for everything but the product.
FEW_COLUMNS = 32
# Fewer weights than these are in a cache whenever they are used at all.
COLD_LEAST = 2 << 20
# Kernels: instruction set, quantized or not, the limit of its instructions.
KERNELS = {
    "amx int8": ("amx", True, "amx/int8"),
    "avx512vnni int8": ("avx512vnni", True, "avx512vnni/int8"),
    "avxvnni int8": ("avxvnni", True, "avxvnni/int8"),
    "avx2 int8": ("avx2", True, "avx2/int8"),
    "avx512 float": ("avx512vnni", False, "avx512vnni/float"),
    "avx2 float": ("avx2", False, "avx2/float"),
}
# From this many rows on the products are to reach this share of the AVX2 limit. Fewer rows
# leave the time to the quantization of one row and to the loads of the weights.
BOUND_ROWS, BOUND_SHARE = 32, 0.65


def peak_library():
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peak.cpp")
    path = os.path.join(WORK, "peak.so")
    subprocess.run([os.environ.get("CXX", "clang++-22"), "-O2", "-shared", "-fPIC", "-std=c++17",
                    source, "-o", path], check=True)
    library = ctypes.CDLL(path)
    library.readBuffer.restype, library.readBuffer.argtypes = ctypes.c_void_p, [ctypes.c_int64]
    library.readFree.argtypes = [ctypes.c_void_p]
    for name in ("readPlain", "readPrefetched", "readFourStreams"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_int64]
    return library


def peak_call(library, name, steps=20000):
    """A call of the loop, and its operations."""
    function = getattr(library, name)
    function.restype, function.argtypes = ctypes.c_int64, [ctypes.c_int64]
    return (lambda: function(steps)), function(1) * steps


def available(path, wanted):
    """Those of the wanted kernels that the libraries hold and that this CPU runs."""
    import qopt

    found = {}
    for name in wanted:
        kernel = KERNELS[name]
        try:
            qopt.load(path, num_threads=1, isa=kernel[0]).close()
            found[name] = kernel
        except qopt.Error as error:
            print(f"{name} is not measured: {error}")
    return found


def product(k, n, parts=("product",)):
    """x[rows, k] * w[k, n] as a model, with a "norm" in front and a "bias" behind where
    `parts` name them."""
    rng = np.random.default_rng(0)
    weights = {"scale": np.ones(k, np.float32), "w": rng.standard_normal((k, n), np.float32),
               "b": rng.standard_normal(n, np.float32)}
    kinds = {"norm": ("LayerNormalization", "scale"), "product": ("MatMul", "w"), "bias": ("Add", "b")}
    nodes, used, value = [], [], "x"
    for part in parts:
        kind, weight = kinds[part]
        nodes.append(helper.make_node(kind, [value, weight], [part + "_y"], part))
        used.append(numpy_helper.from_array(weights[weight], weight))
        value = part + "_y"
    nodes[-1].output[0] = "y"
    graph = helper.make_graph(
        nodes, "product", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", k])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", n])], used)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = os.path.join(WORK, f"{'-'.join(parts)}-{k}x{n}.onnx")
    onnx.save(model, path)
    return path


def kernel_library(k, n, quantized, parts=("product",)):
    path = os.path.join(WORK, f"{'-'.join(parts)}-{k}x{n}" + (".int8.so" if quantized else ".float.so"))
    # The preset keeps the last product of a model in float; here it is the only one.
    flags = ["--pass-pipeline=w8a8", "--quantize=product=w8a8"] if quantized else []
    timing.compiled(lambda: product(k, n, parts), path, *flags)
    return path


def aligned(m, n):
    """Floats as a library allocates them, which NumPy does not: on a line of the cache."""
    memory = np.empty(4 * m * n + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + 4 * m * n].view(np.float32).reshape(m, n)


def kernel_call(path, isa, x, n, threads=1):
    """A call with everything prepared: what is left is the library's own work."""
    import qopt
    from qopt import _arrays

    model = qopt.load(path, num_threads=threads, isa=isa)
    ins, alive = model._tensors({"x": x})
    y = aligned(x.shape[0], n)
    out, also_alive = _arrays.to_tensor(y, "float32")
    run, handle, text = model._api.run, model._handle, ctypes.create_string_buffer(256)
    outs = ctypes.pointer(out)

    def call():
        if run(handle, ins, 1, outs, 1, text, 256):
            raise RuntimeError(text.value.decode())

    call.keep = (model, alive, also_alive)
    call.run, call.handle, call.ins, call.outs, call.result = run, handle, ins, outs, y
    return call


class Times:
    """Medians over the repetitions of one benchmark, in seconds of one product."""

    def __init__(self, entries):
        calls = self.calls = entries[0].get("calls", 1)
        self.seconds = {clock: statistics.median(entry[key] for entry in entries) / 1e9 / calls
                        for clock, key in (("wall", "real_time"), ("cpu", "cpu_time"))}
        self.operations = statistics.median(entry["op"] for entry in entries) if "op" in entries[0] else None
        self.weights = int(entries[0].get("weights", 0))
        self.waiting = max(0.0, 1 - self.seconds["cpu"] / self.seconds["wall"])


def run_benchmarks(wanted, libraries, isas, rows, rounds, cold=()):
    """Times by name of everything that the pattern `wanted` matches. Repetitions come in
    random order, in one process on one core."""
    command = [os.path.join(support.BUILD, "bin", "kernel-benchmarks"), *libraries,
               "--isa=" + ",".join(isas), f"--rows={rows}", *["--cold=" + path for path in cold],
               f"--benchmark_filter={wanted}", f"--benchmark_repetitions={rounds}",
               "--benchmark_enable_random_interleaving=true",
               f"--benchmark_min_time={timing.BATCH_SECONDS}", "--benchmark_format=json"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True,
                            preexec_fn=lambda: os.sched_setaffinity(0, timing.cores()[:1]))
    entries = {}
    for entry in json.loads(result.stdout)["benchmarks"]:
        if entry["run_type"] == "iteration":
            entries.setdefault(entry["name"], []).append(entry)
    return {name: Times(found) for name, found in entries.items()}


def stem(path):
    return os.path.basename(path).removesuffix(".so")


def one_row(kernels, libraries, few, k, n, options):
    """Rows of the second table: GB/s of one row's product, hot and cold, and its share
    of the fastest plain read of as many bytes."""
    whole, narrow = libraries[True], few[True]
    isas = [isa for isa, quantized, _ in kernels.values() if quantized]
    cold = [whole] if k * n >= COLD_LEAST else []
    times = run_benchmarks(f"^({stem(whole)}|{stem(narrow)}|read)/", [whole, narrow], isas, 1, options.rounds, cold)
    rows = []
    for place, suffix in (("hot", ""), ("cold", "/cold"))[: 1 + len(cold)]:
        found = {isa: times[f"{stem(whole)}/{isa}/rows:1{suffix}"] for isa in isas}
        all_bytes = found[isas[0]].weights
        limit = min(times[f"read/{form}/bytes:{all_bytes}"].seconds[options.clock]
                    for form in ("plain", "prefetched", "streams"))
        cells = [f"{all_bytes / limit / 1e9:.0f}"]
        for isa in isas:
            seconds, rest = found[isa].seconds[options.clock], times[f"{stem(narrow)}/{isa}/rows:1"]
            limit_of_one = limit / found[isa].calls
            alone = (seconds - rest.seconds[options.clock]) * n / (n - FEW_COLUMNS)
            speed = all_bytes / found[isa].calls / seconds
            cells.append(f"{speed / 1e9:.0f} ({limit_of_one / seconds:.0%}; {limit_of_one / alone:.0%})")
        rows.append([f"1x{k}x{n}, {place}", *cells])
    return rows


def check_results(kernels, libraries, m, k, n, wrong):
    """Integer sums are exact; those of floats differ in their order."""
    first = {}
    x = np.random.default_rng(1).standard_normal((m, k), np.float32)
    for name, (isa, quantized, _) in kernels.items():
        call = kernel_call(libraries[quantized], isa, x, n)
        call()
        expected = first.setdefault(quantized, call.result)
        bound = 0 if quantized else 1e-4 * np.abs(expected).max()
        if not np.abs(call.result - expected).max() <= bound:
            wrong.append(f"{name} at {m}x{k}x{n} differs from another instruction set")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--markdown", help="write the table to this file, between its marks if it has them")
    parser.add_argument("--rounds", type=int, default=7, help="batches per contender (7)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: processor time, where others use the machine")
    parser.add_argument("--layers", help="other layers than 768x768,768x3072,3072x768")
    parser.add_argument("--large", action="store_true", help="the three large layers too")
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="numbers of rows (1,8,32,128,512)")
    parser.add_argument("--kernels", help="some of: " + ", ".join(KERNELS))
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("a median wants at least 5 rounds")
    try:
        options.layers = [tuple(map(int, layer.split("x"))) for layer in
                          options.layers.split(",")] if options.layers else list(LAYERS)
        options.rows = [int(m) for m in options.rows.split(",")]
    except ValueError:
        parser.error("layers are KxN,... and rows M,...")
    if any(len(layer) != 2 or layer[1] <= FEW_COLUMNS for layer in options.layers):
        parser.error(f"a layer is KxN, of more than {FEW_COLUMNS} columns")
    options.layers += LARGE_LAYERS if options.large else ()
    options.kernels = options.kernels.split(",") if options.kernels else list(KERNELS)
    for name in options.kernels:
        if name not in KERNELS:
            parser.error(f"no kernel '{name}'")
    return options


def main():
    options = parse()
    os.makedirs(WORK, exist_ok=True)
    kernels = available(kernel_library(*LAYERS[0], True), options.kernels)
    verdicts, rows, single, noisy, wrong = timing.Verdicts(), [], [], [], []
    for k, n in options.layers:
        libraries = {q: kernel_library(k, n, q) for q in (True, False)}
        few = {q: kernel_library(k, FEW_COLUMNS, q) for q in (True, False)}
        for m in options.rows:
            if m == 1 and any(kernels[name][1] for name in kernels):
                single += one_row(kernels, libraries, few, k, n, options)
                print(*single[-2:], sep="\n", flush=True)
            check_results(kernels, libraries, m, k, n, wrong)
            names = {name: [f"{stem(path)}/{isa}/rows:{m}" for path in (libraries[quantized], few[quantized])]
                     for name, (isa, quantized, _) in kernels.items()}
            wanted = "|".join(["limit/.*", *sum(names.values(), [])])
            times = run_benchmarks(f"^({wanted})$", [*libraries.values(), *few.values()],
                                   dict.fromkeys(isa for isa, _, _ in kernels.values()), m, options.rounds)
            cells = []
            for name, (_, _, peak) in kernels.items():
                whole, narrow = (times[path] for path in names[name])
                noisy += [whole] * (whole.waiting > timing.DISTURBED)
                seconds, limit = whole.seconds[options.clock], times["limit/" + peak].operations
                share = 2 * m * k * n / seconds / limit
                alone = 2 * m * k * (n - FEW_COLUMNS) / (seconds - narrow.seconds[options.clock]) / limit
                cells.append(f"{share * limit / 1e9:.0f} ({share:.0%}; {alone:.0%})")
                if name == "avx2 int8" and m >= BOUND_ROWS:
                    verdicts.add(f"{m}x{k}x{n}: avx2 int8 / limit", share, BOUND_SHARE, True)
            rows.append([f"{m}x{k}x{n}", *cells])
            print(rows[-1], flush=True)
    clock = "" if options.clock == "wall" else ", processor time"
    text = timing.table(["MxKxN, Gop/s (share of the limit; of the product alone)", *kernels], rows)
    if single:
        text += "\n\n" + timing.table(
            ["one row, GB/s of weights (share of a plain read; of the product alone)", "plain read",
             *(name for name in kernels if kernels[name][1])], single)
    text += (f"\n\n{timing.machine(', '.join(dict.fromkeys(k[0] for k in kernels.values())))}; one thread; {timing.utc_date()}; "
             f"qopt {timing.qopt_version()}; median of {options.rounds} batches in turn{clock}; "
             "quantization of the rows and float output are part of the time.")
    if noisy:
        share = max(c.waiting for c in noisy)
        text += f" **The machine was busy: up to {share:.0%} of the time was spent waiting.**"
    print("\n" + text + "\n\n" + verdicts.table())
    if options.markdown:
        timing.write_markdown(options.markdown, "kernels", text)
    for line in wrong:
        print(f"FAIL: wrong result: {line}")
    print(f"bench kernels: {len(verdicts.lines) - verdicts.failed} bounds kept, "
          f"{verdicts.failed} broken, {len(wrong)} wrong")
    sys.exit(1 if verdicts.failed or wrong else 0)


if __name__ == "__main__":
    main()
