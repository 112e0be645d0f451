#!/usr/bin/env python3
"""Plan files and reports of a small model: what is written is read back to the same
library, edits do what they say, and the page holds nothing that could run or be fetched.
The page itself is looked at by a headless Chromium, where there is one.

    run.py [--filter REGEX] [--screenshots DIR]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import functools
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import support  # noqa: E402

support.use_venv()

import page  # noqa: E402
import plan  # noqa: E402


def in_a_folder(test):
    # A browser that has just been killed may still hold its profile.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        test(directory)
    return True, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="", help="regular expression over the test's name")
    parser.add_argument("--screenshots", default="", help="a folder that takes pictures of the page")
    arguments = parser.parse_args()
    page.screenshots = arguments.screenshots
    report = support.Report("report")
    report.run_all({test.__name__: functools.partial(in_a_folder, test)
                    for test in plan.TESTS + page.TESTS if re.search(arguments.filter, test.__name__)})
    report.finish()


if __name__ == "__main__":
    main()
