"""Rows O: faults of the output, and signals.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import signal
import subprocess
import threading

import models
import support
from files import become_nobody, write
from harness import OLD, Case, NotTried
from harness import row as row_of


def full_disk(size, temp_too):
    @row_of("O01")
    def maker(directory):
        mount = os.path.join(directory, "disk")
        os.mkdir(mount)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", mount],
            stderr=subprocess.DEVNULL,
        )
        if done.returncode:
            raise NotTried("mounting a small file system needs root")
        write(directory, models.matmul_file(1024, 1024))
        env = {"TMPDIR": mount} if temp_too else {}
        name = f"{size >> 10} KiB free" + (", TMPDIR there too" if temp_too else "")
        return Case("O01", name, (0, 4), output="disk/out.so", env=env, says="disk|out.so|temporary|space",
                    cleanup=lambda directory: subprocess.run(["umount", "-l", mount]))

    return maker


def o01():
    # The library is 4 MiB and a little: from no room at all to enough.
    for step in range(20):
        yield full_disk((8 << 10) + step * (260 << 10), False)
    for step in (0, 4, 8):
        yield full_disk((16 << 10) + step * (260 << 10), True)


def o02():
    def maker(name, prepare, codes=4, output="out.so", old=False, flags=(), nobody=False, then=None):
        @row_of("O02")
        def build(directory):
            models.save(directory, models.chain())
            prepare(directory)
            return Case("O02", name, codes, output=output, old=old, flags=flags, then=then, says="out",
                        preexec=become_nobody() if nobody else None)

        return build

    def folder(mode):
        def prepare(directory):
            os.mkdir(os.path.join(directory, "d"))
            os.chmod(os.path.join(directory, "d"), mode)

        return prepare

    def link(directory):
        with open(os.path.join(directory, "target"), "wb") as file:
            file.write(OLD)
        os.symlink("target", os.path.join(directory, "out.so"))

    def replaced(result, directory):
        assert os.path.islink(os.path.join(directory, "out.so")), "the link was replaced"
        with open(os.path.join(directory, "target"), "rb") as file:
            assert file.read(4) == b"\x7fELF", "the target was not replaced"

    yield maker("read-only directory", folder(0o555), output="d/out.so", nobody=True)
    yield maker("directory without execute permission", folder(0o666), output="d/out.so", nobody=True)
    yield maker("directory that does not exist", lambda d: None, output="absent/out.so")
    yield maker("output is a directory", lambda d: os.mkdir(os.path.join(d, "out.so")))
    yield maker("output is a FIFO", lambda d: os.mkfifo(os.path.join(d, "out.so")))
    yield maker("output is a symbolic link", link)
    yield maker("the same with --force", link, codes=0, flags=["--force"], then=replaced)


def o04():
    def maker(number, code, delay):
        @row_of("O04")
        def build(directory):
            write(directory, models.matmul_file(4200, 4200))

            def start(child):
                def shoot():
                    if child.returncode is None:
                        try:
                            os.kill(child.pid, number)
                        except ProcessLookupError:
                            pass

                threading.Timer(delay, shoot).start()

            # 0: the compile was faster. -number: the signal came before main, where a
            # shell shows 128 + number too.
            name = f"{signal.Signals(number).name} after {int(delay * 1000)} ms"
            return Case("O04", name, (0, code, -number), on_start=start, seconds=60, megabytes=1024)

        return build

    for delay in (0.03, 0.06, 0.1, 0.2, 0.4):
        yield maker(signal.SIGINT, 130, delay)
        yield maker(signal.SIGTERM, 143, delay)
    yield maker(signal.SIGPIPE, 0, 0.1)

    @row_of("O04")
    def closed_stdout(directory):
        models.save(directory, models.chain())
        read, write = os.pipe()
        os.close(read)
        return Case("O04", "stdout is a closed pipe", 4, stdout=write, old=False,
                    argv=[support.QOPT, "model.onnx", "--emit=onnx", "-o", "-", "--progress=none"],
                    cleanup=lambda directory: os.close(write))

    yield closed_stdout

    def full_stdout(*flags):
        @row_of("O04")
        def build(directory):
            models.save(directory, models.chain())
            full = os.open("/dev/full", os.O_WRONLY)
            return Case("O04", f"stdout is a full disk: {' '.join(flags)}", 4, stdout=full, old=False,
                        argv=[support.QOPT, "model.onnx", *flags, "--progress=none"],
                        cleanup=lambda directory: os.close(full))

        return build

    yield full_stdout("--pass-pipeline=w8a8", "--dry-run")
    yield full_stdout("--pass-pipeline=w8a8", "--print-pipeline")
    yield full_stdout("--list-ops")


def cases():
    for rows in (o01, o02, o04):
        yield from rows()
