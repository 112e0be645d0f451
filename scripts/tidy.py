#!/usr/bin/env python3
"""clang-tidy on the given sources, in parallel: tidy.py FILE...

The compile commands are those of build/compile_commands.json without the precompiled
header: clang-tidy looks at every declaration of a translation unit, and with that header
each one holds all of MLIR. Only a file that leans on it, and is no C++ without it, is
looked at as it is compiled. A file that was found clean is not looked at again as long
as it, the headers and .clang-tidy stay the same.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

DATABASE = "build/tidy"
PRECOMPILED = re.compile(r"-Winvalid-pch |-Xclang -include(-pch)? -Xclang \S*cmake_pch\S* ")


def write_database():
    with open("build/compile_commands.json") as file:
        entries = json.load(file)
    for entry in entries:
        entry["command"] = PRECOMPILED.sub("", entry["command"])
    os.makedirs(DATABASE, exist_ok=True)
    with open(os.path.join(DATABASE, "compile_commands.json"), "w") as file:
        json.dump(entries, file)
    return {os.path.relpath(entry["file"]) for entry in entries}


def surroundings():
    """Hash of what every result depends on."""
    names = subprocess.run(["git", "ls-files", "*.h", "*.hpp", "*.td", ".clang-tidy", "scripts/tidy.py"],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    result = hashlib.sha256()
    for name in sorted(filter(os.path.exists, names)):
        with open(name, "rb") as file:
            result.update(name.encode() + hashlib.sha256(file.read()).digest())
    return result


def check(path, common):
    key = common.copy()
    with open(path, "rb") as file:
        key.update(file.read())
    stamp = os.path.join(DATABASE, path.replace("/", "_") + ".clean")
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == key.hexdigest():
                return ""
    for database in (DATABASE, "build"):
        command = ["clang-tidy-22", "-p", database, "--quiet", "--warnings-as-errors=*", path]
        result = subprocess.run(command, capture_output=True, text=True)
        if "[clang-diagnostic-error" not in result.stdout:
            break
    if result.returncode == 0:
        with open(stamp, "w") as file:
            file.write(key.hexdigest())
        return ""
    return result.stdout + "".join(
        line for line in result.stderr.splitlines(True) if not re.match(r"\d+ warnings? ", line))


def main():
    known = write_database()
    # A source that is in no target has no command.
    files = [path for path in sys.argv[1:] if os.path.relpath(path) in known]
    common = surroundings()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for text in pool.map(lambda path: check(path, common), files):
            failed += bool(text)
            print(text, end="", flush=True)
    print(f"clang-tidy: {len(files) - failed} of {len(files)} files are clean")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
