"""How the peers are called: each function makes something that timing.Contender can
measure, with weights and buffers prepared.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import ctypes
import os
import subprocess

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import models
import timing

support = timing.support
WORK = os.path.join(support.BUILD, "bench")
VENV = os.path.join(support.BUILD, "peers-venv")


def onednn_environment(isa, threads):
    """oneDNN's wheel finds its SYCL runtime by these, and takes as many threads. Only
    processes that run oneDNN get them: OpenVINO has a TBB of its own."""
    library = os.path.join(VENV, "lib")
    return {"LD_LIBRARY_PATH": library, "OCL_ICD_FILENAMES": os.path.join(library, "libintelocl.so"),
            "DPCPP_CPU_NUM_CUS": str(threads), "ONEDNN_VERBOSE": "none", "ONEDNN_MAX_CPU_ISA": isa}


class OneDnn:
    """The driver of onednn.cpp, and products made with it."""

    # So many calls are handed over before the caller waits for them.
    REPEATS = 10

    def __init__(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "onednn.cpp")
        path = os.path.join(WORK, f"onednn-{os.getpid()}.so")
        library = os.path.join(VENV, "lib")
        subprocess.run([os.environ.get("CXX", "clang++-22"), "-O2", "-shared", "-fPIC", "-std=c++17", source,
                        "-o", path, "-I" + os.path.join(VENV, "include"), "-L" + library, "-ldnnl",
                        "-Wl,-rpath," + library], check=True)
        self.library = ctypes.CDLL(path)
        os.remove(path)
        for name, result, arguments in (
                ("onednnProduct", ctypes.c_void_p, [ctypes.c_int] + 3 * [ctypes.c_int64] + 5 * [ctypes.c_void_p]),
                ("onednnRun", None, [ctypes.c_void_p, ctypes.c_int]),
                ("onednnResult", ctypes.POINTER(ctypes.c_float), [ctypes.c_void_p]),
                ("onednnKernel", ctypes.c_char_p, [ctypes.c_void_p]),
                ("onednnScalesRows", ctypes.c_int, [ctypes.c_void_p]),
                ("onednnFree", None, [ctypes.c_void_p])):
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments

    def contender(self, m, k, n, unsigned, threads=1):
        rng = np.random.default_rng(2)
        rows = rng.integers(0 if unsigned else -127, 128, (m, k)).astype(np.uint8 if unsigned else np.int8)
        weights = rng.integers(-127, 128, (k, n)).astype(np.int8)
        scales = [rng.uniform(0.5, 2, size).astype(np.float32) for size in (m, n)]
        bias = rng.standard_normal(n, np.float32)
        arrays = [a.ctypes.data for a in (rows, scales[0], weights, scales[1], bias)]
        product = self.library.onednnProduct(unsigned, m, k, n, *arrays)
        if not product:
            raise RuntimeError(f"oneDNN has no product {m}x{k}x{n}")
        repeats = self.REPEATS if m * k * n < 1 << 33 else 3
        self.library.onednnRun(product, 1)
        found = np.ctypeslib.as_array(self.library.onednnResult(product), (m, n))[:4, :64]
        exact = rows[:4].astype(np.float64) @ weights[:, :64].astype(np.float64)
        each = self.library.onednnScalesRows(product)
        exact = exact * (scales[0][:4, None] if each else scales[0][0]) * scales[1][:64] + bias[:64]
        right = np.allclose(found, exact, rtol=1e-4, atol=1e-2)
        # Its AVX2 kernels add pairs of products in 16 bits.
        if not right and os.environ["ONEDNN_MAX_CPU_ISA"] != "AVX2":
            raise RuntimeError(f"oneDNN computes another product {m}x{k}x{n}")
        result = timing.Contender(f"oneDNN {'u8s8' if unsigned else 's8s8'}",
                                  lambda: self.library.onednnRun(product, repeats), threads, repeats)
        result.kernel = self.library.onednnKernel(product).decode()
        result.kernel += ("" if each else ", one scale for all rows") + ("" if right else ", sums saturate")
        result.free = lambda: self.library.onednnFree(product)
        return result


def bound_call(model, inputs, threads):
    """A session with inputs and outputs bound, so that a call is little more than Run."""
    session = models.ort_session(model, threads)
    binding = session.io_binding()
    kept = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(inputs[port.name]))
            for port in session.get_inputs()]
    for port, value in zip(session.get_inputs(), kept):
        binding.bind_ortvalue_input(port.name, value)
    for port in session.get_outputs():
        binding.bind_output(port.name, "cpu")

    def call():
        session.run_with_iobinding(binding)

    call.keep = kept
    call.outputs = lambda: [value.numpy() for value in binding.get_outputs()]
    return call


def ort_product(kind, m, k, n, threads=1):
    """MatMulInteger of u8 rows (of s8 rows it has no fast form), or
    DynamicQuantizeMatMul, which quantizes float rows with one scale for all of them."""
    rng = np.random.default_rng(3)
    weights = [numpy_helper.from_array(rng.integers(-127, 128, (k, n)).astype(np.int8), "w")]
    if kind == "MatMulInteger":
        rows, result = rng.integers(0, 256, (m, k)).astype(np.uint8), TensorProto.INT32
        node = helper.make_node(kind, ["x", "w"], ["y"])
        given = TensorProto.UINT8
    else:
        rows, result = rng.standard_normal((m, k), np.float32), TensorProto.FLOAT
        weights.append(numpy_helper.from_array(rng.uniform(0.5, 2, n).astype(np.float32), "scale"))
        weights.append(numpy_helper.from_array(np.zeros(n, np.int8), "zero"))
        weights.append(numpy_helper.from_array(rng.standard_normal(n, np.float32), "bias"))
        node = helper.make_node(kind, ["x", "w", "scale", "zero", "bias"], ["y"], domain="com.microsoft")
        given = TensorProto.FLOAT
    graph = helper.make_graph([node], "product", [helper.make_tensor_value_info("x", given, [m, k])],
                              [helper.make_tensor_value_info("y", result, [m, n])], weights)
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=9)
    return timing.Contender("ORT " + kind, bound_call(model.SerializeToString(), {"x": rows}, threads), threads)
