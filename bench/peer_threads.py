"""Thread scaling of bench/peers.py: products with one and two threads, oneDNN's beside
them, and whole models with more threads than there are cores.

qopt's contenders with one and two threads take turns in one process. oneDNN learns its
number of threads when it starts: its two processes are compared by the limit of one
core, which both measure.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np

import kernels
import models
import peer_calls
import peer_kernels
import timing

SHAPES = ((768, 3072), (3072, 768), (4096, 4096))
ROWS = (128, 512)
ISAS = ("amx", "avx512vnni")
MODEL, MANY = "model", 32
LEAST_VNNI, MOST_LOSS = 1.85, 1.2


def prepare(options):
    for shape in SHAPES:
        kernels.kernel_library(*shape, True, ("product", "bias"))
    list(models.compile_all(models.zoo.all_minilm(), None))


def runs(options):
    if len(timing.cores()) < 2:
        print("threads are not measured: there is one core")
        return
    for isa in ISAS:
        for threads in (1, 2):
            if not options.only or options.only in isa:
                yield (peer_calls.onednn_environment(peer_kernels.ISAS[isa][1], threads),
                       ["--isa", isa, "--threads", str(threads)])
    if not options.only or options.only == MODEL:
        yield {}, ["--isa", MODEL]


def key(row):
    return row["isa"], row["what"], row["threads"]


def order(row):
    return (*ISAS, MODEL).index(row["isa"]), row["place"], row["threads"]


def measure(options):
    if options.isa == MODEL:
        return measure_model(options)
    os.sched_setaffinity(0, timing.cores()[: options.threads])
    peaks, dnn, rows = kernels.peak_library(), peer_calls.OneDnn(), []
    for k, n in SHAPES:
        path = kernels.kernel_library(k, n, True, ("product", "bias"))
        for m in ROWS:
            loop, _ = kernels.peak_call(peaks, peer_kernels.ISAS[options.isa][0])
            # oneDNN's threads are where they were made; whoever waits for them may be anywhere.
            found = {"limit": timing.Contender("limit", loop),
                     "onednn": dnn.contender(m, k, n, False, options.threads)}
            x = np.random.default_rng(1).standard_normal((m, k), np.float32)
            if options.threads == 2:
                for threads in (1, 2):
                    call = kernels.kernel_call(path, options.isa, x, n, threads)
                    found[f"qopt {threads}"] = timing.Contender(f"qopt {threads}", call, threads)
            timing.measure(list(found.values()), options.rounds)
            found["onednn"].free()
            row = {"isa": options.isa, "what": f"{m}x{k}x{n}", "threads": options.threads, "place": len(rows)}
            row.update({name: contender.seconds() for name, contender in found.items()})
            print(row["isa"], row["what"], f"{options.threads}T",
                  *(f"{name} {1e6 * row[name]:.0f} us" for name in found), flush=True)
            rows.append(row)
    return rows


def measure_model(options):
    """all-MiniLM-L6-v2 at 8x128 with as many threads as cores, and with far more."""
    arrays = models.input_arrays(("input_ids", "attention_mask", "token_type_ids"), 8, 128)
    rows = []
    for name, path, _ in models.compile_all(models.zoo.all_minilm(), None):
        found = [timing.Contender(f"{name}", models.qopt_call(path, arrays, threads, None), threads)
                 for threads in (len(timing.cores()), MANY)]
        timing.measure(found, options.rounds)
        rows += [{"isa": MODEL, "what": name, "threads": c.threads, "seconds": c.seconds(), "place": len(rows)}
                 for c in found]
        print(name, *(f"{c.threads}T {1e3 * c.seconds():.1f} ms" for c in found), flush=True)
    return rows


def scaling(rows):
    """(isa, product): qopt's and oneDNN's speed with two threads over one."""
    by = {key(row): row for row in rows if row["isa"] != MODEL}
    for isa, what, threads in by:
        if threads == 2 and (isa, what, 1) in by:
            one, two = by[isa, what, 1], by[isa, what, 2]
            yield isa, what, two["qopt 1"] / two["qopt 2"], one["onednn"] / one["limit"] * two["limit"] / two["onednn"]


def losses(rows):
    for name in dict.fromkeys(row["what"] for row in rows if row["isa"] == MODEL):
        few, many = sorted((row for row in rows if row["what"] == name and row["isa"] == MODEL),
                           key=lambda row: row["threads"])
        yield name, few["threads"], few["seconds"], many["seconds"]


def bounds(verdicts, rows):
    for isa, what, mine, theirs in scaling(rows):
        bound = LEAST_VNNI if isa == "avx512vnni" else round(theirs, 2)
        verdicts.add(f"{isa} {what}: speed of two threads / one", mine, bound, True)
    for name, few, seconds, many in losses(rows):
        verdicts.add(f"{name} at 8x128: {MANY} threads on {few} cores, time / {few} threads", many / seconds, MOST_LOSS, False)


def table(rows):
    lines = [[isa, what, f"{mine:.2f}", f"{theirs:.2f}"] for isa, what, mine, theirs in scaling(rows)]
    text = timing.table(["", "MxKxN", "qopt, two threads / one", "oneDNN s8s8"], lines)
    lines = [[name, f"{1e3 * seconds:.1f}", f"{1e3 * many:.1f}", f"{many / seconds:.2f}"]
             for name, _, seconds, many in losses(rows)]
    cores = len(timing.cores())
    if lines:
        text += "\n\n" + timing.table(["all-MiniLM-L6-v2 at 8x128, ms", f"{cores} threads",
                                       f"{MANY} threads on {cores} cores", "ratio"], lines)
    return text
