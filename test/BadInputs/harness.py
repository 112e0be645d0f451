"""One bad input after another: make files, run qopt, check every promise.

A case is a function that fills a directory and returns what to run and what may
come out. Whatever the case, these hold: an exit code out of the expected ones; one
`error:` line when it is not 0 and none when it is; no signal; an output path that
holds its old bytes after a failure and an ELF file after success; no temporary left
in the output's directory or in TMPDIR; bounded memory and time.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

OLD = b"what the output path held before\n"


class Case:
    """What to run in a prepared directory.

    codes     exit codes that are right; negative: dead of that signal
    says      regular expression that the error line must match
    flags     more arguments of qopt
    whole     code for all instruction sets; where the library is not run, one is as good
    argv      the whole command, instead of qopt MODEL -o out.so
    old       whether the output path holds a file before
    then      called with (result, directory) after a success; raises AssertionError
    cleanup   called with (directory) in the end
    """

    def __init__(self, row, name, codes, model="model.onnx", says=None, flags=(), argv=None,
                 old=True, output="out.so", then=None, preexec=None, on_start=None,
                 seconds=10, megabytes=512, stdout=None, env=None, cleanup=None, whole=False):
        self.row = row
        self.name = name
        self.codes = (codes,) if isinstance(codes, int) else tuple(codes)
        self.model = model
        self.says = says
        self.flags = list(flags)
        if not whole and not then and not any(flag.startswith("--isa") for flag in flags):
            self.flags.append("--isa=avx2")
        self.argv = argv
        self.old = old
        self.output = output
        self.then = then
        self.preexec = preexec
        self.on_start = on_start
        self.seconds = seconds
        self.megabytes = megabytes
        self.stdout = stdout
        self.env = env or {}
        self.cleanup = cleanup


def row(name):
    """Marks a maker with its row, so that a run can select rows without making."""

    def mark(maker):
        maker.row = name
        return maker

    return mark


class NotTried(Exception):
    """The machine cannot produce this fault; the page says so."""


def command(case):
    if case.argv:
        return case.argv
    return [support.QOPT, case.model, "-o", case.output, "--progress=none", *case.flags]


def check(case, directory):
    """Runs a case whose files lie in `directory`; returns '' or what is wrong."""
    temp = os.path.join(directory, "tmp")
    os.makedirs(temp, exist_ok=True)
    os.chmod(temp, 0o777)
    output = os.path.join(directory, case.output)
    if case.old:
        with open(output, "wb") as file:
            file.write(OLD)
    before = listing(output)
    environment = {**os.environ, "TMPDIR": temp, **case.env}
    result = support.run(
        command(case), timeout=6 * case.seconds, preexec=case.preexec, env=environment,
        cwd=directory, stdout=case.stdout, on_start=case.on_start,
    )
    problems = []
    # By the clock or by processor time, whichever is less: other work on the machine
    # is no fault of qopt's, waiting for ever is.
    if result.timed_out or min(result.seconds, result.cpu_seconds) > case.seconds:
        problems.append(f"more than {case.seconds} s")
    elif result.code < 0 and result.code not in case.codes:
        problems.append(f"died of signal {-result.code}")
    elif result.code not in case.codes:
        problems.append(f"exit {result.code}, not {' or '.join(map(str, case.codes))}")
    errors = result.error_lines
    # 127: the system could not load qopt at all, which then cannot say so.
    if len(errors) != (1 if result.code > 0 and result.code != 127 else 0):
        problems.append(f"{len(errors)} error lines")
    if case.says and result.code and errors and not re.search(case.says, errors[0]):
        problems.append(f"the message lacks /{case.says}/")
    if result.peak_bytes > case.megabytes << 20:
        problems.append(f"{result.peak_bytes >> 20} MiB")
    problems += check_output(case, result, output)
    after = listing(output)
    if left := after - before - {os.path.basename(output)}:
        problems.append(f"left behind: {sorted(left)}")
    if left := [n for n in os.listdir(temp) if not n.startswith("qopt-crash")]:
        problems.append(f"left in TMPDIR: {sorted(left)}")
    if result.code == 0 and not problems and case.then:
        try:
            case.then(result, directory)
        except AssertionError as error:
            problems.append(str(error))
    if problems:
        problems.append(result.first_error)
    return "; ".join(problems)


def listing(output):
    """What lies in the directory of the output."""
    try:
        return set(os.listdir(os.path.dirname(output)))
    except FileNotFoundError:
        return set()


def check_output(case, result, output):
    if case.argv:
        return []
    if result.code == 0:
        with open(output, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return ["exit 0 without a library"]
    elif case.old:
        try:
            with open(output, "rb") as file:
                if file.read() != OLD:
                    return ["the output was changed"]
        except OSError as error:
            return [f"the output is gone ({error.strerror})"]
    elif os.path.isfile(output) and not os.path.islink(output):
        return ["a failure made an output"]
    return []


def run_case(maker):
    """Makes and runs one case in a directory of its own."""
    directory = tempfile.mkdtemp(prefix="qopt-bad-")
    os.chmod(directory, 0o755)
    case = None
    try:
        case = maker(directory)
        return case.row, case.name, check(case, directory)
    finally:
        if case and case.cleanup:
            case.cleanup(directory)
        shutil.rmtree(directory, ignore_errors=True)
