# lit configuration of the compiler's text tests: what a test may call, and which
# features of the machine it may ask for. The site file fills in the build tree.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import os
import shutil
import subprocess

import lit.formats
import lit.llvm

lit.llvm.initialize(lit_config, config)
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "qopt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".c"]
# Folders whose runners are programs of their own (see test/CMakeLists.txt).
config.excludes = ["Inputs", "CMakeLists.txt", "Conformance", "BadInputs", "Models", "Report",
                   "Accuracy", "Embed"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.qopt_obj_root, "test")

tool_dirs = [config.qopt_tools_dir, config.llvm_tools_dir]
for directory in reversed(tool_dirs):
    llvm_config.with_environment("PATH", directory, append_path=True)
# A second run of the same suite with QOPT_VERIFY_ROUNDTRIP=1 prints and parses
# the module again around every tool invocation.
opt_args = ["--verify-each"]
if os.environ.get("QOPT_VERIFY_ROUNDTRIP"):
    opt_args.append("--verify-roundtrip")
tools = [
    ToolSubst("qopt-opt", extra_args=opt_args, unresolved="ignore"),
    ToolSubst("qopt-run", unresolved="ignore"),
    ToolSubst("qopt-eval", unresolved="ignore"),
    ToolSubst("qopt-bench", unresolved="ignore"),
    ToolSubst("qopt-calib", unresolved="ignore"),
    ToolSubst("qopt-info", unresolved="ignore"),
    ToolSubst("qopt-reduce", unresolved="ignore"),
    ToolSubst("kernel-benchmarks", unresolved="ignore"),
    ToolSubst("mlir-opt", unresolved="ignore"),
    ToolSubst("mlir-runner", unresolved="ignore"),
    ToolSubst("FileCheck", unresolved="fatal"),
    ToolSubst("not", unresolved="fatal"),
    ToolSubst("split-file", unresolved="fatal"),
]
llvm_config.add_tool_substitutions(tools, tool_dirs)
config.substitutions.append(("%python", config.python_executable))
config.substitutions.append(
    ("%exit", f"{config.python_executable} {config.test_source_root}/Driver/Inputs/exit.py")
)
config.substitutions.append(
    ("%qcal", f"{config.python_executable} {config.test_source_root}/Calibration/Inputs/qcal.py")
)
config.substitutions.append(("%qopt_src", config.qopt_src_root))
config.substitutions.append(("%qopt_plugin", config.qopt_obj_root + "/lib/libQoptPlugin.so"))
config.substitutions.append(("%mlir_libs", os.path.join(config.llvm_tools_dir, "..", "lib")))
config.substitutions.append(("%clang", config.clang))
config.substitutions.append(("%onnx_testdata", config.onnx_testdata_dir))
config.substitutions.append(
    ("%qopt_runtime", config.qopt_obj_root + "/lib/qopt/x86_64-linux-gnu/libqopt_runtime.a")
)
for name in ("FakeCache", "FakeModel"):
    substitution = "%fake_" + name[4:].lower()
    config.substitutions.append(
        (substitution, f"{config.qopt_obj_root}/unittests/Runtime/{name}.so")
    )

for tool in ("qopt", "qopt-opt", "qopt-run", "qopt-eval", "qopt-bench", "qopt-calib", "qopt-info", "qopt-reduce", "kernel-benchmarks"):
    if os.path.exists(os.path.join(config.qopt_tools_dir, tool)):
        config.available_features.add("tool-" + tool)
if os.path.isdir(config.onnx_testdata_dir):
    config.available_features.add("onnx-testdata")

# A Python with NumPy: that of build/venv, or the system's.
for python in (config.qopt_obj_root + "/venv/bin/python", config.python_executable):
    probe = [python, "-c", "import numpy"]
    if os.path.exists(python) and not subprocess.run(probe, capture_output=True).returncode:
        config.available_features.add("numpy")
        config.substitutions.append(("%numpy_python", python))
        break

if shutil.which("qemu-x86_64"):
    config.available_features.add("qemu-x86-64")

# Instruction sets of this machine, in the kernel's spelling.
try:
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("flags"):
                flags = set(line.split(":", 1)[1].split())
                for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8"):
                    if name in flags:
                        config.available_features.add(name.replace("_", "-"))
                break
except OSError:
    pass
