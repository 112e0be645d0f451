#!/usr/bin/env python3
"""Models on their way out: --emit=onnx-qdq, read by ONNX Runtime. Float models compute
what the source does; quantized ones what the library does that qopt makes of the same
plan.

  run.py [--filter REGEX] [--list] [--nodes REGEX] [-v]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support

support.use_venv()
sys.path += [os.path.join(support.ROOT, "test", folder) for folder in ("Models", "Accuracy")]
import models
import nodes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over the test's name")
    parser.add_argument("--nodes", default="", help="regular expression over ONNX's node tests")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join([*models.TESTS, "nodes"]))
        return
    report = support.Report("export")
    report.run_all({name: test for name, test in models.TESTS.items() if re.search(options.filter, name)})
    if re.search(options.filter, "nodes"):
        nodes.run(report, options.nodes, options.verbose)
    report.finish()


if __name__ == "__main__":
    main()
