#!/usr/bin/env python3
"""Plan files and reports of a small model: what is written is read back to the same
library, edits do what they say, and the page holds nothing that could run or be fetched.
The page itself is looked at by a headless Chromium, where there is one.

    run.py [--filter REGEX] [--screenshots DIR] [-v]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support  # noqa: E402

support.use_venv()

import page  # noqa: E402
import plan  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="")
    parser.add_argument("--screenshots", default="", help="a folder that takes pictures of the page")
    parser.add_argument("-v", action="store_true")
    arguments = parser.parse_args()
    page.screenshots = arguments.screenshots
    passed, failures = 0, []
    for test in plan.TESTS + page.TESTS:
        if not re.search(arguments.filter, test.__name__):
            continue
        with tempfile.TemporaryDirectory() as directory:
            try:
                test(directory)
            except support.Skip as reason:
                print(f"skipped: {test.__name__}: {reason}")
                continue
            except AssertionError as error:
                print(f"FAIL: {test.__name__}: {error}")
                failures.append(test.__name__)
                continue
        passed += 1
        if arguments.v:
            print(f"PASS: {test.__name__}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
