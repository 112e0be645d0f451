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

venv=build/peers-venv
if ! cmp -s scripts/requirements-peers.txt $venv/.installed; then
  echo "accuracy: installing OpenVINO and NNCF (500 MB)"
  [ -f $venv/bin/python ] || python3 -m venv $venv
  $venv/bin/pip install -q --disable-pip-version-check -r scripts/requirements-peers.txt
  cp scripts/requirements-peers.txt $venv/.installed
fi

exec build/venv/bin/python test/Accuracy/run.py --full --page docs/accuracy.md "$@"
