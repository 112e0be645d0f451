#!/usr/bin/env python3
"""Every legal scheme on random products: shapes that fill no register, rows of all kinds, against
a reference in NumPy, bit for bit where sums are of integers, on the instruction sets of this
machine. Also: rows do not depend on their batch, and counters of guarded layers are right.

    run.py [--full] [--emulated] [--seed N] [--filter REGEX] [--models N] [-v]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support  # noqa: E402

support.use_venv()
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import boundaries  # noqa: E402
import machines  # noqa: E402
import reference  # noqa: E402

F32 = np.float32
THRESHOLD = 6.0


def all_specs():
    """(text, options) of every scheme that the grammar allows."""
    for weights, activations, zero in itertools.product(
            ("channel", "tensor", "group:32", "group:20"), ("token", "tensor", "static"), (False, True)):
        for mode in (None, "static", "static+guard", "dynamic", "dynamic-row", "bitsandbytes"):
            if activations == "static" and mode in ("dynamic", "dynamic-row", "bitsandbytes"):
                continue
            options = dict(weights=weights, activations=activations, zero=zero, mode=mode)
            keys = [f"weights={weights}", f"activations={activations}", f"zero-point={str(zero).lower()}"]
            if mode:
                keys += [f"mode={mode}", f"threshold={THRESHOLD:g}", "frequency=0.2"]
            yield f"{'llm-int8' if mode else 'w8a8'}{{{' '.join(keys)}}}", options
    for weights in ("channel", "tensor", "group:32"):
        yield f"w8a16{{weights={weights}}}", dict(weights=weights, mode="weight-only")


class Layer:
    def __init__(self, index, spec, options, k, n, random):
        self.name, self.spec, self.options = f"n{index}", spec, options
        self.w = random.standard_normal((k, n)).astype(F32)
        kind = random.integers(6)
        # A weight of zeros alone could be another layer's, and the two one product.
        if kind == 0 and n > 1:
            self.w[:, random.integers(n)] = 0
        elif kind == 1 and k > 1:
            self.w[random.integers(k)] = 0
        elif kind == 2:
            self.w *= F32(1e-40) if random.integers(2) else F32(3e-3)
        self.bias = random.standard_normal(n).astype(F32) if random.integers(2) else None

    def granularity(self):
        text = self.options["weights"]
        return int(text[6:]) if text.startswith("group") else text

    def weight_values(self):
        """The weights of a product of floats."""
        if self.options["mode"] != "weight-only":
            return self.w.astype(np.float64)
        return reference.dequantized(*reference.quantize_weight(self.w, self.granularity()))

    def decide(self, plan):
        """The scheme with what statistics decided, from the plan's file."""
        o = self.options
        # Where all columns are outliers nothing is left to quantize.
        self.is_float = plan["scheme"] == "fp32" or o["mode"] == "weight-only"
        if self.is_float:
            return
        mode = {"static+guard": "static"}.get(o["mode"], o["mode"])
        finds = mode in ("dynamic", "dynamic-row", "bitsandbytes")
        scale = plan.get("activation_scale")
        self.scheme = reference.Scheme(
            self.granularity(), o["activations"], o["zero"], mode, THRESHOLD if finds else None,
            plan.get("outliers") or [] if mode == "static" else [], scale and F32(scale),
            plan.get("activation_zero_point"))

    @property
    def independent(self):
        return self.options["mode"] in ("weight-only", None, "static", "static+guard", "dynamic-row") \
            and self.options.get("activations") != "tensor"


