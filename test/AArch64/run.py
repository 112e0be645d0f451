#!/usr/bin/env python3
"""Libraries for AArch64, made on this machine and run in qemu-aarch64: which instruction set a
machine gets, what it refuses, ONNX's node tests, and whole models against the libraries of this
machine. Quantized products of every scheme: Schemes/run.py --emulated.

    run.py [--filter REGEX]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support  # noqa: E402

support.use_venv()
import emulator  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import qopt  # noqa: E402

F32 = np.float32
TARGET = "--mtriple=" + emulator.TRIPLE
# Kernels of all kinds: products, contractions, rows, movement, small types, control flow, text of
# sizes that fill no register.
NODES = """matmul_2d matmul_4d gemm_all_attributes gemm_beta softmax_axis_2 softmax_large_number_expanded
    layer_normalization_3d_axis1_epsilon erf tanh sigmoid logsoftmax_axis_1 reduce_mean_keepdims_random
    reduce_log_sum_exp_keepdims_random einsum_batch_matmul einsum_transpose gather_elements_1
    scatternd_add cumsum_2d_axis_1 transpose_all_permutations_4 concat_3d_axis_2 slice_neg_steps edge_pad
    convtranspose basic_conv_with_padding maxpool_2d_pads averagepool_2d_default resize_upsample_scales_linear
    quantizelinear_axis dequantizelinear_axis dynamicquantizelinear matmulinteger qlinearmatmul_2D convinteger_with_padding
    cast_FLOAT_to_FLOAT16 cast_FLOAT16_to_FLOAT
    top_k nonzero_example unique_sorted_with_axis loop11 if gru_defaults lstm_with_peepholes where_example pow round
    mod_mixed_sign_float16 argmax_keepdims_random tril not_2d bitshift_left_uint8 isnan clip""".split()


class Tests:
    def __init__(self, folder):
        self.folder, self.runner = folder, emulator.build_runner(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def open(self, library, cpu="max", isa=None, threads=2):
        return emulator.Model(self.runner, library, isa, threads, cpu)

    @support.once
    def product(self):
        """A layer, and its library for all three instruction sets."""
        random = np.random.default_rng(3)
        w = random.standard_normal((100, 37)).astype(F32)
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"], name="layer")], "product",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 100])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [numpy_helper.from_array(w, "w")])
        path = self.path("product.onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        flags = ["--pass-pipeline=w8a8", "--quantize=layer=w8a8"]
        support.compile_model(path, self.path("product.so"), TARGET, *flags)
        support.compile_model(path, self.path("i8mm.so"), TARGET, "--isa=i8mm", *flags)
        support.compile_model(path, self.path("native.so"), *flags)
        return random.standard_normal((19, 100)).astype(F32)

    def check_dispatch(self):
        """Each machine gets its best instruction set, all of them the integers of this machine."""
        x = self.product()
        with qopt.Model(self.path("native.so")) as native:
            want = native(x=x)["y"]
        for isa, cpu in [*emulator.CPUS.items(), ("dotprod", "neoverse-n1"), ("neon", "a64fx")]:
            with self.open(self.path("product.so"), cpu) as model:
                if model.isa != isa:
                    return False, f"{cpu} runs {model.isa}"
                if not np.array_equal(model(x=x)["y"], want):
                    return False, f"{cpu}: another result"
        return True, ""

    def check_choice(self):
        """The best machine runs every variant on request."""
        x = self.product()
        for isa in emulator.CPUS:
            with self.open(self.path("product.so"), isa=isa) as model:
                if model.isa != isa or model(x=x)["y"].shape != (19, 37):
                    return False, isa
        return True, ""

    def refused(self, library, cpu, isa, text):
        self.product()
        try:
            with self.open(self.path(library), cpu, isa):
                return False, "opened"
        except emulator.Error as error:
            return text in str(error), str(error)

    def check_foreign(self):
        """A library for another machine is refused with a sentence."""
        self.product()
        try:
            qopt.Model(self.path("product.so"))
        except qopt.Error as error:
            return "product.so" in str(error), str(error)
        return False, "opened"

    def check_node(self, folder):
        library = self.path(os.path.basename(folder) + ".so")
        support.compile_model(os.path.join(folder, "model.onnx"), library, TARGET, "--isa=neon")
        data = os.path.join(folder, "test_data_set_0")
        count = len([name for name in os.listdir(data) if name.startswith("output_")])
        given = [name for name in os.listdir(data) if name.startswith("input_")]
        with self.open(library, "cortex-a72") as model:
            arrays = {}
            for i in range(len(given)):
                arrays[model.inputs[i]] = read_tensor(os.path.join(data, f"input_{i}.pb"))
            results = list(model(**arrays).values())
        for i in range(count):
            want, got = read_tensor(os.path.join(data, f"output_{i}.pb")), results[i]
            exact = want.dtype.kind not in "f"
            same = np.array_equal(got, want) if exact else np.allclose(got, want, 1e-3, 1e-6, equal_nan=True)
            if got.shape != want.shape or not same:
                return False, f"output {i} differs"
        return True, ""

    def check_encoder(self, preset, isa):
        """A trained model on 1 x 16 tokens: as on this machine, up to codes that flip."""
        model = support.fetched("paraphrase-MiniLM-L3-v2.onnx")
        random = np.random.default_rng(5)
        tokens = {"input_ids": random.integers(1000, 20000, (1, 16)), "attention_mask": np.ones((1, 16), np.int64),
                  "token_type_ids": np.zeros((1, 16), np.int64)}
        flags = ["--pass-pipeline=" + preset]
        here, there = self.path(f"{preset}.native.so"), self.path(f"{preset}.{isa}.so")
        support.compile_model(model, here, "--isa=avx2", *flags)
        support.compile_model(model, there, TARGET, "--isa=" + isa, *flags)
        with qopt.Model(here) as native:
            names = [port.name for port in native.inputs]
            want = native(**{name: tokens[name] for name in names})
        with self.open(there, emulator.CPUS[isa]) as emulated:
            got = emulated(**{name: tokens[name] for name in names})
        worst = 1.0
        for name, reference in want.items():
            a, b = reference.reshape(-1).astype(np.float64), got[name].reshape(-1).astype(np.float64)
            worst = min(worst, a @ b / np.sqrt((a @ a) * (b @ b)))
        return worst > (0.999999 if preset == "fp32" else 0.999), f"cosine {worst:.7f}"


def read_tensor(path):
    with open(path, "rb") as file:
        return numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


def check_missing_runtime(folder):
    """A library names what it lacks."""
    path = os.path.join(folder, "product.onnx")
    tool = os.path.join(folder, "elsewhere", "bin")
    os.makedirs(tool, exist_ok=True)
    copy = os.path.join(tool, "qopt")
    subprocess.run(["cp", support.QOPT, copy], check=True)
    result = support.run([copy, path, "-o", os.path.join(folder, "x.so"), TARGET, "--isa=neon", "-q"])
    text = result.stderr.strip()
    return result.code != 0 and "libc6-dev-arm64-cross" in text, text[-200:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="tests whose label matches the expression")
    arguments = parser.parse_args()
    if emulator.missing():
        print("skipped: " + emulator.missing())
        return support.SKIP
    os.nice(5)
    with tempfile.TemporaryDirectory() as folder:
        tests = Tests(folder)
        cases = {
            "dispatch": tests.check_dispatch,
            "choice": tests.check_choice,
            "refuses: no sdot": functools.partial(tests.refused, "product.so", "cortex-a72", "dotprod",
                                                  "'dotprod' needs dotprod (sdot)"),
            "refuses: no smmla": functools.partial(tests.refused, "i8mm.so", "cortex-a76", None, "i8mm (smmla)"),
            "refuses: unknown": functools.partial(tests.refused, "product.so", "max", "avx2",
                                                  "unknown isa 'avx2'; this library has i8mm, dotprod, neon"),
            "foreign machine": tests.check_foreign,
            "no runtime": lambda: (tests.product() is not None and check_missing_runtime(folder)),
        }
        for preset, isa in (("fp32", "neon"), ("w8a8", "dotprod"), ("llm-int8", "i8mm")):
            cases[f"encoder {preset} {isa}"] = functools.partial(tests.check_encoder, preset, isa)
        for name in NODES:
            where = os.path.join(support.ONNX_TESTDATA, "node", "test_" + name)
            if os.path.isdir(where):
                cases["node " + name] = functools.partial(tests.check_node, where)
        report = support.Report("aarch64")
        report.run_all({label: test for label, test in cases.items() if re.search(arguments.filter, label)})
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
