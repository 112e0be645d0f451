# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elements of less than a byte, and floats of 8 bits.

NumPy lacks them. With the package ml_dtypes, arrays of its types are taken and
returned, one element per byte, as its arrays have it. Without it, int8 and
uint8 stand for the integers and uint8, holding the bits, for the floats. At the
border of the library elements of 4 and 2 bits are packed, the first in the low
bits.
"""

import numpy as np

from . import _abi

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

# Name: DLPack's code, bits.
TYPES = {
    "int4": (_abi.INT, 4),
    "int2": (_abi.INT, 2),
    "uint4": (_abi.UINT, 4),
    "uint2": (_abi.UINT, 2),
    "float8_e4m3fn": (10, 8),
    "float8_e4m3fnuz": (11, 8),
    "float8_e5m2": (12, 8),
    "float8_e5m2fnuz": (13, 8),
    "float8_e8m0fnu": (14, 8),
    "float4_e2m1fn": (17, 4),
}
_NAMES = {kind: name for name, kind in TYPES.items()}


def array_type(name):
    """The type of NumPy arrays for a type of the table."""
    if ml_dtypes is not None and hasattr(ml_dtypes, name):
        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(np.int8 if name.startswith("int") else np.uint8)


def bits_of(value, name):
    """The elements of `value` as bytes; None if it has another type."""
    if value.dtype == array_type(name):
        return np.ascontiguousarray(value).view(np.uint8)
    if name.startswith(("int", "uint")) and value.dtype in (np.int8, np.uint8):
        bits = TYPES[name][1]
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1)
        if name.startswith("uint"):
            low, high = 0, (1 << bits) - 1
        if value.size and not (low <= value.min() and value.max() <= high):
            raise ValueError(f"values of {name} are {low} to {high}")
        return np.ascontiguousarray(value).view(np.uint8)
    return None


def pack(codes, bits):
    """A vector of bytes with 8 // bits elements in each."""
    per_byte = 8 // bits
    codes = codes.reshape(-1) & ((1 << bits) - 1)
    padded = np.zeros(-(-codes.size // per_byte) * per_byte, np.uint8)
    padded[:codes.size] = codes
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    return np.bitwise_or.reduce(padded.reshape(-1, per_byte) << shifts, axis=1)


def unpack(packed, shape, name):
    """The array of a packed vector of bytes."""
    code, bits = TYPES[name]
    shifts = np.arange(8 // bits, dtype=np.uint8) * bits
    count = int(np.prod(shape, dtype=np.int64))
    codes = (packed[:, None] >> shifts & ((1 << bits) - 1)).reshape(-1)[:count]
    if code == _abi.INT:
        sign = 1 << bits - 1
        codes = ((codes ^ sign).astype(np.int8) - np.int8(sign)).view(np.uint8)
    return np.ascontiguousarray(codes).view(array_type(name)).reshape(shape)


def name_of(code, bits):
    """The name in TYPES, or None."""
    return _NAMES.get((code, bits))
