"""What the Python test runners share: where things are, how tools are run, and how
results are counted. Every runner ends with a line "N passed, N failed".

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import concurrent.futures
import functools
import inspect
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("QOPT_BUILD", os.path.join(ROOT, "build"))
QOPT = os.path.join(BUILD, "bin", "qopt")
QOPT_RUN = os.path.join(BUILD, "bin", "qopt-run")
MODELS = os.path.join(BUILD, "models")
# Data that must not be in the repository: tests that need it are skipped without.
SHARED_DATA = os.path.abspath(
    os.environ.get("QOPT_SHARED_DATA", os.path.join(ROOT, "..", "shared", "data"))
)
ONNX_TESTDATA = os.environ.get("QOPT_ONNX_TESTDATA", "/usr/share/libonnx-testdata/data")
SKIP = 77  # ctest's SKIP_RETURN_CODE

sys.path.insert(0, os.path.join(ROOT, "python"))


def use_venv():
    """Continues under build/venv, where onnx and onnxruntime are, unless this
    Python has them."""
    try:
        import numpy, onnx  # noqa: F401, E401
    except ImportError:
        python = os.path.join(BUILD, "venv", "bin", "python")
        if os.path.exists(python) and not os.environ.get("QOPT_IN_VENV"):
            os.environ["QOPT_IN_VENV"] = "1"
            os.execv(python, [python] + sys.argv)
        print("skipped: needs NumPy and onnx; run scripts/python-env.sh")
        sys.exit(SKIP)


def shared(*parts):
    """A file of the shared data, or Skip with its name."""
    path = os.path.join(SHARED_DATA, *parts)
    if not os.path.exists(path):
        raise Skip("missing " + os.path.join("shared/data", *parts))
    return path


def fetched(name):
    path = os.path.join(MODELS, name)
    if not os.path.exists(path):
        raise Skip(f"missing build/models/{name} (scripts/python-env.sh)")
    return path


class Skip(Exception):
    """A test that cannot run here; the text says what is missing."""


class Result:
    """How a child ended: exit code (negative: signal), output, cost."""

    def __init__(self, code, stdout, stderr, seconds, cpu_seconds, peak_bytes, timed_out):
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds
        self.cpu_seconds = cpu_seconds
        self.peak_bytes = peak_bytes
        self.timed_out = timed_out

    @property
    def error_lines(self):
        return [line for line in self.stderr.splitlines() if line.startswith("error:")]

    @property
    def first_error(self):
        lines = self.error_lines
        return lines[0] if lines else self.stderr.strip()[-300:]


def forget_peak():
    """A child inherits the peak of the process that forked it: ours is set back to
    what we hold now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def run(argv, timeout=120, preexec=None, env=None, cwd=None, stdout=None, on_start=None):
    """Runs a program. Output goes through files, so that a child of the child that
    keeps a pipe open cannot hang the test. The peak is that of the largest process
    below."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        forget_peak()
        start = time.monotonic()
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out if stdout is None else stdout,
            stderr=err,
            preexec_fn=preexec,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        if on_start:
            on_start(child)
        deadline = start + timeout
        status = usage = None
        pause = 0.002
        while status is None:
            pid, code, rusage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                status, usage = code, rusage
            elif time.monotonic() > deadline:
                os.killpg(child.pid, signal.SIGKILL)
                _, status, usage = os.wait4(child.pid, 0)
                break
            else:
                time.sleep(pause)
                pause = min(pause * 1.5, 0.05)
        seconds = time.monotonic() - start
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code  # Popen must not wait again
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    cpu_seconds = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss * 1024
    return Result(code, texts[0], texts[1], seconds, cpu_seconds, peak, seconds >= timeout)


def compile_model(model, output, *flags, timeout=300, check=True, env=None):
    """qopt MODEL -o OUTPUT flags..."""
    argv = [QOPT, model, "-o", output, "--progress=none", *flags]
    result = run(argv, timeout=timeout, env=env)
    if check and result.code != 0:
        raise AssertionError(f"{' '.join(argv)}: exit {result.code}: {result.first_error}")
    return result


def variants():
    """Instruction sets to run with: the best of this machine (''), and the baseline
    when that is another one."""
    with open("/proc/cpuinfo") as file:
        best = "avx512_vnni" in file.read()
    return ["", "avx2"] if best and not os.environ.get("QOPT_ISA") else [""]


def instruction_sets():
    """Those of qopt that this machine has."""
    with open("/proc/cpuinfo") as file:
        flags = set(next(line for line in file if line.startswith("flags")).split())
    needs = {"amx": "amx_int8", "avx512vnni": "avx512_vnni", "avxvnni": "avx_vnni", "avx2": "avx2"}
    return [name for name, flag in needs.items() if flag in flags]


def measured_sets():
    """The flag for libraries that run with the best set and the baseline."""
    known = instruction_sets()
    return "--isa=" + ",".join(dict.fromkeys([known[0], known[-1]]))


def cores():
    return len(os.sched_getaffinity(0))


def no_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def minutes(start):
    """Since `start`, and the processor time of this process and its children: what other
    work on the machine does not change."""
    users = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(usage.ru_utime + usage.ru_stime for usage in users)
    return f"minutes: {(time.monotonic() - start) / 60:.1f} ({processor / 60:.1f} of processor time)"


def once(function):
    """What a call returns is kept; of equal calls side by side one does the work."""
    calls, lock, signature = {}, threading.Lock(), inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments, **named):
        bound = signature.bind(*arguments, **named)
        bound.apply_defaults()
        key = tuple(bound.arguments.values())
        with lock:
            first = key not in calls
            if first:
                calls[key] = concurrent.futures.Future()
        if first:
            try:
                calls[key].set_result(function(*arguments, **named))
            except BaseException as error:  # it is raised again for every caller
                calls[key].set_exception(error)
        return calls[key].result()

    return call


class Report:
    """Counts and prints; `finish` ends the runner."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.seconds = {}
        self.start = time.monotonic()
        self.lock = threading.Lock()

    def add(self, label, ok, detail=""):
        with self.lock:
            print(f"{'PASS' if ok else 'FAIL'}: {label}" + (f": {detail}" if detail else ""), flush=True)
            if ok:
                self.passed += 1
            else:
                self.failed.append(label)

    def skip(self, label, why):
        with self.lock:
            print(f"SKIP: {label}: {why}", flush=True)
            self.skipped.append((label, why))

    def run(self, label, test):
        """A test returns whether it passed, and a text; or raises."""
        start = time.monotonic()
        try:
            self.add(label, *test())
        except Skip as missing:
            self.skip(label, str(missing))
        except AssertionError as error:
            self.add(label, False, str(error))
        except Exception as error:  # one broken test must not hide the others
            traceback.print_exc()
            self.add(label, False, f"{type(error).__name__}: {error}")
        self.seconds[label] = time.monotonic() - start

    def run_all(self, tests, jobs=None):
        """Tests by their labels, `jobs` of them side by side (all cores)."""
        with concurrent.futures.ThreadPoolExecutor(jobs or cores()) as pool:
            for done in [pool.submit(self.run, label, test) for label, test in tests.items()]:
                done.result()

    def finish(self):
        for label, why in self.skipped:
            print(f"skipped: {label}: {why}")
        for label in self.failed:
            print(f"failed: {label}")
        slowest = sorted(self.seconds, key=self.seconds.get)[:-6:-1]
        if len(slowest) > 1:
            print("slowest: " + "; ".join(f"{label} {self.seconds[label]:.1f} s" for label in slowest))
        print(minutes(self.start))
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        print(f"{self.name}: {self.passed} passed, {len(self.failed)} failed{skipped}")
        sys.exit(1 if self.failed else 0)
