"""Libraries for AArch64 on this machine: qopt.Model's interface, with qemu-aarch64 behind it.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import collections
import os
import shutil
import struct
import subprocess

import numpy as np
import support

TRIPLE = "aarch64-linux-gnu"
SYSROOT = "/usr/" + TRIPLE
# What each machine has at most.
CPUS = {"neon": "cortex-a72", "dotprod": "cortex-a76", "i8mm": "max"}
CODES = {"i": 0, "u": 1, "f": 2, "b": 6}

Guard = collections.namedtuple("Guard", "layer rows beyond")


def missing():
    """What keeps the tests from running, or None."""
    if not shutil.which("qemu-aarch64"):
        return "needs qemu-aarch64 (package qemu-user)"
    if not os.path.exists(SYSROOT + "/lib/libc.so.6"):
        return "needs the C library of AArch64 (package libc6-dev-arm64-cross)"
    archive = os.path.join(support.BUILD, "lib", "qopt", TRIPLE, "libqopt_runtime.a")
    if not os.path.exists(archive):
        return "qopt was built without a runtime for " + TRIPLE
    return None


def build_runner(folder):
    """The program that opens libraries over there. No gcc is needed: the start files are libc's."""
    program, source = os.path.join(folder, "runner"), os.path.join(os.path.dirname(__file__), "Inputs", "runner.c")
    library = SYSROOT + "/lib/"
    for argv in (
            ["clang-22", "--target=" + TRIPLE, "-isystem", SYSROOT + "/include", "-I", support.ROOT + "/include",
             "-mno-outline-atomics", "-O1", "-std=gnu11", "-fPIE", "-c", source, "-o", program + ".o"],
            ["ld.lld-22", "-pie", "-dynamic-linker", "/lib/ld-linux-aarch64.so.1", library + "Scrt1.o",
             library + "crti.o", program + ".o", library + "libc.so.6", library + "libc_nonshared.a",
             library + "ld-linux-aarch64.so.1", library + "crtn.o", "-o", program]):
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, f"{argv[0]}: {done.stderr}"
    return program


class Error(Exception):
    pass


class Model:
    """runner: what build_runner returned; cpu: one of qemu's."""

    def __init__(self, runner, path, isa=None, num_threads=1, cpu="max"):
        argv = ["qemu-aarch64", "-L", SYSROOT, "-cpu", cpu, runner, path, str(num_threads)]
        self.child = subprocess.Popen(argv + ([isa] if isa else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._check(self._number())
            self.isa = self._text()
            self.inputs, self.outputs = self._names(), self._names()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait(60)


    def _read(self, size):
        data = self.child.stdout.read(size)
        if len(data) < size:
            raise Error(f"the emulated process ended with {self.child.wait(60)}")
        return data

    def _number(self):
        return struct.unpack("<q", self._read(8))[0]

    def _text(self):
        return self._read(self._number()).decode()

    def _names(self):
        return [self._text() for _ in range(self._number())]

    def _check(self, status):
        if status < 0:
            raise Error(self._text())

    def __call__(self, **inputs):
        message = [b"r"]
        for name in self.inputs:
            array = np.asarray(inputs[name])
            message.append(struct.pack(f"<{3 + array.ndim}q", CODES[array.dtype.kind], 8 * array.itemsize, array.ndim,
                                       *array.shape))
            message.append(array.tobytes())
        self.child.stdin.write(b"".join(message))
        self.child.stdin.flush()
        self._check(self._number())
        count = self._number()
        return {name: self._array() for name in self.outputs[:count]}

    def _array(self):
        code, bits, rank = self._number(), self._number(), self._number()
        dims = [self._number() for _ in range(rank)]
        kind = next(kind for kind, known in CODES.items() if known == code)
        dtype = np.dtype(f"{kind}{bits // 8}")
        return np.frombuffer(self._read(int(np.prod(dims)) * dtype.itemsize), dtype).reshape(dims)

    @property
    def guards(self):
        self.child.stdin.write(b"g")
        self.child.stdin.flush()
        return [Guard(self._text(), self._number(), self._number()) for _ in range(self._number())]
