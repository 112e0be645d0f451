#!/usr/bin/env python3
"""Looks at the innermost loops of a library or object, as its disassembly has them.

  hot_loops.py FILE PATTERN[,LEAST[,SHARE]]...

For each PATTERN, a regular expression for an instruction with its operands
("vpdpbusd.*zmm"): at least LEAST (1) innermost loops hold it, in at least SHARE (0.5) of
their vector instructions that are no loads; and none of these loops spills, that is,
moves a vector register from or to a fixed place on the stack. Prints one line per
pattern; ends with 1 when something is missing.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import re
import subprocess
import sys

INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*?)\s*(?:#.*)?$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
JUMP = re.compile(r"^j\w+\s+0x([0-9a-f]+)")
VECTOR = re.compile(r"%[xyz]mm\d|%tmm\d")
# Loads and broadcasts take no turn of an arithmetic unit.
MOVE = re.compile(r"^(v?mov|vpbroadcast|vbroadcast|vpmov[sz]x|tileload|tilestore|prefetch)")
# A buffer on the stack is reached by an index; what the compiler spills is not.
SPILL = re.compile(r"^v?mov\w*\s.*(?<![\w,])-?(?:0x[0-9a-f]+)?\((%r[sb]p)\)")
# Where it is not the frame pointer, rbp is a register like others.
FRAME = re.compile(r"^movq? %rsp, %rbp")


def functions(path):
    """Name and instructions [(address, text)] of every function."""
    text = subprocess.run(["llvm-objdump", "--disassemble", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    name, instructions = "", []
    for line in text.splitlines():
        if function := FUNCTION.match(line):
            if instructions:
                yield name, instructions
            name, instructions = function.group(1), []
        elif instruction := INSTRUCTION.match(line):
            instructions.append((int(instruction.group(1), 16), re.sub(r"\s+", " ", instruction.group(2))))
    if instructions:
        yield name, instructions


def innermost_loops(instructions):
    """Instructions between the target of a jump back and the jump, where no
    other such jump lies in between."""
    places = {address: i for i, (address, _) in enumerate(instructions)}
    back = []
    for i, (address, text) in enumerate(instructions):
        jump = JUMP.match(text)
        target = places.get(int(jump.group(1), 16)) if jump else None
        if target is not None and target <= i:
            back.append((target, i))
    for begin, end in back:
        if not any(begin <= b and e <= end and (b, e) != (begin, end) for b, e in back):
            yield [text for _, text in instructions[begin : end + 1]]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    loops = []
    for name, instructions in functions(sys.argv[1]):
        framed = any(FRAME.match(text) for _, text in instructions)
        loops += [(name, loop, framed) for loop in innermost_loops(instructions)]
    failed = False
    for argument in sys.argv[2:]:
        pattern, least, share = (argument.split(",") + ["1", "0.5"][argument.count(","):])[:3]
        found, spills = 0, []
        for name, loop, framed in loops:
            work = [text for text in loop if VECTOR.search(text) and not MOVE.match(text)]
            hits = sum(bool(re.match(pattern, text)) for text in work)
            if not hits or hits < float(share) * len(work):
                continue
            found += 1
            for text in loop:
                spill = SPILL.match(text) if VECTOR.search(text) else None
                if spill and (framed or spill.group(1) == "%rsp"):
                    spills.append(f"{name}: {text}")
        failed |= found < int(least) or bool(spills)
        print(f"{pattern}: {found} of {least} loops, {len(spills)} spills")
        for spill in spills[:10]:
            print(f"  {spill}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
