#!/usr/bin/env python3
"""Looks at the innermost loops of a library or object, as its disassembly has them.

  hot_loops.py FILE PATTERN[,LEAST[,SHARE]]... [--cpu=CPU:PER_CYCLE]

For each PATTERN, a regular expression for an instruction with its operands
("vpdpbusd.*zmm"): at least LEAST (1) innermost loops hold it, in at least SHARE (0.5) of
their vector instructions that are no loads; and none of these loops spills, that is,
moves a vector register from or to a fixed place on the stack. Prints one line per
pattern; ends with 1 when something is missing.

With --cpu the best of the AArch64 loops that hold the last pattern, that of the largest
block, takes at most 1.15 times the cycles that these instructions alone would, PER_CYCLE
of them in each, by llvm-mca.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
import disassembly

VECTOR = re.compile(r"%[xyz]mm\d|%tmm\d|\b[vq]\d")
# Loads and broadcasts take no turn of an arithmetic unit.
MOVE = re.compile(r"^(v?mov|vpbroadcast|vbroadcast|vpmov[sz]x|tileload|tilestore|prefetch|ld[pr1-4]|st[pr1-4])")
# A buffer on the stack is reached by an index; what the compiler spills is not.
SPILL = re.compile(r"^v?mov\w*\s.*(?<![\w,])-?(?:0x[0-9a-f]+)?\((%r[sb]p)\)")
# On AArch64 several registers go through an address that is made for them.
ARM_SPILL = re.compile(r"^(?:ld|st)[pr] q.*\[sp|^add x\d+, sp, #")
# Where it is not the frame pointer, rbp is a register like others.
FRAME = re.compile(r"^movq? %rsp, %rbp")
MOST_CYCLES = 1.15


def spills(text, framed):
    if ARM_SPILL.match(text):
        return True
    spill = SPILL.match(text) if VECTOR.search(text) else None
    return bool(spill) and (framed or spill.group(1) == "%rsp")


def check(argument, loops):
    """Whether the loops of a pattern are as they should be, and the loops."""
    pattern, least, share = (argument.split(",") + ["1", "0.5"][argument.count(","):])[:3]
    found, spilt = [], []
    for name, loop, framed in loops:
        work = [text for text in loop if VECTOR.search(text) and not MOVE.match(text)]
        hits = sum(bool(re.match(pattern, text)) for text in work)
        if not hits or hits < float(share) * len(work):
            continue
        found.append((hits, loop))
        spilt += [f"{name}: {text}" for text in loop if spills(text, framed)]
    print(f"{pattern}: {len(found)} of {least} loops, {len(spilt)} spills")
    for spill in spilt[:10]:
        print(f"  {spill}")
    return len(found) >= int(least) and not spilt, found


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    loops = []
    for name, instructions in disassembly.functions(sys.argv[1]):
        framed = any(FRAME.match(text) for _, text in instructions)
        loops += [(name, loop, framed) for loop in disassembly.innermost_loops(instructions)]
    good, found = True, []
    for argument in sys.argv[2:]:
        if argument.startswith("--cpu="):
            cpu, per_cycle = argument.removeprefix("--cpu=").split(":")
            share = min(disassembly.cycles(loop, "aarch64-linux-gnu", cpu) / (hits / float(per_cycle))
                        for hits, loop in found)
            print(f"{cpu}: {share:.2f} of the limit's cycles")
            good &= share <= MOST_CYCLES
        else:
            ok, found = check(argument, loops)
            good &= ok
    sys.exit(not good)


if __name__ == "__main__":
    main()
