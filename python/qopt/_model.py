# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loading and running."""

import _ctypes
import contextlib
import ctypes
import difflib
import json
import os
import platform
import struct
from collections import namedtuple

from . import _abi, _arrays

_TEXT = 512

Port = namedtuple("Port", "name dtype shape")
Port.__doc__ = """An input or output. An entry of shape is an int, the name of a
symbol or a sum such as "past + length", or None where nothing is known."""


Cache = namedtuple("Cache", "past present axis inplace")
Cache.__doc__ = """A key or value cache: the input that takes the past and the
name of what it becomes, which is an output, or with `inplace` the same array.
axis: along which it grows; None where the model does not tell."""


Guard = namedtuple("Guard", "layer rows beyond")
Guard.__doc__ = """Rows that a guarded layer has seen, and how many of them had a
value of at least its threshold outside of its outlier columns."""


Event = namedtuple("Event", "kind thread begin end kernel nodes operand "
                   "operations bytes weights")
Event.__doc__ = """What a recorded run did. kind: "run", and within it "model",
"kernel" and "chunk", the part of one thread; begin and end in nanoseconds; nodes: a
tuple of node names; operand: type of the numbers of a matrix product, else None."""


Memory = namedtuple("Memory", "held peak_held peak_live")
Memory.__doc__ = """Scratch memory in bytes: obtained from the system, the most of it
since the model was opened, and the most that was in use at a time."""


class Error(Exception):
    """The library refused something; `status` is its code (qopt_status)."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


# Of ELF, as the system names them.
_MACHINES = {62: "x86_64", 183: "aarch64"}


def _check_file(path):
    """Refuses what dlopen would die of: mapping a truncated file."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":
            raise Error(f"{path}: is not a 64-bit shared library", -6)
        machine, = struct.unpack_from("<H", header, 18)
        own = {name: number for number, name in _MACHINES.items()}.get(platform.machine())
        if own is not None and machine != own:
            raise Error(f"{path}: is for {_MACHINES.get(machine, 'another machine')}, "
                        f"this is {platform.machine()}", -6)
        (segments, sections, _, _, segment_size, n_segments, section_size,
         n_sections) = struct.unpack_from("<QQIHHHHH", header, 32)
        truncated = sections + n_sections * section_size > size
        file.seek(segments)
        for _ in range(n_segments):
            entry = file.read(segment_size)
            if len(entry) < 56:
                truncated = True
                break
            offset, = struct.unpack_from("<Q", entry, 8)
            length, = struct.unpack_from("<Q", entry, 32)
            truncated |= offset + length > size
    if truncated:
        raise Error(f"{path}: is truncated", -6)


def _spell(path):
    """The path in a spelling of this file's own. dlopen knows libraries by name: for
    a path that was written again while the old library is open it would answer with
    the old one."""
    folder, name = os.path.split(path)
    number = f"{os.stat(path).st_ino:b}"
    return folder + "/" + "".join("./" if bit == "1" else "/" for bit in number) + name


def _port(entry):
    return Port(entry["name"], entry["dtype"], tuple(entry["shape"]))


