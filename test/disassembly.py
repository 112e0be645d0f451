"""Innermost loops of libraries and objects for x86-64 and AArch64, as llvm-objdump prints
them, and how many cycles llvm-mca gives one.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import re
import shutil
import subprocess

INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*?)\s*(?:#(?= )|//|<).*$|^\s*([0-9a-f]+):\s+(\S.*?)\s*$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
# With the address as the last operand.
JUMP = re.compile(r"^(j\w+|b|b\.\w+|cbn?z \w+,|tbn?z \w+, #\w+,) 0x([0-9a-f]+)$")


def tool(name):
    return shutil.which(name + "-22") or name


def functions(path):
    """Name and instructions [(address, text)] of every function."""
    text = subprocess.run([tool("llvm-objdump"), "--disassemble", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    name, instructions = "", []
    for line in text.splitlines():
        if function := FUNCTION.match(line):
            if instructions:
                yield name, instructions
            name, instructions = function.group(1), []
        elif instruction := INSTRUCTION.match(line):
            address, text = [part for part in instruction.groups() if part is not None]
            instructions.append((int(address, 16), re.sub(r"\s+", " ", text)))
    if instructions:
        yield name, instructions


def innermost_loops(instructions):
    """Instructions between the target of a jump back and the jump, where no other such
    jump lies in between."""
    places = {address: i for i, (address, _) in enumerate(instructions)}
    back = []
    for i, (address, text) in enumerate(instructions):
        jump = JUMP.match(text)
        target = places.get(int(jump.group(2), 16)) if jump else None
        if target is not None and target <= i:
            back.append((target, i))
    for begin, end in back:
        if not any(begin <= b and e <= end and (b, e) != (begin, end) for b, e in back):
            yield [text for _, text in instructions[begin : end + 1]]


def cycles(loop, triple, cpu):
    """Of one iteration in a long row of them, by the model of `cpu`."""
    text = "\n".join(JUMP.sub(r"\1 .", instruction) for instruction in loop)
    iterations = 100
    report = subprocess.run([tool("llvm-mca"), f"-mtriple={triple}", f"-mcpu={cpu}", f"-iterations={iterations}"],
                            input=text, check=True, capture_output=True, text=True).stdout
    return int(re.search(r"Total Cycles:\s+(\d+)", report).group(1)) / iterations
