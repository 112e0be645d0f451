#!/usr/bin/env python3
"""Writes the inner loops of integer products into docs/performance.md, one for each
instruction set, as they are in a compiled library, with what each instruction does.

  inner_loops.py [--page FILE]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import timing

timing.support.use_venv()
import kernels

DOTS = {"amx": "tdpbssd", "avx512vnni": "vpdpbusd", "avxvnni": "vpdpbusd", "avx2": "vpmaddubsw"}
# First match of mnemonic and operands.
NOTES = (
    (r"tdpbssd", "16x16 sums += 16 rows x 64 codes by 64 codes x 16 columns"),
    (r"tdpbf16ps|tdpfp16ps", "the same of 32 halves"),
    (r"tileloaddt1", "a tile of weights, past L1"),
    (r"tileloadd", "a tile of rows"),
    (r"vpdpbusd .*\(", "sums of 4 codes; one operand from memory"),
    (r"vpdpbusd", "every lane: sum += 4 codes of the row by 4 of the column"),
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
    (r"j\w+ ", "next step of K"),
    (r"add|sub|lea|inc|dec|cmp|test", "addresses and the count of steps"),
)


def note(instruction):
    return next((text for pattern, text in NOTES if re.match(pattern, instruction)), "")


def disassembly(path):
    """(address, instruction) of a library, in order."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        if match := re.match(r"\s*([0-9a-f]+):\s+(.*?)\s*(#.*|<.*>)?$", line):
            found.append((int(match.group(1), 16), re.sub(r"\s+", " ", match.group(2))))
    return found


def loops(code):
    """Innermost: from the target of a backward jump to the jump, with no other inside."""
    places = {address: index for index, (address, _) in enumerate(code)}
    ends = []
    for index, (address, text) in enumerate(code):
        match = re.match(r"j\w+ ([0-9a-f]+)$", text)
        if match and (target := int(match.group(1), 16)) <= address and target in places:
            ends.append((places[target], index))
    for start, end in ends:
        if not any(start <= other and last < end for other, last in ends if (other, last) != (start, end)):
            yield [text for _, text in code[start : end + 1]]


def blocks(code):
    """Straight runs of instructions, for kernels whose steps are all unrolled."""
    block = []
    for _, text in code:
        block.append(text)
        if re.match(r"j|ret|call", text):
            yield block
            block = []


def inner_loop(isa, folder):
    """The loop with the most products per step of a library for this instruction set."""
    path = os.path.join(folder, isa + ".so")
    model = kernels.product(4096, 768, ("product", "bias"))
    timing.support.compile_model(model, path, "--pass-pipeline=w8a8", "--quantize=product=w8a8", "--isa=" + isa)
    os.remove(model)

    def products(loop):
        return sum(DOTS[isa] in text for text in loop)

    code = disassembly(path)
    loop = max(loops(code), key=products, default=[])
    return loop if products(loop) else max(blocks(code), key=products)


def section(isa, loop):
    products = sum(DOTS[isa] in text for text in loop)
    stack = sum("%rsp" in text or "%rbp" in text for text in loop)
    loads = sum(bool(re.search(r"\(%", text)) for text in loop)
    width = max(len(text) for text in loop)
    lines = [f"{text:{width}}  ; {note(text)}".rstrip(" ;") for text in loop]
    if len(lines) > 48:
        lines = lines[:36] + [f"... {len(lines) - 42} instructions of the same kinds ..."] + lines[-6:]
    return (f"### {isa}\n\n{products} `{DOTS[isa]}` in {len(loop)} instructions, {loads} of which read memory; "
            f"{stack} use the stack.\n\n```asm\n" + "\n".join(lines) + "\n```")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--page", default=os.path.join(ROOT, "docs", "performance.md"))
    options = parser.parse_args()
    os.makedirs(kernels.WORK, exist_ok=True)
    usage = subprocess.run([timing.support.QOPT, "--help"], capture_output=True, text=True).stdout
    known = re.search(r"--isa=.*?:([^(\n]*)", usage).group(1)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for isa in re.findall(r"\w+", known):
            if isa in DOTS:
                loop = inner_loop(isa, folder)
                if not loop or not any(DOTS[isa] in text for text in loop):
                    sys.exit(f"inner_loops: the library for {isa} has no loop with {DOTS[isa]}")
                parts.append(section(isa, loop))
    timing.write_markdown(options.page, "loops", "\n\n".join(parts))


if __name__ == "__main__":
    main()
