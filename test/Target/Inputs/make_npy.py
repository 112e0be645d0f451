"""make_npy.py FILE DTYPE SHAPE VALUES...: an array for qopt-run, without NumPy.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import array
import struct
import sys

path, dtype, shape, *values = sys.argv[1:]
code, convert = {"<f4": ("f", float), "<i8": ("q", int)}[dtype]
dims = tuple(int(size) for size in shape.split("x")) if shape else ()
header = str({"descr": dtype, "fortran_order": False, "shape": dims})
header += " " * (63 - (10 + len(header)) % 64) + "\n"
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
    file.write(header.encode())
    file.write(array.array(code, [convert(value) for value in values]).tobytes())
