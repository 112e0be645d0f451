"""docs/accuracy.md: the tables between its markers.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import re
import sys

import rows
import sentences
import support

sys.path.append(os.path.join(support.ROOT, "bench"))
import timing


def small_models(measure):
    lines = ["| scheme | `--pass-pipeline` | " + " | ".join(map(str, rows.COLUMNS)) + " |",
             "| --- | --- |" + " --- |" * len(rows.COLUMNS)]
    for scheme, wanted in rows.TABLE.items():
        cells = [f"{measure(scheme, column):.4f} ({want:.4f})" if want is not None else ""
                 for column, want in zip(rows.COLUMNS, wanted)]
        lines.append(f"| {scheme.label} | `{scheme.pipeline}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def larger_model(change, shift):
    lines = ["| scheme | `--pass-pipeline` | as it is | x32 | x128 |", "| --- | --- | --- | --- | --- |"]
    for scheme in rows.LM15M:
        found = [change(scheme, factor) for factor in rows.FACTORS]
        cells = [f"{value:+.2f} %" if value < 1000 else f"{rows.LM15M_FLOAT * (1 + value / 100):.0f} in all"
                 for value in found]
        lines.append(f"| {scheme.label} | `{scheme.pipeline}` | " + " | ".join(cells) + " |")
    moved = ", ".join(f"{shift(text):+.3f} % with `{text}`" for text in ("tiny.utf8", "wiki.utf8"))
    lines += ["", f"Lists calibrated on another text (x128): {moved}."]
    return "\n".join(lines)


def sentence_table(sentence, peer):
    lines = ["| scheme | `--pass-pipeline` | mean | least |", "| --- | --- | --- | --- |"]
    for scheme in sentences.BARS:
        mean, least = sentence(scheme)
        lines.append(f"| {scheme.label} | `{scheme.pipeline}` | {mean:.5f} | {least:.5f} |")
    theirs = peer()
    if theirs:
        lines.append(f"| {sentences.PEER} | | {theirs[0]:.5f} | {theirs[1]:.5f} |")
    return "\n".join(lines)


def write(path, measure, change, shift, sentence, peer):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    isa = sentences.load(next(iter(sentences.BARS))).isa
    date = f"{timing.utc_date()}, {timing.machine(isa)}."
    tables = {"small": small_models(measure), "lm15m": larger_model(change, shift),
              "sentences": sentence_table(sentence, peer)}
    for name, table in tables.items():
        text = re.sub(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{date}\n\n{table}\n{m[2]}", text,
                      flags=re.DOTALL)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
