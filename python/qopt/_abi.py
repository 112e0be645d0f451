# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C interface of qopt/model.h as ctypes structures.

The order and the types of the fields are those of the header; tables of a
library are read up to the `size` that it states.
"""

import ctypes
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_float, c_int,
                    c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_uint64,
                    c_uint8, c_void_p)

ABI = 1
CPU = 1
INT, UINT, FLOAT, BFLOAT, BOOL = 0, 1, 2, 4, 6


class DLDevice(Structure):
    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class DLDataType(Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class DLTensor(Structure):
    _fields_ = [("data", c_void_p), ("device", DLDevice), ("ndim", c_int32),
                ("dtype", DLDataType), ("shape", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


class DLManagedTensorVersioned(Structure):
    pass


DELETER = CFUNCTYPE(None, POINTER(DLManagedTensorVersioned))
DLManagedTensorVersioned._fields_ = [
    ("major", c_uint32), ("minor", c_uint32), ("manager_ctx", c_void_p),
    ("deleter", DELETER), ("flags", c_uint64), ("dl_tensor", DLTensor)]

OBSERVE = CFUNCTYPE(None, c_void_p, c_int32, c_char_p, POINTER(c_float),
                    c_int64, c_int64)


class Options(Structure):
    _fields_ = [("size", c_uint32), ("num_threads", c_int32),
                ("flags", c_uint64), ("isa", c_char_p), ("alloc", c_void_p),
                ("free", c_void_p), ("alloc_user", c_void_p),
                ("observe", OBSERVE), ("observe_user", c_void_p),
                ("affinity", POINTER(c_int32)), ("n_affinity", c_int32)]


_TENSORS = POINTER(DLTensor)
_ERR = [c_char_p, c_size_t]


class Guard(Structure):
    _fields_ = [("layer", c_char_p), ("rows", c_int64), ("beyond", c_int64)]


class Event(Structure):
    _fields_ = [("kind", c_int32), ("thread", c_int32), ("begin", c_int64),
                ("end", c_int64), ("kernel", c_char_p), ("nodes", c_char_p),
                ("operand", c_char_p), ("operations", c_int64),
                ("bytes", c_int64), ("weights", c_int64)]


class Memory(Structure):
    _fields_ = [("held", c_int64), ("peak_held", c_int64),
                ("peak_live", c_int64)]


class Api(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32),
        ("signature_json", CFUNCTYPE(c_char_p)),
        ("open", CFUNCTYPE(c_int, POINTER(Options), POINTER(c_void_p), *_ERR)),
        ("infer_shapes", CFUNCTYPE(c_int, c_void_p, _TENSORS, c_int,
                                   POINTER(c_int64 * 8), POINTER(c_int))),
        ("run", CFUNCTYPE(c_int, c_void_p, _TENSORS, c_int, _TENSORS, c_int,
                          *_ERR)),
        ("close", CFUNCTYPE(None, c_void_p)),
        ("run_owned", CFUNCTYPE(c_int, c_void_p, _TENSORS, c_int,
                                POINTER(POINTER(DLManagedTensorVersioned)),
                                c_int, *_ERR)),
        ("isa", CFUNCTYPE(c_char_p, c_void_p)),
        ("num_threads", CFUNCTYPE(c_int, c_void_p)),
        ("last_error", CFUNCTYPE(c_char_p, c_void_p)),
        ("input_name", CFUNCTYPE(c_char_p, c_int)),
        ("output_name", CFUNCTYPE(c_char_p, c_int)),
        ("guard", CFUNCTYPE(c_int, c_void_p, c_int, POINTER(Guard))),
        ("profile", CFUNCTYPE(c_int, c_void_p, c_int)),
        ("event", CFUNCTYPE(c_int, c_void_p, c_int64, POINTER(Event))),
        ("memory", CFUNCTYPE(c_int, c_void_p, POINTER(Memory))),
    ]

    def has(self, name):
        """Whether the table, which may be older than this file, goes that far."""
        field = getattr(Api, name)
        return self.size >= field.offset + field.size


def query(library):
    """The table of a loaded library, or None."""
    try:
        function = library.qopt_model_query
    except AttributeError:
        return None
    function.argtypes = [c_uint32]
    function.restype = POINTER(Api)
    table = function(ABI)
    # `guard` came later.
    if not table or table.contents.size < Api.guard.offset:
        return None
    return table.contents
