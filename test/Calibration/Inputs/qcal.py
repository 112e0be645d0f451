#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a statistics file (.qcal) from a JSON description.

Usage: qcal.py DESCRIPTION.json FILE.qcal

  {"model_sha256": "abc", "samples": 4, "nonfinite_samples": 0,
   "taps": [{"name": "fc", "tokens": 100, "masked": 0,
             "absmax": [..] | "lo": [..], "hi": [..],
             "hits": [[100, 50], ..],
             "rows": [[..], ..]}]}

Per column, hits are the counts at the edges 6 * 2^(i/2), i = -8 .. 8; what is
left out is 0. Values that are in no row count as 0. With rows alone, everything
else comes from them. This is the format, written a second time: no code is
shared with qopt.
"""

import json
import struct
import sys
import zipfile

EDGES = [struct.unpack("<f", struct.pack("<f", 6 * 2 ** (i / 2)))[0] for i in range(-8, 9)]
BINS = 128 * 64


def npy(code, shape, values):
    descr = {"f": "<f4", "Q": "<u8"}[code]
    dims = "".join(f"{dim}, " for dim in shape)[: -2 if len(shape) > 1 else -1]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{code}", *values)


def bin_of(value):
    bits = struct.unpack("<I", struct.pack("<f", abs(value)))[0]
    step = min(max((bits >> 16) - ((127 - 31) << 7), 0), BINS - 1)
    return BINS - 1 - step if value < 0 else BINS + step


def histogram(values, total):
    counts = {}
    for value in values:
        counts[bin_of(value)] = counts.get(bin_of(value), 0) + 1
    if total > len(values):
        counts[bin_of(0)] = counts.get(bin_of(0), 0) + total - len(values)
    flat = [number for pair in sorted(counts.items()) for number in pair]
    return npy("Q", [len(counts), 2], flat)


def hash_row(row):
    """RowSketch.cpp, hashRow."""
    low, high = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
    words = [struct.unpack("<I", struct.pack("<f", value))[0] for value in row]
    whole = len(words) // 32 * 32
    state = [0x9E3779B9 * (i + 1) & low for i in range(32)]
    for k in range(whole):
        mixed = ((state[k % 32] ^ words[k]) * 0x85EBCA6B) & low
        state[k % 32] = mixed ^ (mixed >> 15)
    result = len(words)
    for word in state + words[whole:]:
        result = ((result ^ word) * 0x9E3779B97F4A7C15) & high
        result ^= result >> 32
    result = (result * 0xD6E8FEB86659FD93) & high
    return result ^ (result >> 32)


def tap_arrays(tap):
    rows = tap.get("rows", [])
    tokens = tap.setdefault("tokens", len(rows))
    columns = list(zip(*rows))
    if "absmax" in tap:
        lo, hi = [-value for value in tap["absmax"]], tap["absmax"]
    elif "lo" in tap:
        lo, hi = tap["lo"], tap["hi"]
    else:
        lo, hi = [min(column) for column in columns], [max(column) for column in columns]
    width = len(lo)
    absmax = [max(-a, b) for a, b in zip(lo, hi)]
    hits = tap.get("hits") or [
        [sum(abs(value) >= edge for value in column) for edge in EDGES] for column in columns or [[]] * width
    ]
    hits = [column + [0] * (len(EDGES) - len(column)) for column in hits]
    # Of equal rows one is kept, with their number.
    kept = {}
    for row in rows:
        key = (hash_row(row), struct.pack(f"<{width}f", *row))
        kept[key] = kept.get(key, 0) + 1
    kept = sorted(kept.items())[: min(max(512 * 1024 // max(width, 1), 64), 512)]
    largest = [max(map(abs, row)) for row in rows]
    values = [value for row in rows for value in row]
    rest = tokens > len(rows)
    return width, {
        "lo": npy("f", [width], lo),
        "hi": npy("f", [width], hi),
        "hits": npy("Q", [len(EDGES), width], [hits[k][e] for e in range(len(EDGES)) for k in range(width)]),
        "base_absmax": npy("f", [width], absmax),
        "base_hits": npy("Q", [width], [hits[k][8] for k in range(width)]),
        "histogram": histogram(values, tokens * width),
        "token_absmax": histogram(largest, tokens),
        "token_absmax_range": npy("f", [2], [0 if rest else min(largest, default=0), max(absmax, default=0)]),
        "rows": npy("f", [len(kept), width], [v for (_, raw), _ in kept for v in struct.unpack(f"<{width}f", raw)]),
        "row_counts": npy("Q", [len(kept)], [count for _, count in kept]),
    }


def write(description, path):
    taps = []
    with zipfile.ZipFile(path, "w") as archive:
        for i, tap in enumerate(description["taps"]):
            width, arrays = tap_arrays(tap)
            for name, data in arrays.items():
                archive.writestr(f"{i}.{name}.npy", data)
            taps.append(
                {
                    "name": tap["name"],
                    "number": tap.get("number", i),
                    "columns": width,
                    "tokens": tap["tokens"],
                    "masked": tap.get("masked", 0),
                    "base_tokens": tap["tokens"],
                }
            )
        meta = {
            "format": "qopt-calibration",
            "version": 1,
            "observer": 1,
            "model_sha256": description["model_sha256"],
            "samples": description.get("samples", 1),
            "held_out_samples": 0,
            "nonfinite_samples": description.get("nonfinite_samples", 0),
            "edges": EDGES,
            "taps": taps,
        }
        archive.writestr("meta.json", json.dumps(meta))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        write(json.load(file), sys.argv[2])
