"""Sums at the limit of 32 bits (Q05), outlier sets from none to all that change between runs
(Q08), and the time that denormal weights take (Q09).

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import time

import numpy as np
import onnx
import reference
import support
from onnx import TensorProto, helper, numpy_helper

F32 = np.float32


def compile_products(checks, folder, weights, specs, machine, isas):
    """The library of x times each weight, or None."""
    k = len(next(iter(weights.values())))
    nodes = [helper.make_node("MatMul", ["x", f"{name}.w"], [f"{name}.y"], name=name) for name in weights]
    graph = helper.make_graph(
        nodes, "boundaries", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", k])],
        [helper.make_tensor_value_info(f"{name}.y", TensorProto.FLOAT, None) for name in weights],
        [numpy_helper.from_array(w, f"{name}.w") for name, w in weights.items()])
    model, library = os.path.join(folder, "model.onnx"), os.path.join(folder, "model.so")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
    result = support.compile_model(
        model, library, "--pass-pipeline=w8a8", *machine.flags(isas),
        *[f"--quantize={name}={spec}" for name, spec in specs.items()], check=False)
    checks.expect(result.code == 0, f"boundaries: exit {result.code}: {result.first_error}")
    return library if result.code == 0 else None


def check_depth(checks, folder, machine):
    """Codes at their bounds, so many that a sum is just within 31 bits, and one more."""
    for zero_point, depth in ((False, 133144), (True, 66311)):
        for k in (depth, depth + 1):
            w = np.ones((k, 2), F32)
            w[:, 1] = -1
            spec = f"w8a8{{zero-point={str(zero_point).lower()}}}"
            library = compile_products(checks, folder, {"n0": w}, {"n0": spec}, machine, machine.isas)
            if not library:
                continue
            x = np.ones((3, k), F32)
            x[1] = -1
            x[2, ::2] = -1
            step = F32(1) / F32(255) if zero_point else F32(1) / F32(127)
            for isa in machine.isas:
                with machine.open(library, isa) as model:
                    y = model(x=x)["n0.y"]
                want = x.astype(np.float64) @ w
                checks.expect(np.abs(y - want).max() <= k * step,
                              f"{isa} {spec} K={k}: {y.tolist()}, not {want.tolist()}")


def check_outlier_sets(checks, folder, machine):
    random = np.random.default_rng(7)
    modes = [(mode, threshold) for mode in ("dynamic", "dynamic-row", "bitsandbytes")
             for threshold in (1e-30, 6.0, 1e30)]
    names = [f"n{i}" for i in range(len(modes))]
    weights = {name: random.standard_normal((70, 19)).astype(F32) for name in names}
    specs = {name: f"llm-int8{{mode={mode} threshold={threshold:g}}}"
             for name, (mode, threshold) in zip(names, modes)}
    library = compile_products(checks, folder, weights, specs, machine, machine.isas)
    if not library:
        return
    for isa in machine.isas:
        with machine.open(library, isa) as model:
            for run in range(8):
                x = random.standard_normal((1 + 5 * run, 70)).astype(F32)
                x[:, random.integers(0, 70, 9 * run)] *= 20
                results = model(x=x)
                for name, (mode, threshold) in zip(names, modes):
                    scheme = reference.Scheme("channel", "token", False, mode, threshold)
                    want = reference.product(x, weights[name], None, scheme)
                    bound = np.zeros(want.shape)
                    if isa == "amx" and mode != "bitsandbytes" and len(x) > 16:
                        bound = reference.tail_bound(x, weights[name], want, scheme)
                    checks.expect((np.abs(results[name + ".y"] - want) <= bound).all(),
                                  f"{isa} {specs[name]}: run {run} differs")


def seconds(model, x):
    """The best of some runs: others may be using the machine."""
    best = np.inf
    for _ in range(100):
        begin = time.perf_counter()
        model(x=x)
        best = min(best, time.perf_counter() - begin)
    return best


def check_denormals(checks, folder, machine):
    if not machine.measures:
        return
    random = np.random.default_rng(9)
    w, x = random.standard_normal((512, 512)).astype(F32), random.standard_normal((64, 512)).astype(F32)
    for spec in ("w8a8", "llm-int8{mode=dynamic}", "w8a16", "w8a8{activations=tensor zero-point=true}"):
        times = []
        for factor in (1, 1e-40):
            library = compile_products(checks, folder, {"n0": w * F32(factor)}, {"n0": spec}, machine, machine.isas[:1])
            if not library:
                return
            with machine.open(library, num_threads=1) as model:
                times.append(seconds(model, x))
        checks.expect(times[1] <= 3 * times[0],
                      f"{spec}: denormal weights take {times[1] / times[0]:.1f} times as long")
