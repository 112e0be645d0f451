"""Rows P: what is no model, or no file.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import gzip
import io
import os
import pickle
import socket
import stat
import zipfile

import models
import numpy as np
from harness import Case, NotTried
from harness import row as row_of


def write(directory, data, name="model.onnx"):
    with open(os.path.join(directory, name), "wb") as file:
        file.write(data)


def bytes_case(row, name, data, codes=1, says=None):
    @row_of(row)
    def maker(directory):
        write(directory, data)
        return Case(row, name, codes, says=says)

    return maker


def p01():
    yield bytes_case("P01", "empty file", b"")
    yield bytes_case("P01", "one byte", b"\x08")
    yield bytes_case("P01", "all zero", bytes(4096))
    random = np.random.default_rng(7).integers(0, 256, 1 << 20, np.uint8).tobytes()
    yield bytes_case("P01", "1 MiB random", random)


def p02():
    for name, model in models.small_models():
        data = model.SerializeToString()
        for size in range(len(data)):
            yield bytes_case("P02", f"{name} cut to {size} of {len(data)}", data[:size])
    for power in range(27):
        yield large_case(1 << power)


def large_case(size):
    @row_of("P02")
    def maker(directory):
        data = models.matmul_file(4200, 4200)
        assert len(data) > size
        write(directory, data[:size])
        return Case("P02", f"70 MB model cut to {size}", 1)

    return maker


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.onnx", models.chain().SerializeToString())
    return out.getvalue()


# First bytes as the formats prescribe them, then filler.
FORMATS = {
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64
    + b"\nsize 123456\n",
    "HTML": b"<!DOCTYPE html>\n<html><head><title>404</title></head><body></body></html>\n",
    "zip": zipped(),
    "gzip": gzip.compress(b"model" * 100, mtime=0),
    "GGUF": b"GGUF\x03\x00\x00\x00" + bytes(64),
    "safetensors": (len(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}')).to_bytes(8, "little")
    + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + bytes(4),
    "pickle": pickle.dumps({"weight": [1.0, 2.0]}, protocol=2),
    "ORT": b"\x18\x00\x00\x00ORTM" + bytes(128),
    "TFLite|TensorFlow Lite": b"\x1c\x00\x00\x00TFL3" + bytes(128),
    "JSON": b'{"ir_version": 8, "graph": {"node": []}}\n',
    "MLIR": b'module {\n  func.func @main() {\n    return\n  }\n}\n',
}


def p04():
    for name, data in FORMATS.items():
        yield bytes_case("P04", name.split("|")[0], data, says="(?i)" + name)


def p05():
    def maker(name, make, preexec=None):
        @row_of("P05")
        def build(directory):
            make(os.path.join(directory, "model.onnx"))
            return Case("P05", name, 4, says="model.onnx", preexec=preexec)

        return build

    def bound_socket(path):
        endpoint = socket.socket(socket.AF_UNIX)
        endpoint.bind(path)
        endpoint.close()

    def device(path):
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except OSError as error:
            raise NotTried("making a device needs root") from error

    def unreadable(path):
        models.save(os.path.dirname(path), models.chain())
        os.chmod(path, 0)

    yield maker("directory", os.mkdir)
    yield maker("FIFO", os.mkfifo)
    yield maker("socket", bound_socket)
    yield maker("device like /dev/zero", device)
    yield maker("unreadable file", unreadable, preexec=become_nobody())
    yield maker("dangling symbolic link", lambda path: os.symlink("absent", path))
    yield maker("missing file", lambda path: None)


def become_nobody():
    """Root may read everything: such cases run as another user."""
    if os.geteuid() != 0:
        return lambda: None

    def drop():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    return drop


def cases():
    for rows in (p01, p02, p04, p05):
        yield from rows()
