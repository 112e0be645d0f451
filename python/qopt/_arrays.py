# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NumPy arrays as DLTensors, and back without a copy.

NumPy has no bfloat16. With the package ml_dtypes, arrays of its type are taken
and returned; without it, float32 stands for it in both directions.
"""

import ctypes

import numpy as np

from . import _abi

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
        else:
            wanted = np.dtype(dtype)
        # NumPy scalars and other array-likes keep a type of their own.
        plain = not hasattr(value, "dtype")
        value = np.asarray(value, wanted if plain else None)
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    if _bfloat16 is not None and value.dtype == _bfloat16:
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

    dims = ctypes.c_int64 * max(array.ndim, 1)
    shape = dims(*array.shape)
    strides = dims(*(step // array.itemsize for step in array.strides))
    tensor = _abi.DLTensor()
    tensor.data = array.ctypes.data
    tensor.device.device_type = _abi.CPU
    tensor.ndim = array.ndim
    tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = code, bits, 1
    tensor.shape, tensor.strides = shape, strides
    return tensor, (array, shape, strides)


class _Owner:
    """Memory of one output, given back when the last array over it is gone."""

    def __init__(self, managed):
        self._managed = managed
        tensor = managed.contents.dl_tensor
        shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
        kind = _KINDS.get(tensor.dtype.code, "u")
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": f"{'|' if tensor.dtype.bits == 8 else '<'}{kind}"
                       f"{tensor.dtype.bits // 8}",
            "data": (tensor.data + tensor.byte_offset, False),
        }

    def __del__(self):
        self._managed.contents.deleter(self._managed)


def from_managed(managed):
    """An array over the memory of an owned output."""
    array = np.asarray(_Owner(managed))
    if managed.contents.dl_tensor.dtype.code != _abi.BFLOAT:
        return array
    if _bfloat16 is not None:
        return array.view(_bfloat16)
    return (array.astype(np.uint32) << 16).view(np.float32)
