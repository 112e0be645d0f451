# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NumPy arrays as DLTensors, and back without a copy.

NumPy has no bfloat16. With the package ml_dtypes, arrays of its type are taken
and returned; without it, float32 stands for it in both directions. Types of
less than a byte and 8-bit floats are in _small.py.
"""

import ctypes

import numpy as np

from . import _abi, _small

try:
    import ml_dtypes
    _bfloat16 = np.dtype(ml_dtypes.bfloat16)
except ImportError:
    _bfloat16 = None

_CODES = {"b": _abi.BOOL, "i": _abi.INT, "u": _abi.UINT, "f": _abi.FLOAT}
_KINDS = {_abi.BOOL: "b", _abi.INT: "i", _abi.UINT: "u", _abi.FLOAT: "f"}


def _round_to_bfloat16(array):
    """The bits of the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(array).view(np.uint32)
    rounded = (bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16
    quiet = (bits >> 16) | 0x40
    return np.where(np.isnan(array), quiet, rounded).astype(np.uint16)


def to_tensor(value, dtype):
    """A DLTensor over `value`, and what must live as long as it.

    Arrays are passed as they are, so that the library says what is wrong with
    their type; lists and scalars, which have none, get the type of the input.
    """
    if not isinstance(value, np.ndarray):
        if dtype == "bfloat16":
            wanted = _bfloat16 or np.float32
        elif dtype in _small.TYPES:
            wanted = _small.array_type(dtype)
        else:
            wanted = np.dtype(dtype)
        # NumPy scalars and other array-likes keep a type of their own.
        plain = not hasattr(value, "dtype")
        value = np.asarray(value, wanted if plain else None)
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    codes = _small.bits_of(value, dtype) if dtype in _small.TYPES else None
    dims = value.shape
    if codes is not None:
        code, bits = _small.TYPES[dtype]
        array = _small.pack(codes, bits) if bits < 8 else codes
    elif _bfloat16 is not None and value.dtype == _bfloat16:
        code, bits, array = _abi.BFLOAT, 16, value
    elif dtype == "bfloat16" and value.dtype == np.float32:
        code, bits, array = _abi.BFLOAT, 16, _round_to_bfloat16(value)
    elif value.dtype.kind in _CODES:
        code, bits = _CODES[value.dtype.kind], 8 * value.itemsize
        array = value
    else:
        raise TypeError(f"arrays of {value.dtype} are not supported")
    if any(step % array.itemsize for step in array.strides):
        array = np.ascontiguousarray(array)

    vector = ctypes.c_int64 * max(len(dims), 1)
    shape = vector(*dims)
    # Packed elements have no strides.
    strides = (None if bits < 8 else
               vector(*(step // array.itemsize for step in array.strides)))
    tensor = _abi.DLTensor()
    tensor.data = array.ctypes.data
    tensor.device.device_type = _abi.CPU
    tensor.ndim = len(dims)
    tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = code, bits, 1
    tensor.shape, tensor.strides = shape, strides
    return tensor, (array, shape, strides)


def zeros(shape, dtype):
    """An array for an input of this type."""
    if dtype == "bfloat16":
        dtype = np.float32 if _bfloat16 is None else _bfloat16
    elif dtype in _small.TYPES:
        dtype = _small.array_type(dtype)
    return np.zeros(shape, dtype)


def check_writable(name, value, dtype):
    """A cache is written in place: what would be converted or copied on its way
    to the library would lose the writes."""
    if (not isinstance(value, np.ndarray) or not value.flags.writeable
            or not value.flags.c_contiguous or not value.dtype.isnative):
        raise TypeError(f"{name!r} is updated in place: it takes a writable, "
                        "contiguous NumPy array")
    if dtype == "bfloat16" and value.dtype == np.float32:
        raise TypeError(f"{name!r} is updated in place: bfloat16 needs the "
                        "package ml_dtypes")


class _Owner:
    """Memory of one output, given back when the last array over it is gone."""

    def __init__(self, managed):
        self._managed = managed
        tensor = managed.contents.dl_tensor
        shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
        kind = _KINDS.get(tensor.dtype.code, "u")
        bits = tensor.dtype.bits
        if bits < 8:
            # The bytes of packed elements.
            count = int(np.prod(shape, dtype=np.int64))
            shape, kind, bits = ((count * bits + 7) // 8,), "u", 8
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": f"{'|' if bits == 8 else '<'}{kind}{bits // 8}",
            "data": (tensor.data + tensor.byte_offset, False),
        }

    def __del__(self):
        self._managed.contents.deleter(self._managed)


def from_managed(managed):
    """An array over the memory of an owned output."""
    array = np.asarray(_Owner(managed))
    tensor = managed.contents.dl_tensor
    small = _small.name_of(tensor.dtype.code, tensor.dtype.bits)
    if small and tensor.dtype.bits < 8:
        shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
        return _small.unpack(array, shape, small)
    if small:
        return array.view(_small.array_type(small))
    if managed.contents.dl_tensor.dtype.code != _abi.BFLOAT:
        return array
    if _bfloat16 is not None:
        return array.view(_bfloat16)
    return (array.astype(np.uint32) << 16).view(np.float32)
