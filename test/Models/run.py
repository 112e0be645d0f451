#!/usr/bin/env python3
"""Real models: equal to ONNX Runtime in float, close to float when quantized. Every
test prints its figure; one whose data is absent is skipped by name. Models are compiled
once and run with the best instruction set of the machine and with the baseline.

  run.py [--filter REGEX] [--list]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
import attention
import decoding
import embedding
import equality
import evaluation
import packaged
import smoothing
import stories
import weights
import zoo


# What does not run the model, or one instruction set of it, is the same for every one;
# integer products of each are compared in the tests of quality.
ONCE = re.compile("/(size|compile|memory|pairs|refused|max-loss)$|^(llm-int8|smoothing)/")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over the test's name")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = {}
    for group in (attention, equality, embedding, stories, decoding, packaged, smoothing, evaluation, weights):
        tests.update(group.TESTS)
    if options.list:
        print("\n".join(tests))
        return
    report = support.Report("models")
    tests = {name: test for name, test in tests.items() if re.search(options.filter, name)}
    for isa in support.variants():
        zoo.tested = isa or None
        report.run_all({f"{name} ({isa})" if isa else name: test for name, test in tests.items()
                        if not isa or not ONCE.search(name)})
    report.finish()


if __name__ == "__main__":
    main()
