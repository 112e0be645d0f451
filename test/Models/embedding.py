"""all-MiniLM-L6-v2 quantized: cosine of its mean-pooled embedding with float, size of
the library, memory of compiling and of running.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import functools
import os
import sys

import support
import zoo

sys.path.append(os.path.join(support.ROOT, "test", "Accuracy"))
import sentences

# Size of the library relative to the ONNX file.
SIZES = {"LLM.int8(), columns per call": 0.65, "LLM.int8(), fixed list": 0.42}


def arguments(scheme):
    """What is measured of a library is measured of one with all instruction sets."""
    return zoo.all_minilm(), scheme.pipeline, sentences.calibration(scheme), (), scheme.label in SIZES


def library(scheme):
    return zoo.library(*arguments(scheme))


def cosine(scheme):
    return sentences.judge(scheme, sentences.measure(zoo.load(*arguments(scheme))))


def size(scheme):
    found, bar = os.path.getsize(library(scheme)[0]), SIZES[scheme.label]
    ratio = found / os.path.getsize(zoo.all_minilm())
    return ratio <= bar, f"{found / 1e6:.1f} MB, {ratio:.3f} of the ONNX file (<= {bar})"


def compile_cost(scheme):
    _, result = library(scheme)
    memory = result.peak_bytes / (1 << 20)
    # On a machine with other work to do the clock shows that work too; processor time,
    # summed over the threads, is never less than the clock of an idle machine.
    seconds = min(result.seconds, result.cpu_seconds)
    text = (
        f"{result.seconds:.1f} s, {result.cpu_seconds:.1f} s of processor time (the less <= 30), "
        f"{memory:.0f} MiB (<= 1024)"
    )
    return seconds <= 30 and memory <= 1024, text


# The peak of a process that runs the library, less what it held before loading it.
CHILD = """
import sys, numpy as np, qopt
def kib(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))
before = kib("VmRSS")
model = qopt.load(sys.argv[1])
ids = np.full((1, 128), 2000, np.int64)
for _ in range(3):
    model(input_ids=ids, attention_mask=np.ones_like(ids), token_type_ids=np.zeros_like(ids))
print(kib("VmHWM") - before)
"""


def run_memory(scheme):
    path, _ = library(scheme)
    environment = {**os.environ, "PYTHONPATH": os.path.join(support.ROOT, "python")}
    child = support.run([sys.executable, "-c", CHILD, path], env=environment)
    assert child.code == 0, child.stderr
    used, weights = int(child.stdout) / 1024, os.path.getsize(path) / (1 << 20)
    text = f"{used:.0f} MiB at 1x128 (<= {weights:.0f} of the library + 64)"
    return used <= weights + 64, text


def rounded():
    """--float=bf16 on everything that fp32 leaves in float, which is all of it."""
    found = sentences.measure(zoo.load(zoo.all_minilm(), "fp32", None, ("--float=bf16",)))
    text = f"cosine mean {found[0]:.6f} (>= 0.9999), least {found[1]:.6f} (>= 0.9998)"
    return found[0] >= 0.9999 and found[1] >= 0.9998, text


def attention_in_bytes():
    """attention=int8, all else in float, where the CPU has VNNI."""
    import qopt

    flags = ("--isa=avxvnni,avx512vnni",)
    path, _ = zoo.library(zoo.all_minilm(), "fp32{attention=int8}", None, flags)
    try:
        model = qopt.load(path)
    except qopt.Error as error:
        raise support.Skip(str(error)) from None
    found = sentences.measure(model)
    text = f"{model.isa}: cosine mean {found[0]:.6f} (>= 0.9997), least {found[1]:.6f} (>= 0.999)"
    return found[0] >= 0.9997 and found[1] >= 0.999, text


TESTS = {"all-MiniLM-L6/bf16/cosine": rounded, "all-MiniLM-L6/attention in bytes/cosine": attention_in_bytes}
for _scheme in sentences.BARS:
    TESTS[f"all-MiniLM-L6/{_scheme.label}/cosine"] = functools.partial(cosine, _scheme)
    if _scheme.label in SIZES:
        TESTS[f"all-MiniLM-L6/{_scheme.label}/size"] = functools.partial(size, _scheme)
        TESTS[f"all-MiniLM-L6/{_scheme.label}/compile"] = functools.partial(compile_cost, _scheme)
        TESTS[f"all-MiniLM-L6/{_scheme.label}/memory"] = functools.partial(run_memory, _scheme)
