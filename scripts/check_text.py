#!/usr/bin/env python3
"""Lint of text that no formatter sees. Arguments are files.

- FileCheck directives without a colon, or with a suffix that FileCheck does not know:
  such a line checks nothing, in silence.
- Trailing whitespace, tabs, a missing newline at the end.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import re
import sys

COMMENT = r"^\s*(?://|#|;|<!--)\s*"
PREFIX_OPTION = re.compile(r"--?check-prefix(?:es)?[= ]([A-Za-z0-9_,-]+)")
SUFFIXES = r"(?:-(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?(?:\{[A-Z,]+\})?"
# Ends of lines carry meaning in these, or were written by other programs.
FREE = (".patch", ".pb", ".onnx", ".npy", ".npz")
TESTS = (".mlir", ".test", ".c", ".cpp", ".pbtxt", ".py", ".ll", ".txt")


def directives(path, text):
    """Lines that look like a directive and are none."""
    if not path.startswith("test/") or not path.endswith(TESTS):
        return
    prefixes = {"CHECK"}
    for match in PREFIX_OPTION.finditer(text):
        prefixes.update(match.group(1).split(","))
    if "FileCheck" not in text:
        return
    names = "|".join(sorted(map(re.escape, prefixes), key=len, reverse=True))
    looks = re.compile(rf"{COMMENT}((?:{names})(?:-[A-Z0-9-]*)?(?:\{{[A-Z,]*\}})?)(?![A-Za-z0-9_])(:?)")
    known = re.compile(rf"(?:{names}){SUFFIXES}$")
    for number, line in enumerate(text.splitlines(), 1):
        found = looks.match(line)
        if not found:
            continue
        if not found.group(2):
            yield number, f"{found.group(1)} without a colon checks nothing"
        elif not known.match(found.group(1)):
            yield number, f"{found.group(1)}: is no directive of FileCheck"


def whitespace(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "whitespace at the end of the line"
        if "\t" in line and not path.endswith((".md", ".s")):
            yield number, "tab"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"
    if text.endswith("\n\n"):
        yield text.count("\n"), "empty line at the end of the file"


def main():
    failed = 0
    for path in sys.argv[1:]:
        if path.endswith(FREE):
            continue
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except UnicodeDecodeError:
            continue  # binary
        for check in (directives, whitespace):
            for number, what in check(path, text):
                print(f"{path}:{number}: {what}")
                failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
