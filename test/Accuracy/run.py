#!/usr/bin/env python3
"""Perplexity of trained language models through compiled libraries, for every 8-bit
scheme: the figures of docs/accuracy.md and what must hold between them.

  run.py [--filter REGEX] [--list] [--full [--page FILE]]

Without --full the assertions that separate the schemes, on the smallest model, each
with one of the instruction sets, all of them in turn, and on lm15m with the largest
outliers; with it every cell of the tables, with the best set.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
import language
import page
import rows
import sentences

SHARP = rows.Column("stories260k", 30, 40)
# What CI measures of lm15m: what breaks where it breaks, what holds where that is hardest.
QUICK = {("w8a8", 128), ("llm-int8", 128)}


@support.once
def measure(scheme, column, isa=None):
    model = language.model_file(column.model, column.factor)
    calib = language.calibration(column.model, column.documents) if scheme.calibrated else None
    library = language.load(model, scheme.pipeline, calib, scheme.flags, isa)
    return language.perplexity(column.model, library, column.documents)


def cell(scheme, column, want, isa=None):
    found, bar = measure(scheme, column, isa), rows.bar(scheme, column, want)
    return abs(found - want) <= bar, f"perplexity {found:.4f} ({want:.4f} +- {bar:.4f})"


def in_turn(scheme):
    known = support.instruction_sets()
    return known[list(rows.TABLE).index(scheme) % len(known)]


def order(isa_of):
    """What scheme separates from what, whatever the noise."""
    of = {scheme.pipeline: measure(scheme, SHARP, isa_of(scheme)) for scheme, wanted in rows.TABLE.items()
          if wanted[rows.COLUMNS.index(SHARP)] is not None}
    plain = of["fp32"]
    falling = [of["w8a8{weights=tensor activations=tensor}"],
               of["w8a8{weights=tensor activations=tensor zero-point=true}"], of["w8a8{weights=tensor}"],
               of["w8a8"], plain + 0.2]
    ordered = all(a > b for a, b in zip(falling, falling[1:]))
    near = [value for pipeline, value in of.items()
            if (pipeline.startswith("llm-int8") and "bitsandbytes" not in pipeline)
            or (pipeline.startswith("smoothquant") and "static" not in pipeline)]
    furthest = max(abs(value - plain) for value in near)
    text = " > ".join(f"{value:.4f}" for value in falling) + f"; outlier methods within {furthest:.4f} of float"
    return ordered and furthest <= 0.01, text


def measure_lm15m(scheme, factor, text=None):
    model = language.model_file("lm15m", factor)
    calib = language.calibration("lm15m", text=text) if scheme.calibrated else None
    return language.perplexity("lm15m", language.load(model, scheme.pipeline, calib, scheme.flags))


@support.once
def change(scheme, factor):
    """Percent."""
    return 100 * (measure_lm15m(scheme, factor) / rows.LM15M_FLOAT - 1)


def lm15m(scheme, factor, bar):
    found = change(scheme, factor)
    if isinstance(bar, tuple):
        return found > bar[0], f"{found:+.2f} % (more than {bar[0]} %)"
    return found <= bar, f"{found:+.3f} % (at most {bar} %)"


@support.once
def sentence(scheme):
    return sentences.measure(sentences.load(scheme))


def cosine(scheme):
    return sentences.judge(scheme, sentence(scheme))


@support.once
def peer():
    return sentences.peer()


def ahead():
    """A fixed list of outlier columns is ahead of the peer."""
    theirs = peer()
    if not theirs:
        raise support.Skip("build/peers-venv (scripts/accuracy.sh)")
    ours = sentence(next(scheme for scheme in sentences.BARS if scheme.pipeline == "llm-int8"))
    return ours[0] > theirs[0] and ours[1] > theirs[1], f"{ours[0]:.5f}, {ours[1]:.5f} against {theirs[0]:.5f}, {theirs[1]:.5f}"


def lm15m_float():
    found = measure_lm15m(rows.Scheme("float", "fp32"), 0)
    bar = rows.LM15M_NOISE
    return abs(found - rows.LM15M_FLOAT) <= bar, f"perplexity {found:.4f} ({rows.LM15M_FLOAT} +- {bar})"


@support.once
def shift(text):
    """Percent between calibration on a text and on the model's own."""
    scheme = rows.Scheme("LLM.int8(), fixed list", "llm-int8", True)
    own = measure_lm15m(scheme, 128)
    return 100 * (measure_lm15m(scheme, 128, text) / own - 1)


def shifted(text):
    found = shift(text)
    return abs(found) < rows.SHIFT, f"{found:+.3f} % (below {rows.SHIFT} %)"


def tests(full):
    found = {"stories260k x30/order": functools.partial(order, (lambda scheme: None) if full else in_turn)}
    for scheme, wanted in rows.TABLE.items():
        for column, want in zip(rows.COLUMNS, wanted):
            if want is None:
                continue
            if full or scheme.pipeline == "fp32" and not column.factor:
                found[f"{column}/{scheme.label}"] = functools.partial(cell, scheme, column, want)
            if column != SHARP:
                continue
            for isa in filter(None, support.variants()) if full else [in_turn(scheme)]:
                found[f"{column}/{scheme.label} ({isa})"] = functools.partial(cell, scheme, column, want, isa)
    found["lm15m/float"] = lm15m_float
    for scheme, bars in rows.LM15M.items():
        for factor, bar in zip(rows.FACTORS, bars):
            # Without a bar the page has the figure.
            if bar is not None and (full or (scheme.pipeline, factor) in QUICK):
                found[f"lm15m x{factor or 1}/{scheme.label}"] = functools.partial(lm15m, scheme, factor, bar)
    if full:
        for text in ("tiny.utf8", "wiki.utf8"):
            found[f"lm15m x128/calibrated on {text}"] = functools.partial(shifted, text)
        for scheme in sentences.BARS:
            found[f"all-MiniLM-L6/{scheme.label}"] = functools.partial(cosine, scheme)
        found["all-MiniLM-L6/ahead of NNCF"] = ahead
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over the test's name")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--full", action="store_true", help="every cell of the tables")
    parser.add_argument("--page", help="write the tables to this file (needs --full)")
    options = parser.parse_args()
    chosen = {name: test for name, test in tests(options.full).items() if re.search(options.filter, name)}
    if options.list:
        print("\n".join(chosen))
        return
    report = support.Report("accuracy")
    report.run_all(chosen)
    if options.page and not report.skipped:
        page.write(options.page, measure, change, shift, sentence, peer)
    report.finish()


if __name__ == "__main__":
    main()
