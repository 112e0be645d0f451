"""How the benchmarks measure: contenders take turns in batches of a few calls within
one process, and figures are compared with figures of the same run only. On a shared
machine the speed drifts by more than what is to be shown, and it drifts for all.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test"))
import support

# A batch is long enough for caches and clock to settle on its contender, and short
# enough that all of a round meet the same weather.
BATCH_SECONDS = 0.035
# More than this share of the time spent waiting for a core: somebody else was at work.
DISTURBED = 0.05


def cores():
    """Cores to pin to, one logical CPU of each, the last ones first: the system's own
    work prefers the first."""
    allowed = os.sched_getaffinity(0)
    seen, result = set(), []
    for cpu in sorted(allowed):
        path = f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        try:
            with open(path) as file:
                siblings = file.read().strip()
        except OSError:
            siblings = str(cpu)
        if siblings not in seen:
            seen.add(siblings)
            result.append(cpu)
    return result[::-1]


class Contender:
    """Something to call again and again, with a number of threads, each on its core.
    What repeats its work within a call says how often; `seconds` are those of one."""

    def __init__(self, name, call, threads=1, repeats=1):
        self.name = name
        self.call = call
        self.threads = threads
        self.repeats = repeats
        # Medians of each batch: elapsed time, and processor time of the caller.
        self.elapsed, self.busy = [], []

    def seconds(self, clock="wall"):
        """Processor time is that of the whole call only where there is one thread."""
        rounds = self.busy if clock == "cpu" and self.threads == 1 else self.elapsed
        return statistics.median(rounds) / self.repeats

    @property
    def waiting(self):
        """Share of the time in which the one thread was not running."""
        return max(0.0, 1 - sum(self.busy) / sum(self.elapsed))

    def batch(self, calls):
        """The first call brings the contender's data back into the caches."""
        self.call()
        elapsed, busy = [], []
        for _ in range(calls):
            cpu, wall = time.thread_time(), time.perf_counter()
            self.call()
            elapsed.append(time.perf_counter() - wall)
            busy.append(time.thread_time() - cpu)
        self.elapsed.append(statistics.median(elapsed))
        self.busy.append(statistics.median(busy))


def measure(contenders, rounds):
    """Fills in `rounds` of every contender, each on its cores."""
    available = cores()
    before = os.sched_getaffinity(0)
    calls = {}
    try:
        for turn in range(rounds + 1):
            for contender in contenders:
                os.sched_setaffinity(0, available[: contender.threads])
                if turn:
                    contender.batch(calls[contender])
                    continue
                contender.call()  # warm up, then find out how long a batch is
                start = time.perf_counter()
                contender.call()
                seconds = time.perf_counter() - start
                calls[contender] = max(1, round(BATCH_SECONDS / max(seconds, 1e-7)))
    finally:
        os.sched_setaffinity(0, before)


def disturbed(contenders):
    """Contenders of one thread that had to share their core."""
    return [c for c in contenders if c.threads == 1 and c.waiting > DISTURBED]


def machine(isa):
    """What has to stand beside every figure."""
    with open("/proc/cpuinfo") as file:
        text = file.read()
    name = re.search(r"^model name\s*: *(.*)$", text, re.M)
    family = [re.search(rf"^{key}\s*: *(\d+)$", text, re.M) for key in ("cpu family", "model")]
    cpu = name.group(1) if name else "unknown CPU"
    if all(family):
        cpu += " (family {}, model {})".format(*(m.group(1) for m in family))
    flags = re.search(r"^flags\s*: *(.*)$", text, re.M)
    # ONNX Runtime multiplies integers with it where it is.
    has_amx = flags and "amx_int8" in flags.group(1).split()
    amx = " (the CPU also has AMX)" if has_amx and "amx" not in isa else ""
    return f"{cpu}, {len(cores())} cores, {isa}{amx}"


def compiled(model, path, *flags):
    """Compiles to `path`, unless this very compiler has done so before with these flags.
    `model` is a path, or a function that writes the model and returns its path. Seconds
    that it took, then or now."""
    parts = [support.QOPT, support.QOPT + "-lower",
             os.path.join(support.BUILD, "lib", "qopt", "x86_64-linux-gnu", "libqopt_runtime.a")]
    stamp = repr([flags, [(os.stat(part).st_mtime_ns, os.path.getsize(part)) for part in parts
                          if os.path.exists(part)]])
    try:
        with open(path + ".stamp") as file:
            took, found = file.read().split("\n", 1)
        if found == stamp and os.path.exists(path):
            return float(took)
    except OSError:
        pass
    source = model() if callable(model) else model
    start = time.perf_counter()
    support.compile_model(source, path, *flags, timeout=900)
    took = time.perf_counter() - start
    with open(path + ".stamp", "w") as file:
        file.write(f"{took}\n{stamp}")
    if callable(model):
        os.remove(source)
    return took


def qopt_version():
    text = subprocess.run([support.QOPT, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"qopt\S* (\S+)", text)
    return version.group(1) if version else "unknown"


def utc_date():
    return time.strftime("%Y-%m-%d", time.gmtime())


class Verdicts:
    """Bounds that are printed and, when one is broken, fail the benchmark."""

    def __init__(self):
        self.lines = []
        self.failed = 0

    def add(self, text, value, bound, least):
        ok = value >= bound if least else value <= bound
        self.failed += not ok
        sign = ">=" if least else "<="
        self.lines.append((text, f"{value:.2f}", f"{sign} {bound}", "pass" if ok else "FAIL"))

    def table(self):
        return table(["what", "measured", "bound", ""], self.lines)


def table(header, rows):
    """A markdown table that is also readable as text."""
    cells = [header] + [list(map(str, row)) for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def write_markdown(path, name, text):
    """Between the lines `<!-- bench NAME -->` and `<!-- end -->` of a page that has
    them (the README), else as the whole file."""
    page = ""
    if os.path.exists(path):
        with open(path) as file:
            page = file.read()
    marked = re.compile(rf"(<!-- bench {name} -->\n).*?(<!-- end -->)", re.S)
    if marked.search(page):
        text = marked.sub(lambda match: match.group(1) + text + "\n" + match.group(2), page)
    else:
        text += "\n"
    with open(path, "w") as file:
        file.write(text)
