#!/usr/bin/env python3
"""The installed package, from outside: examples/embed is configured against it, built,
and quantizes a module that no part of qopt made.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

PREFIX = os.path.join(support.BUILD, "embed", "prefix")
TREE = os.path.join(support.BUILD, "embed", "build")
EXAMPLE = os.path.join(support.ROOT, "examples", "embed")


def step(argv, timeout=600):
    result = support.run(argv, timeout=timeout)
    assert result.code == 0, f"{' '.join(argv[:3])}: exit {result.code}: {(result.stderr + result.stdout)[-800:]}"
    return result


def build():
    shutil.rmtree(os.path.dirname(PREFIX), ignore_errors=True)
    step(["cmake", "--install", support.BUILD, "--prefix", PREFIX])
    step(["cmake", "-G", "Ninja", "-S", EXAMPLE, "-B", TREE, "-DCMAKE_PREFIX_PATH=" + PREFIX,
          "-DCMAKE_CXX_COMPILER=clang++-22", "-DCMAKE_C_COMPILER=clang-22"])
    step(["cmake", "--build", TREE])
    return True, "configured, built and linked against the installed package"


def quantize(keep, count):
    model = os.path.join(EXAMPLE, "model.mlir")
    result = step([os.path.join(TREE, "embed"), model] + ([keep] if keep else []))
    assert f"{count} products are quantized" in result.stderr, result.stderr
    text = result.stdout
    assert "qopt." not in text and "onnx." not in text, "something of qopt is left in the module"
    floats = text.count("linalg.matmul")
    return floats == 2 - count, f"{count} quantized, {floats} in float"


def plugin():
    """The installed plugin is the one that the lit tests load."""
    path = os.path.join(PREFIX, "lib", "libQoptPlugin.so")
    mlir_opt = shutil.which("mlir-opt-22") or "/usr/lib/llvm-22/bin/mlir-opt"
    result = step([mlir_opt, os.path.join(EXAMPLE, "model.mlir"), "--load-dialect-plugin=" + path,
                   "--load-pass-plugin=" + path, "--pass-pipeline=builtin.module(qopt-plan,qopt-quantize)"])
    found = result.stdout.count("qopt.quantized_matmul")
    return found == 2, f"{found} products quantized in mlir-opt"


def main():
    report = support.Report("embed")
    tests = {
        "build": build,
        "all": lambda: quantize(None, 2),
        "one kept": lambda: quantize("up", 1),
        "plugin": plugin,
    }
    # What is built first is what the others run.
    report.run_all(tests, jobs=1)
    report.finish()


if __name__ == "__main__":
    main()
