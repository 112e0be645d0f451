#!/usr/bin/env python3
"""One matrix product per model: Gop/s of the generated kernels, and their share of what
their instructions can do at most.

  bench/kernels.py [--markdown FILE] [--rounds N] [--clock cpu] [--layers KxN,...]
                   [--large] [--rows M,...] [--kernels NAME,...]

Timed is a whole run of a library with one quantized (or float) MatMul: checks of the
arguments, quantization of the rows, product, scales, float output. The limit is a loop
over registers (peak.cpp) that takes turns with them. The second share is that of the
product alone: of the time that its columns take, which is that of the library less that
of another with 32 columns. One row is measured against plain reads of as many bytes,
hot (the same weights again) and, from 2 MiB of weights on, cold (a walk through more
than 128 MiB of copies). Ends with 1 when the integer products of AVX2 stay below 65 % of
their limit, or when instruction sets disagree.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import ctypes
import os
import shutil
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
# Weights of a walk that finds none of them in a cache, and the least of one library.
COLD_BYTES = 160 << 20
COLD_LEAST = 2 << 20
# Kernels: instruction set, quantized or not, the loop that limits it.
KERNELS = {
    "amx int8": ("amx", True, "peakAmxInt8"),
    "avx512vnni int8": ("avx512vnni", True, "peakAvx512VnniInt8"),
    "avxvnni int8": ("avxvnni", True, "peakAvxVnniInt8"),
    "avx2 int8": ("avx2", True, "peakAvx2Int8"),
    "avx512 float": ("avx512vnni", False, "peakAvx512Float"),
    "avx2 float": ("avx2", False, "peakAvx2Float"),
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


def copies_of(path, count):
    """The same library under other names: its weights are other memory."""
    paths = []
    for i in range(count):
        paths.append(f"{path}.{i}.so")
        shutil.copyfile(path, paths[-1])
    return paths


def walk_call(peaks, calls, rounds):
    """All of the calls' libraries in turn, `rounds` times, within one call."""
    models = (ctypes.c_void_p * len(calls))(*(call.handle for call in calls))
    first = calls[0]
    run = ctypes.cast(first.run, ctypes.c_void_p)

    def call():
        if peaks.runEach(run, models, ctypes.c_int64(len(calls)), ctypes.c_int64(rounds), first.ins, first.outs):
            raise RuntimeError("a run failed")

    call.keep = calls
    return call


def one_row(peaks, kernels, libraries, few, k, n, options):
    """Rows of the second table: GB/s of one row's product, hot and cold, and its share
    of the fastest plain read of as many bytes."""
    x = np.random.default_rng(1).standard_normal((1, k), np.float32)
    cells = {}
    for place in ("hot", "cold") if k * n >= COLD_LEAST else ("hot",):
        count = 1 if place == "hot" else COLD_BYTES // (k * n) + 1
        rounds = max(1, round(4e6 / (k * n))) if place == "hot" else 1
        total = count * rounds
        contenders, rest, reads, loaded = {}, {}, [], []
        for name, (isa, quantized, _) in kernels.items():
            if not quantized:
                continue
            paths = copies_of(libraries[True], count) if place == "cold" else [libraries[True]]
            calls = [kernel_call(path, isa, x, n) for path in paths]
            loaded += calls
            for path in paths if place == "cold" else ():
                os.remove(path)
            contenders[name] = timing.Contender(name, walk_call(peaks, calls, rounds))
            small = kernel_call(few[True], isa, x, FEW_COLUMNS)
            rest[name] = timing.Contender(name, walk_call(peaks, [small], 100))
        memory = peaks.readBuffer(count * k * n)
        for form in (peaks.readPlain, peaks.readPrefetched, peaks.readFourStreams):
            def read(form=form):
                for _ in range(rounds):
                    for i in range(count):
                        form(memory + i * k * n, k * n)
            reads.append(timing.Contender("read", read))
        timing.measure([*contenders.values(), *rest.values(), *reads], options.rounds)
        limit = min(c.seconds(options.clock) for c in reads) / total
        for name, contender in contenders.items():
            seconds = contender.seconds(options.clock) / total
            alone = (seconds - rest[name].seconds(options.clock) / 100) * n / (n - FEW_COLUMNS)
            cells[name, place] = f"{k * n / seconds / 1e9:.0f} ({limit / seconds:.0%}; {limit / alone:.0%})"
        cells["read", place] = f"{k * n / limit / 1e9:.0f}"
        peaks.readFree(memory)
        for call in loaded:
            call.keep[0].close()
    names = ["read", *(name for name in kernels if kernels[name][1])]
    return [[f"1x{k}x{n}, {place}", *(cells[name, place] for name in names)]
            for place in ("hot", "cold") if ("read", place) in cells]


def check_results(contenders, m, k, n, wrong):
    """Integer sums are exact; those of floats differ in their order."""
    first = {}
    for name, contender in contenders.items():
        contender.call()
        expected = first.setdefault(name.split()[1], contender.call).result
        bound = 0 if name.endswith("int8") else 1e-4 * np.abs(expected).max()
        if not np.abs(contender.call.result - expected).max() <= bound:
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
    peaks = peak_library()
    kernels = available(kernel_library(*LAYERS[0], True), options.kernels)
    verdicts, rows, single, noisy, wrong = timing.Verdicts(), [], [], [], []
    for k, n in options.layers:
        libraries = {q: kernel_library(k, n, q) for q in (True, False)}
        few = {q: kernel_library(k, FEW_COLUMNS, q) for q in (True, False)}
        for m in options.rows:
            if m == 1 and any(kernels[name][1] for name in kernels):
                single += one_row(peaks, kernels, libraries, few, k, n, options)
                print(*single[-2:], sep="\n", flush=True)
            x = np.random.default_rng(1).standard_normal((m, k), np.float32)
            contenders, limits, rest, operations = {}, {}, {}, {}
            for name, (isa, quantized, peak) in kernels.items():
                contenders[name] = timing.Contender(name, kernel_call(libraries[quantized], isa, x, n))
                rest[name] = timing.Contender(name, kernel_call(few[quantized], isa, x, FEW_COLUMNS))
                loop, operations[name] = peak_call(peaks, peak)
                limits[name] = timing.Contender(peak, loop)
            check_results(contenders, m, k, n, wrong)
            timing.measure([c for name in contenders
                            for c in (contenders[name], limits[name], rest[name])], options.rounds)
            noisy += timing.disturbed(contenders.values())
            cells = []
            for name in kernels:
                seconds = contenders[name].seconds(options.clock)
                limit = operations[name] / limits[name].seconds(options.clock)
                share = 2 * m * k * n / seconds / limit
                alone = 2 * m * k * (n - FEW_COLUMNS) / (seconds - rest[name].seconds(options.clock)) / limit
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
