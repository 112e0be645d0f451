#!/bin/sh
# Builds, fetches what the benchmarks compare with and runs them:
#   bench.sh models [ARGUMENTS]     all-MiniLM-L6-v2 against ONNX Runtime
#   bench.sh kernels [ARGUMENTS]    products against the limits of their instructions
#   bench.sh compile [ARGUMENTS]    compile time and memory by the number of layers
#   bench.sh calibration [ARGUMENTS]  time and memory of a calibration
#   bench.sh peers [ARGUMENTS]      against oneDNN, ONNX Runtime, OpenVINO and IREE: docs/performance.md
# Without arguments the tables of README.md: models against all peers, products against their limits.
# A broken bound fails.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

scripts/setup-debian.sh
scripts/build.sh qopt kernel-benchmarks
scripts/python-env.sh

if [ $# -gt 0 ]; then
  which=$1
  shift
  if [ "$which" = peers ] && [ $# -eq 0 ]; then
    build/venv/bin/python bench/peers.py --page docs/performance.md || failed=1
    build/venv/bin/python scripts/inner_loops.py
    exit ${failed:-0}
  fi
  exec build/venv/bin/python "bench/$which.py" "$@"
fi
failed=0
build/venv/bin/python bench/peers.py --parts models --page README.md || failed=1
build/venv/bin/python bench/kernels.py --markdown README.md || failed=1
exit $failed
