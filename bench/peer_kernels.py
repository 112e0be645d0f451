"""Single products of bench/peers.py: qopt, oneDNN and ONNX Runtime in one process, on one
core, with the limits of the instructions and of reading the weights beside them.

qopt's library quantizes rows itself. What the product takes of it is found by a second
library with 32 columns, which spends the same on quantization and calls:
(T(N) - T(32)) * N / (N - 32). For oneDNN and ONNX Runtime the time of a product of
1x16x16 is taken off, which is that of a call.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np

import kernels
import peer_calls
import timing

SHAPES = ((768, 768), (768, 3072), (3072, 768), (2048, 8192), (4096, 4096), (4096, 11008))
ROWS = (1, 8, 32, 128, 512)
FEW_SHAPES, FEW_ROWS = ((768, 768), (3072, 768), (4096, 4096)), (1, 32, 128)
# Instruction set: the loop that limits it, what oneDNN calls it, the share of the limit
# that products of 128 rows and more are to reach, and how often as fast as oneDNN.
ISAS = {"amx": ("peakAmxInt8", "DEFAULT", 0.55, 1.1),
        "avx512vnni": ("peakAvx512VnniInt8", "AVX512_CORE_VNNI", 0.85, 1.15),
        "avxvnni": ("peakAvxVnniInt8", "AVX2_VNNI", 0.80, None),
        "avx2": ("peakAvx2Int8", "AVX2", 0.75, None)}
NARROW = 32  # columns of the library that finds the time of quantization
OUTLIERS = 32  # columns of the library that finds what LLM.int8() costs
L2_BYTES = 5 << 18  # what an L2 of 2 MiB holds beside everything else


def rows_of(m, k, outliers=False):
    rows = np.random.default_rng(1).standard_normal((m, k), np.float32)
    if outliers:
        rows[:, np.random.default_rng(5).choice(k, OUTLIERS, replace=False)] *= 20
    return rows


def outlier_library(k, n):
    """LLM.int8() with a fixed list of columns."""
    path = os.path.join(kernels.WORK, f"product-bias-{k}x{n}.llm-int8.so")
    samples = path.replace(".so", ".npz")
    np.savez(samples, x=rows_of(64, k, True))
    timing.compiled(lambda: kernels.product(k, n, ("product", "bias")), path, "--pass-pipeline=llm-int8",
                    "--quantize=product=llm-int8", "--calib=" + samples)
    return path


def libraries(k, n):
    """Of every part that is timed."""
    return {"all": kernels.kernel_library(k, n, True, ("product", "bias")),
            "narrow": kernels.kernel_library(k, NARROW, True, ("product", "bias")),
            "norm all": kernels.kernel_library(k, n, True, ("norm", "product", "bias")),
            "norm": kernels.kernel_library(k, k, False, ("norm",)),
            "outliers": outlier_library(k, n),
            "float": kernels.kernel_library(k, n, False, ("product", "bias"))}


def cosine(found, exact):
    found, exact = (call.result[:8].ravel().astype(np.float64) for call in (found, exact))
    return found @ exact / np.linalg.norm(found) / np.linalg.norm(exact)


def qopt_contenders(paths, isa, m, k, n):
    """Having checked that the integer products are those of the floats."""
    columns = {"narrow": NARROW, "norm": k}
    rows = {name: rows_of(m, k, name == "outliers") for name in paths}
    calls = {name: kernels.kernel_call(path, isa, rows[name], columns.get(name, n)) for name, path in paths.items()}
    exact = kernels.kernel_call(paths["float"], isa, rows["outliers"], n)
    for call in (*calls.values(), exact):
        call()
    for name, reference in (("all", calls["float"]), ("outliers", exact)):
        if not (found := cosine(calls[name], reference)) >= 0.999:
            raise RuntimeError(f"qopt's product {m}x{k}x{n} ({name}) on {isa}: cosine with float {found}")
    return {name: timing.Contender("qopt " + name, call) for name, call in calls.items()}


def cell(peaks, dnn, paths, isa, m, k, n, rounds):
    """Seconds of one product by everybody."""
    found = qopt_contenders(paths, isa, m, k, n)
    loop, operations = kernels.peak_call(peaks, ISAS[isa][0])
    found["limit"] = timing.Contender("limit", loop)
    buffer = peaks.readBuffer(k * n)
    found["read"] = timing.Contender("read", lambda: peaks.readPlain(buffer, k * n))
    found["tiny"] = dnn.contender(1, 16, 16, False)
    found["s8s8"], found["u8s8"] = (dnn.contender(m, k, n, unsigned) for unsigned in (False, True))
    if isa == "amx":  # what ONNX Runtime chooses cannot be limited
        found["ort tiny"] = peer_calls.ort_product("MatMulInteger", 1, 16, 16)
        for kind in ("MatMulInteger", "DynamicQuantizeMatMul"):
            found[kind] = peer_calls.ort_product(kind, m, k, n)
    timing.measure(list(found.values()), rounds)
    peaks.readFree(buffer)
    seconds = {name: contender.seconds() for name, contender in found.items()}
    kernel = found["s8s8"].kernel
    for name in ("tiny", "s8s8", "u8s8"):
        found[name].free()
    row = {"isa": isa, "m": m, "k": k, "n": n, "kernel": kernel,
           "limit": operations / seconds["limit"], "read": seconds["read"],
           "whole": seconds["all"], "float": seconds["float"],
           "product": (seconds["all"] - seconds["narrow"]) * n / (n - NARROW),
           "fused": seconds["norm all"] - seconds["norm"], "outliers": seconds["outliers"],
           # oneDNN's calls are done by a thread of its own.
           "waiting": max(c.waiting for c in found.values() if "oneDNN" not in c.name)}
    for name in ("s8s8", "u8s8"):
        row[name] = seconds[name] - seconds["tiny"]
    if "ort tiny" in found:
        row["ort"] = seconds["MatMulInteger"] - seconds["ort tiny"]
        row["dqmm"] = seconds["DynamicQuantizeMatMul"] - seconds["ort tiny"]
    row["dispatch"] = seconds["tiny"]
    return row


def prepare(options):
    for shape in SHAPES:
        libraries(*shape)


def runs(options):
    """oneDNN is told its instruction set when it starts, so each has a process."""
    for isa, (_, name, _, _) in ISAS.items():
        if not options.isa or options.isa == isa:
            yield peer_calls.onednn_environment(name, 1), ["--isa", isa]


def key(row):
    return row["isa"], row["k"], row["n"], row["m"]


def order(row):
    return list(ISAS).index(row["isa"]), SHAPES.index((row["k"], row["n"])), row["m"]


def measure(options):
    """Rows of one instruction set, in this process, which stays on one core: oneDNN's
    threads are made where the first of its calls runs."""
    import qopt

    os.sched_setaffinity(0, timing.cores()[:1])
    isa = options.isa
    peaks = kernels.peak_library()
    dnn = peer_calls.OneDnn()
    few = options.quick and isa != "amx"
    rows = []
    for k, n in FEW_SHAPES if few else SHAPES:
        wanted = [m for m in (FEW_ROWS if few else ROWS) if not options.only or options.only in f"{isa} {m}x{k}x{n}"]
        if not wanted:
            continue
        paths = libraries(k, n)
        try:
            qopt.load(paths["all"], num_threads=1, isa=isa).close()
        except qopt.Error as error:
            print(f"{isa} is not measured: {error}")
            return rows
        for m in wanted:
            row = cell(peaks, dnn, paths, isa, m, k, n, options.rounds)
            rows.append(row)
            print(line(row), flush=True)
    return rows


def rate(row, name):
    return 2 * row["m"] * row["k"] * row["n"] / row[name]


def share(row):
    """Of what binds: the multiplications, or reading the weights once."""
    return max(rate(row, "product") / row["limit"], row["read"] / row["product"])


def line(row):
    rates = " ".join(f"{name} {rate(row, name) / 1e9:.0f}" for name in
                     ("product", "whole", "outliers", "fused", "float", "s8s8", "u8s8", "ort", "dqmm") if name in row)
    return (f"{row['isa']} {row['m']}x{row['k']}x{row['n']}: {rates}; limit {row['limit'] / 1e9:.0f}, "
            f"read {row['k'] * row['n'] / row['read'] / 1e9:.0f} GB/s, {rate(row, 'product') / row['limit']:.0%} "
            f"of the limit, {row['read'] / row['product']:.0%} of the read, {row['s8s8'] / row['product']:.2f}x "
            f"oneDNN s8s8 ({row['kernel']}, call {1e6 * row['dispatch']:.1f} us)")


def bounds(verdicts, rows):
    """Those that the project sets itself; a row where float is faster is one more."""
    for row in rows:
        m, k, n, isa = (row[name] for name in ("m", "k", "n", "isa"))
        name = f"{isa} {m}x{k}x{n}"
        _, _, least, ratio = ISAS[isa]
        if m >= 128:
            of_limit = rate(row, "product") / row["limit"]
            if isa == "amx" and k <= 1024:
                least = 0.70
            # There the bytes of the result bind.
            if not (isa == "amx" and n == 3072):
                verdicts.add(f"{name}: share of the limit", of_limit, least, True)
            if ratio:
                verdicts.add(f"{name}: speed / oneDNN s8s8", row["s8s8"] / row["product"], ratio, True)
        if m == 1:
            bound = 0.95 if k * n > L2_BYTES else 0.70
            verdicts.add(f"{name}: share of a plain read", row["read"] / row["product"], bound, True)
        if m >= 128 and (k >= 2048 or k <= 768):
            most = 1.10 if k >= 2048 else 1.25
            verdicts.add(f"{name}: LLM.int8() / W8A8", row["outliers"] / row["whole"], most, False)
        verdicts.add(f"{name}: float / int8", row["float"] / row["whole"], 1.0, True)
        verdicts.add(f"{name}: float / LLM.int8()", row["float"] / row["outliers"], 1.0, True)


def table(rows):
    """Gop/s; one table per instruction set."""
    parts = []
    for isa in dict.fromkeys(row["isa"] for row in rows):
        mine = [row for row in rows if row["isa"] == isa]
        header = ["MxKxN, Gop/s", "limit", "read, GB/s", "qopt product", "of limit", "of read",
                  "with quantization", "LLM.int8()", "norm in front", "float", "oneDNN s8s8", "oneDNN u8s8", "qopt / s8s8"]
        with_ort = "ort" in mine[0]
        if with_ort:
            header += ["ORT u8s8", "ORT DQMM"]
        lines = []
        for row in mine:
            cells = [f"{row['m']}x{row['k']}x{row['n']}", f"{row['limit'] / 1e9:.0f}",
                     f"{row['k'] * row['n'] / row['read'] / 1e9:.0f}", f"**{rate(row, 'product') / 1e9:.0f}**",
                     f"{rate(row, 'product') / row['limit']:.0%}", f"{row['read'] / row['product']:.0%}"]
            cells += [f"{rate(row, name) / 1e9:.0f}" for name in ("whole", "outliers", "fused", "float", "s8s8", "u8s8")]
            cells.append(f"{row['s8s8'] / row['product']:.2f}")
            if with_ort:
                cells += [f"{rate(row, name) / 1e9:.0f}" for name in ("ort", "dqmm")]
            lines.append(cells)
        parts.append(f"`{isa}`, oneDNN's kernel {mine[0]['kernel']}:\n\n" + timing.table(header, lines))
    return "\n\n".join(parts)
