# lit configuration of the unit tests: every program whose name ends in Tests.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import os

import lit.formats

config.name = "qopt-unit"
config.suffixes = []
config.test_source_root = config.test_exec_root = os.path.join(
    config.qopt_obj_root, "unittests"
)
config.test_format = lit.formats.GoogleTest(".", "Tests")
