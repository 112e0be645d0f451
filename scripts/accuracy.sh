#!/bin/sh
# Measures what quantization costs and writes the tables of docs/accuracy.md. Installs
# and builds what it needs; can be run again at once.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

scripts/setup-debian.sh
scripts/build.sh qopt
scripts/python-env.sh
scripts/python-env.sh --peers

exec build/venv/bin/python test/Accuracy/run.py --full --page docs/accuracy.md "$@"
