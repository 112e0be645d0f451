#!/bin/sh
# From a bare Debian 12 to a quantized model that runs: installs packages, builds,
# fetches a sentence encoder, compiles it twice and prints what that brought.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

scripts/setup-debian.sh
scripts/build.sh qopt
scripts/python-env.sh --quick

model=build/models/paraphrase-MiniLM-L3-v2.onnx
mkdir -p build/quickstart
set -x
build/bin/qopt $model -o build/quickstart/fp32.so
build/bin/qopt $model --pass-pipeline=llm-int8 -o build/quickstart/llm-int8.so
{ set +x; } 2>/dev/null
PYTHONPATH=python build/venv/bin/python scripts/quickstart.py $model \
  build/quickstart/fp32.so build/quickstart/llm-int8.so