class Model:
    """One model of a loaded library. One call at a time; close() or the end of
    a with statement stops its threads."""

    def __init__(self, path, num_threads=0, isa=None, observe=None,
                 own_weights=False):
        self._handle = None
        path = os.path.abspath(os.fspath(path))
        _check_file(path)
        try:
            self._library = ctypes.CDLL(_spell(path))
        except OSError as error:
            raise Error(str(error), -6) from None
        self._api = _abi.query(self._library)
        if self._api is None:
            raise Error(f"{path}: is no library made by qopt, or one for a "
                        "newer interface", -6)
        self.signature = json.loads(self._api.signature_json())
        self.inputs = tuple(map(_port, self.signature["inputs"]))
        self.outputs = tuple(map(_port, self.signature["outputs"]))
        self.caches = tuple(
            Cache(entry["past"], entry["present"], entry.get("axis"),
                  entry.get("inplace", False))
            for entry in self.signature.get("kv", ()))
        # The input that says how far caches in place are filled, or None.
        self.cache_length = self.signature.get("kv_length")
        # Kept alive with the model: the library calls it.
        self._observe = self._callback(observe)
        options = _abi.Options(size=ctypes.sizeof(_abi.Options),
                               num_threads=num_threads,
                               flags=1 if own_weights else 0,
                               isa=isa.encode() if isa else None)
        if self._observe:
            options.observe = self._observe
        handle = ctypes.c_void_p()
        text = ctypes.create_string_buffer(_TEXT)
        status = self._api.open(ctypes.byref(options), ctypes.byref(handle),
                                text, _TEXT)
        if status:
            raise Error(f"{path}: {text.value.decode(errors='replace')}",
                        status)
        self._handle = handle

    @staticmethod
    def _callback(observe):
        if observe is None:
            return None

        def call(_user, _index, name, data, rows, cols):
            import numpy as np
            if rows and cols:
                array = np.ctypeslib.as_array(data, (rows, cols)).copy()
            else:
                array = np.zeros((rows, cols), np.float32)
            observe(name.decode(), array)

        return _abi.OBSERVE(call)

    @property
    def isa(self):
        """The variant in use, e.g. "avx512vnni"."""
        return self._api.isa(self._open_handle()).decode()

    @property
    def num_threads(self):
        return self._api.num_threads(self._open_handle())

    @property
    def guards(self):
        """The counters of the layers with guarded outlier columns, since the
        model was opened."""
        handle, found = self._open_handle(), []
        entry = _abi.Guard()
        if self._api.has("guard"):
            while self._api.guard(handle, len(found), ctypes.byref(entry)) == 0:
                found.append(Guard(entry.layer.decode(), entry.rows,
                                   entry.beyond))
        return tuple(found)

    @property
    def memory(self):
        """Scratch memory; None where the library is older than this."""
        handle, entry = self._open_handle(), _abi.Memory()
        if not self._api.has("memory"):
            return None
        self._api.memory(handle, ctypes.byref(entry))
        return Memory(entry.held, entry.peak_held, entry.peak_live)

    @contextlib.contextmanager
    def profile(self):
        """Records the runs of a with statement. Gives a list that holds their
        events when the statement has ended, one thread after the other."""
        handle, events = self._open_handle(), []
        if not self._api.has("profile"):
            raise Error("the library is older than profiles", -4)
        if status := self._api.profile(handle, 1):
            raise Error("the model is in use by another call" if status == -2
                        else "out of memory", status)
        try:
            yield events
        finally:
            self._api.profile(handle, 0)
            entry = _abi.Event()
            while self._api.event(handle, len(events), ctypes.byref(entry)) == 0:
                events.append(_event(entry))

    def __call__(self, inputs=None, /, **named):
        """Runs the model on arrays by name; returns a dict of arrays by name.

        The arrays own their memory and outlive the model.
        """
        handle = self._open_handle()
        tensors, keep = self._tensors({**(inputs or {}), **named})
        n_out = len(self.outputs)
        managed = (ctypes.POINTER(_abi.DLManagedTensorVersioned) * n_out)()
        text = ctypes.create_string_buffer(_TEXT)
        status = self._api.run_owned(handle, tensors, len(tensors), managed,
                                     n_out, text, _TEXT)
        del keep
        if status:
            raise Error(text.value.decode(errors="replace"), status)
        return {port.name: _arrays.from_managed(_copy_pointer(managed[i]))
                for i, port in enumerate(self.outputs)}

    def new_caches(self, max_length=0, **dims):
        """Arrays for the past of all caches by name: empty ones, or with caches
        in place room for max_length rows.

        dims: sizes of the symbols in the shapes, such as batch_size=1.
        """
        ports = {port.name: port for port in self.inputs}
        arrays = {}
        for cache in self.caches:
            shape = list(ports[cache.past].shape)
            if cache.axis is not None:
                shape[cache.axis] = max_length if cache.inplace else 0
            unknown = [dim for dim in shape
                       if not isinstance(dim, int) and dim not in dims]
            if unknown:
                raise TypeError(f"the size of {unknown[0]!r} is needed for "
                                f"{cache.past!r}")
            arrays[cache.past] = _arrays.zeros(
                [dims.get(dim, dim) for dim in shape], ports[cache.past].dtype)
        return arrays

    def infer_shapes(self, inputs=None, /, **named):
        """Shapes of the outputs by name; -1 where a size depends on values that
        only a run computes."""
        handle = self._open_handle()
        tensors, keep = self._tensors({**(inputs or {}), **named})
        dims = (ctypes.c_int64 * 8 * len(self.outputs))()
        ranks = (ctypes.c_int * len(self.outputs))()
        status = self._api.infer_shapes(handle, tensors, len(tensors), dims,
                                        ranks)
        del keep
        if status:
            text = self._api.last_error(handle).decode(errors="replace")
            raise Error(text, status)
        return {port.name: tuple(dims[i][:ranks[i]])
                for i, port in enumerate(self.outputs)}

    def close(self):
        """Stops the threads and unloads the library. Arrays stay valid."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._api.close(handle)
            self._api = None
            _ctypes.dlclose(self._library._handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def _open_handle(self):
        if self._handle is None:
            raise ValueError("the model is closed")
        return self._handle

    def _tensors(self, given):
        names = [port.name for port in self.inputs]
        for name in given:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"the model has no input {name!r}{hint}")
        missing = [name for name in names if name not in given]
        if missing:
            raise TypeError("missing input " + ", ".join(map(repr, missing)))
        tensors = (_abi.DLTensor * len(names))()
        keep = []
        inplace = {cache.past for cache in self.caches if cache.inplace}
        for i, port in enumerate(self.inputs):
            if port.name in inplace:
                _arrays.check_writable(port.name, given[port.name], port.dtype)
            tensors[i], alive = _arrays.to_tensor(given[port.name], port.dtype)
            keep.append(alive)
        return tensors, keep


def _event(entry):
    def text(value):
        return value.decode() if value is not None else None

    kinds = ("run", "model", "kernel", "chunk")
    nodes = text(entry.nodes)
    return Event(kinds[entry.kind], entry.thread, entry.begin, entry.end,
                 text(entry.kernel), tuple(nodes.split("\n")) if nodes else (),
                 text(entry.operand), entry.operations, entry.bytes,
                 entry.weights)


def _copy_pointer(pointer):
    """A pointer of its own, not one into an array that may go away."""
    return ctypes.cast(pointer,
                       ctypes.POINTER(_abi.DLManagedTensorVersioned))


def load(path, num_threads=0, isa=None, observe=None, own_weights=False):
    """Loads a library made by qopt and opens a model in it.

    num_threads: 0 means the physical cores that this process may use; no more threads
        than it has CPUs are used.
    isa: a variant of the library; by default the best for this CPU.
    observe: called as observe(name, array) for every calibration tap.
    own_weights: copies the weights to huge pages, once for this process. Decoding
    is faster by it, but processes no longer share them.
    """
    return Model(path, num_threads, isa, observe, own_weights)
