#!/usr/bin/env python3
"""One matrix product per model: Gop/s of the generated kernels, and their share of what
their instructions can do at most.

  bench/kernels.py [--markdown FILE] [--rounds N] [--clock cpu]

Timed is a whole run of a library with one quantized (or float) MatMul: checks of the
arguments, quantization of the rows, product, scales, float output. The limit is a loop
over registers (peak.cpp) that takes turns with them. Ends with 1 when the integer
products of AVX2 stay below half of their limit, or when instruction sets disagree.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import ctypes
import os
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
ROWS = (8, 32, 128, 512)
# Kernels: instruction set, quantized or not, the loop that limits it.
KERNELS = {
    "amx int8": ("amx", True, "peakAmxInt8"),
    "avx512vnni int8": ("avx512vnni", True, "peakAvx512VnniInt8"),
    "avx2 int8": ("avx2", True, "peakAvx2Int8"),
    "avx512 float": ("avx512vnni", False, "peakAvx512Float"),
    "avx2 float": ("avx2", False, "peakAvx2Float"),
}
# From this many rows on the products are to reach half of the AVX2 limit. Fewer rows
# leave the time to the quantization of one row and to the loads of the weights.
BOUND_ROWS = 32


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


def available(path):
    """The kernels that the libraries hold and that this CPU runs."""
    import qopt

    found = {}
    for name, kernel in KERNELS.items():
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


def kernel_call(path, isa, x, n, threads=1):
    """A call with everything prepared: what is left is the library's own work."""
    import qopt
    from qopt import _arrays

    model = qopt.load(path, num_threads=threads, isa=isa)
    ins, alive = model._tensors({"x": x})
    y = np.empty((x.shape[0], n), np.float32)
    out, also_alive = _arrays.to_tensor(y, "float32")
    run, handle, text = model._api.run, model._handle, ctypes.create_string_buffer(256)
    outs = ctypes.pointer(out)

    def call():
        if run(handle, ins, 1, outs, 1, text, 256):
            raise RuntimeError(text.value.decode())

    call.keep = (model, alive, also_alive)
    call.result = y
    return call


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--markdown", help="write the table to this file, between its marks if it has them")
    parser.add_argument("--rounds", type=int, default=7, help="batches per contender (7)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: processor time, where others use the machine")
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("a median wants at least 5 rounds")
    os.makedirs(WORK, exist_ok=True)
    peaks = peak_library()
    kernels = available(kernel_library(*LAYERS[0], True))
    verdicts, rows, noisy, wrong = timing.Verdicts(), [], [], []
    for k, n in LAYERS:
        libraries = {q: kernel_library(k, n, q) for q in (True, False)}
        for m in ROWS:
            x = np.random.default_rng(1).standard_normal((m, k), np.float32)
            contenders, limits, operations = {}, {}, {}
            for name, (isa, quantized, peak) in kernels.items():
                call = kernel_call(libraries[quantized], isa, x, n)
                contenders[name] = timing.Contender(name, call)
                loop, operations[name] = peak_call(peaks, peak)
                limits[name] = timing.Contender(peak, loop)
            for name, contender in contenders.items():
                contender.call()
                expected = contenders["avx2 " + name.split()[1]].call
                expected()
                # Integer sums are exact; those of floats differ in their order.
                bound = 0 if name.endswith("int8") else 1e-4 * np.abs(expected.result).max()
                if not np.abs(contender.call.result - expected.result).max() <= bound:
                    wrong.append(f"{name} at {m}x{k}x{n} differs from avx2")
            timing.measure([c for name in contenders for c in (contenders[name], limits[name])],
                           options.rounds)
            noisy += timing.disturbed(contenders.values())
            cells = []
            for name in kernels:
                rate = 2 * m * k * n / contenders[name].seconds(options.clock)
                limit = operations[name] / limits[name].seconds(options.clock)
                cells.append(f"{rate / 1e9:.0f} ({rate / limit:.0%})")
                if name == "avx2 int8" and m >= BOUND_ROWS:
                    verdicts.add(f"{m}x{k}x{n}: avx2 int8 / limit", rate / limit, 0.5, True)
            rows.append([f"{m}x{k}x{n}", *cells])
            print(rows[-1], flush=True)
    clock = "" if options.clock == "wall" else ", processor time"
    text = timing.table(["MxKxN, Gop/s (share of the limit)", *kernels], rows)
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
