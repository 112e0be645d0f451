"""Where the libraries of a test run: on this machine, or on an emulated AArch64.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import sys

import support

import qopt

sys.path.insert(0, os.path.join(support.ROOT, "test", "AArch64"))
import emulator  # noqa: E402


class Native:
    """This machine."""

    isas = support.instruction_sets()
    # Whether times mean anything.
    measures = True

    def flags(self, isas):
        return ["--isa=" + ",".join(isas)]

    def open(self, path, isa=None, num_threads=2):
        return qopt.Model(path, isa=isa, num_threads=num_threads)


class Emulated:
    """Each instruction set of AArch64 on a machine that has no better one. The runner is built
    in `folder`."""

    isas = list(emulator.CPUS)
    measures = False

    def __init__(self, folder):
        self.runner = emulator.build_runner(folder)

    def flags(self, isas):
        return ["--mtriple=" + emulator.TRIPLE, "--isa=" + ",".join(isas)]

    def open(self, path, isa=None, num_threads=2):
        return emulator.Model(self.runner, path, isa, num_threads, emulator.CPUS[isa])
