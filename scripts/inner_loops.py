#!/usr/bin/env python3
"""Writes the inner loops of integer products into docs/performance.md, one for each
instruction set, as they are in a compiled library, with what each instruction does.

  inner_loops.py [--page FILE]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "test")]
import timing

timing.support.use_venv()
import disassembly
import kernels

DOTS = {"amx": "tdpbssd", "avx512vnni": "vpdpbusd", "avxvnni": "vpdpbusd", "avx2": "vpmaddubsw",
        "i8mm": "smmla", "dotprod": "sdot", "neon": "sadalp"}
# Of AArch64: a processor that llvm-mca has a model of, and how many dot instructions (with
# smull, for neon) that starts in a cycle.
ARM = {"i8mm": ("neoverse-n2", 2), "dotprod": ("neoverse-n1", 2), "neon": ("neoverse-n1", 1)}
ARM_TRIPLE = "aarch64-linux-gnu"
# First match of mnemonic and operands.
NOTES = (
    (r"tdpbssd", "16x16 sums += 16 rows x 64 codes by 64 codes x 16 columns"),
    (r"tdpbf16ps|tdpfp16ps", "the same of 32 halves"),
    (r"tileloaddt1", "a tile of weights, past L1"),
    (r"tileloadd", "a tile of rows"),
    (r"(\{vex\} )?vpdpbusd .*\(", "sums of 4 codes; one operand from memory"),
    (r"(\{vex\} )?vpdpbusd", "every lane: sum += 4 codes of the row by 4 of the column"),
    (r"vpmaddubsw", "two lanes: 2 codes of the column, + 128, by 2 of the row, in 16 bits"),
    (r"vpmaddwd", "every lane: the two added"),
    (r"vpxor", "weights + 128"),
    (r"vpaddd", "into the sums"),
    (r"vpmovsxbw", "8-bit weights widened to 16 bits"),
    (r"vpmovzxbw", "8-bit codes widened to 16 bits"),
    (r"vpbroadcastd", "4 codes of a row, in every lane"),
    (r"vpbroadcast", "codes of a row, in every lane"),
    (r"prefetch", "weights of a later step"),
    (r"vmov\w+ .*\((%rsp|%rbp|.*%rsp)", "the stack"),
    (r"vmov\w+ .*\(.*, *%[xyz]mm", "weights, 64 or 32 codes"),
    (r"vmov\w+ %[xyz]mm\d+, *%[xyz]mm", "a copy"),
    (r"smmla", "2x2 sums += 2 rows x 8 codes by 8 codes x 2 columns"),
    (r"sdot", "every lane: sum += 4 codes of a row by 4 of the column"),
    (r"smull", "products of 8 codes by 8, in 16 bits"),
    (r"sadalp", "sums of four lanes += neighbours added"),
    (r"uzp[12]", "4 codes each of four columns"),
    (r"zip[12]|mov v.*\.d\[", "8 codes each of two rows or columns"),
    (r"ld[pr1-4] .*[qv]\d", "codes of rows or columns"),
    (r"j\w+ |b\.|cbn?z", "next step of K"),
    (r"add|sub|lea|inc|dec|cmp|test", "addresses and the count of steps"),
)


def note(instruction):
    return next((text for pattern, text in NOTES if re.match(pattern, instruction)), "")


def inner_loop(isa, folder):
    """The loop with the most products per step of a library for this instruction set."""
    path = os.path.join(folder, isa + ".so")
    model = kernels.product(4096, 768, ("product", "bias"))
    target = ["--mtriple=" + ARM_TRIPLE] if isa in ARM else []
    timing.support.compile_model(model, path, "--pass-pipeline=w8a8", "--quantize=product=w8a8", "--isa=" + isa, *target)
    os.remove(model)
    loops = [loop for _, code in disassembly.functions(path) for loop in disassembly.innermost_loops(code)]
    found = [loop for loop in loops if products(isa, loop)]
    if not found:
        sys.exit(f"inner_loops: the library for {isa} has no loop with {DOTS[isa]}")
    if isa in ARM:  # loops of small blocks have several steps, side by side
        return min(found, key=lambda loop: cycles(isa, loop) / products(isa, loop))
    return max(found, key=lambda loop: products(isa, loop))


def products(isa, loop):
    return sum(DOTS[isa] in text for text in loop)


def cycles(isa, loop):
    return disassembly.cycles(loop, ARM_TRIPLE, ARM[isa][0])


def section(isa, loop):
    stack = sum(bool(re.search(r"%rsp|%rbp|\bsp\b", text)) for text in loop)
    loads = sum(bool(re.search(r"\(%|^ld", text)) for text in loop)
    width = max(len(text) for text in loop)
    lines = [f"{text:{width}}  ; {note(text)}".rstrip(" ;") for text in loop]
    if len(lines) > 48:
        lines = lines[:36] + [f"... {len(lines) - 42} instructions of the same kinds ..."] + lines[-6:]
    said = (f"{products(isa, loop)} `{DOTS[isa]}` in {len(loop)} instructions, {loads} of which read memory; "
            f"{stack} use the stack.")
    if isa in ARM:
        cpu, per_cycle = ARM[isa]
        said += (f" {cycles(isa, loop):.1f} cycles by `llvm-mca`'s model of {cpu}, "
                 f"{products(isa, loop) / per_cycle:.0f} for the products alone.")
    return f"### {isa}\n\n{said}\n\n```asm\n" + "\n".join(lines) + "\n```"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--page", default=os.path.join(ROOT, "docs", "performance.md"))
    options = parser.parse_args()
    os.makedirs(kernels.WORK, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        parts = [section(isa, inner_loop(isa, folder)) for isa in DOTS]
    timing.write_markdown(options.page, "loops", "\n\n".join(parts))


if __name__ == "__main__":
    main()