class Model:
    """Products that share one activation, each with a scheme of its own."""

    def __init__(self, specs, random):
        rank = int(random.integers(2, 5))
        self.k = int(random.choice([1, 3, 7, 20, 63, 64, 65, 100, 129, 200, 384]))
        self.sizes = [int(n) for n in random.choice([1, 5, 16, 17, 31, 40, 64, 70, 96], 2)]
        self.lead = [1] * (rank - 2)
        self.random = random
        self.layers = [Layer(i, text, options, self.k, self.sizes[i % 2], random)
                       for i, (text, options) in enumerate(specs)]

    def save(self, path):
        nodes, constants, outputs = [], [], []
        for layer in self.layers:
            name = layer.name
            constants.append(numpy_helper.from_array(layer.w, name + ".w"))
            result = name + ".p" if layer.bias is not None else name + ".y"
            nodes.append(helper.make_node("MatMul", ["x", name + ".w"], [result], name=name))
            if layer.bias is not None:
                constants.append(numpy_helper.from_array(layer.bias, name + ".b"))
                nodes.append(helper.make_node("Add", [result, name + ".b"], [name + ".y"], name=name + ".add"))
            outputs.append(helper.make_tensor_value_info(name + ".y", TensorProto.FLOAT, None))
        dims = ["d%d" % i for i in range(len(self.lead) + 1)] + [self.k]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
        graph = helper.make_graph(nodes, "schemes", [x], outputs, constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)

    def rows(self, m):
        x = (self.random.standard_normal((m, self.k)) * self.random.uniform(0.2, 3, (m, 1))).astype(F32)
        x[:, self.random.integers(0, self.k, 1 + self.k // 30)] *= 6
        return x

    def inputs(self):
        """(label, [M, K]): ordinary rows, and those with everything that can be in one."""
        for m in (1, 2, 7, 16, 19, 37):
            yield f"{m} rows", self.rows(m)
        x = self.rows(33)
        yield "all zero", x * 0
        yield "constant", np.full_like(x[:3], 2.5)
        yield "all outliers", np.full_like(x[:5], -40)
        yield "denormal", x[:4] * F32(1e-40)
        spoiled = x.copy()
        spoiled[0], spoiled[1], spoiled[2] = 0, 1.5, -1
        spoiled[3] *= F32(1e-39)
        spoiled[4] *= F32(1e-37)
        spoiled[5, self.k // 2] = 1e30
        spoiled[6] *= F32(1e37)
        yield "extreme rows", spoiled.copy()
        spoiled[7, 0], spoiled[8, -1], spoiled[9, self.k // 2] = np.nan, np.inf, -np.inf
        yield "not finite", spoiled
        yield "no rows", x[:0]

    def shape(self, x):
        """With leading dims of 1 in front, or split over them."""
        dims = list(self.lead) + [len(x)]
        if self.lead and len(x) % 2 == 0 and len(x):
            dims = [2] + list(self.lead[1:]) + [len(x) // 2]
        return x.reshape(*dims, self.k)


class Checks:
    def __init__(self, verbose):
        self.passed, self.complaints, self.verbose = 0, [], verbose
        self.lock = threading.Lock()

    def expect(self, good, text):
        with self.lock:
            if good:
                self.passed += 1
                return
            self.complaints.append(text)
            if self.verbose or len(self.complaints) <= 20:
                print("WRONG", text, flush=True)


def first_difference(got, want):
    at = np.argwhere(~((got == want) | (np.isnan(got) & np.isnan(want))))[0]
    return f"{len(np.argwhere(got != want))} of {got.size} differ, first at {list(at)}: " \
           f"{got[tuple(at)]!r}, not {want[tuple(at)]!r}"


def has_half_tiles(isa, layer):
    """Whether the outliers of more than 16 rows go by half-precision tiles."""
    scheme = layer.scheme
    return (isa == "amx" and not layer.is_float and scheme.mode not in (None, "bitsandbytes")
            and (scheme.weights in ("channel", "tensor") or scheme.weights >= len(layer.w)))


def is_near(got, want, bound, x):
    """What is not finite is not finite in both: parts of an Inf make a NaN. Sums of numbers near
    the largest one overflow in one order and not in another."""
    finite = np.isfinite(want) & np.isfinite(bound)
    overflows = np.isfinite(x).all(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.where(finite, np.abs(got - want) <= bound,
                        ~np.isfinite(got) | np.isfinite(want) | overflows)


def check_values(checks, where, layer, x, got, isa):
    if layer.is_float:
        # NaN and Inf spread as they like in a sum of floats.
        rows = np.isfinite(x).all(1) & (np.abs(x).max(1, initial=0) < 1e30)
        want, bound = reference.float_product(x[rows], layer.weight_values(), layer.bias)
        near = np.abs(got[rows] - want) <= bound
        checks.expect(near.all(), f"{where}: {np.count_nonzero(~near)} sums too far off")
        return
    want = reference.product(x, layer.w, layer.bias, layer.scheme)
    if len(x) > 16 and has_half_tiles(isa, layer):
        good = is_near(got, want, reference.tail_bound(x, layer.w, want, layer.scheme), x)
        checks.expect(good.all(), f"{where}: {np.count_nonzero(~good)} sums too far off")
        return
    good = np.array_equal(got, want, equal_nan=True)
    checks.expect(good, where if good else f"{where}: {first_difference(got, want)}")


def check_guards(checks, model, label, guards, seen):
    """Counters since open against those of the rows."""
    for layer in model.layers:
        if layer.name not in guards or layer.is_float:
            continue
        outside = np.delete(np.concatenate(seen), layer.scheme.outliers, axis=1)
        beyond = ~(np.abs(outside).max(1, initial=0) < F32(THRESHOLD))
        got = guards[layer.name]
        want = (len(beyond), np.count_nonzero(beyond))
        checks.expect(got == want, f"{label} {layer.spec}: guard {got}, not {want}")


def run_library(checks, model, path, isa, machine):
    seen, totals = [], {}
    with machine.open(path, isa) as library:
        for label, x in model.inputs():
            results = library(x=model.shape(x))
            for layer in model.layers:
                got = results[layer.name + ".y"].reshape(len(x), layer.w.shape[1])
                check_values(checks, f"{isa} K={model.k} N={layer.w.shape[1]} {layer.spec} {label}",
                             layer, x, got, isa)
            seen.append(x)
        for guard in library.guards:
            totals[guard.layer] = (guard.rows, guard.beyond)
        check_guards(checks, model, isa, totals, seen)
        # A row alone is what it is in a batch.
        x = model.rows(19)
        together = library(x=model.shape(x))
        for i in (0, 7, 18):
            alone = library(x=model.shape(x[i:i + 1]))
            for layer in model.layers:
                if not layer.independent:
                    continue
                name = layer.name + ".y"
                row = together[name].reshape(len(x), -1)[i]
                if layer.is_float:
                    same = np.allclose(alone[name].reshape(-1), row, rtol=1e-4, atol=1e-4)
                elif has_half_tiles(isa, layer):
                    bound = reference.tail_bound(x[i:i + 1], layer.w, row, layer.scheme)
                    same = is_near(alone[name].reshape(1, -1), row[None], bound,
                                   x[i:i + 1]).all()
                else:
                    same = np.array_equal(alone[name].reshape(-1), row)
                checks.expect(same, f"{isa} {layer.spec}: row {i} depends on its batch")


def run_model(checks, specs, seed, machine, isas):
    with tempfile.TemporaryDirectory() as folder:
        check_model(checks, specs, seed, folder, machine, isas)


def check_model(checks, specs, seed, folder, machine, isas):
    random = np.random.default_rng(seed)
    model = Model(specs, random)
    path = os.path.join(folder, "model.onnx")
    library, plan = os.path.join(folder, "model.so"), os.path.join(folder, "plan.json")
    model.save(path)
    np.savez(os.path.join(folder, "calib.npz"),
             x=model.rows(24).reshape([24] + [1] * len(model.lead) + [model.k]))
    flags = ["--pass-pipeline=w8a8", "--calib=" + os.path.join(folder, "calib.npz"), "--emit-plan=" + plan,
             *machine.flags(isas)]
    flags += [f"--quantize={layer.name}={layer.spec}" for layer in model.layers]
    result = support.compile_model(path, library, *flags, check=False)
    checks.expect(result.code == 0, f"seed {seed}: exit {result.code}: {result.first_error}")
    if result.code:
        return
    with open(plan) as file:
        layers = {layer["name"]: layer for layer in json.load(file)["layers"]}
    for layer in model.layers:
        layer.decide(layers[layer.name])
    for isa in isas:
        run_library(checks, model, library, isa, machine)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="five times as many products, each on all instruction sets")
    parser.add_argument("--emulated", action="store_true", help="for AArch64, in qemu-aarch64")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="", help="schemes whose text matches the expression")
    parser.add_argument("--models", type=int, default=100, help="at most that many")
    parser.add_argument("-v", action="store_true")
    arguments = parser.parse_args()
    os.nice(5)
    specs = [spec for spec in all_specs() if re.search(arguments.filter, spec[0])]
    random = np.random.default_rng(arguments.seed)
    checks = Checks(arguments.v)
    start = time.monotonic()
    if arguments.emulated and machines.emulator.missing():
        print("skipped: " + machines.emulator.missing())
        return support.SKIP
    scratch = tempfile.TemporaryDirectory()
    machine = machines.Emulated(scratch.name) if arguments.emulated else machines.Native()
    isas = machine.isas
    for check in (boundaries.check_depth, boundaries.check_outlier_sets, boundaries.check_denormals):
        with tempfile.TemporaryDirectory() as folder:
            check(checks, folder, machine)
    models = []
    for _ in range(5 if arguments.full else 1):
        random.shuffle(specs)
        for i, begin in enumerate(range(0, len(specs), 28)[:arguments.models]):
            # Compiling for all of them is most of the time.
            chosen = isas if arguments.full else [isas[i % len(isas)]]
            models.append((checks, specs[begin:begin + 28], int(random.integers(1 << 30)), machine, chosen))
    with scratch, concurrent.futures.ThreadPoolExecutor(support.cores()) as pool:
        for done in [pool.submit(run_model, *model) for model in models]:
            done.result()
    print(support.minutes(start))
    print(f"{checks.passed} passed, {len(checks.complaints)} failed")
    return 1 if checks.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
