#!/bin/sh
# Configures and builds into build/ (programs in build/bin). Arguments are ninja's:
# targets, -j N.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

if [ ! -f build/build.ninja ]; then
  cmake -S . -B build -G Ninja \
    -DCMAKE_C_COMPILER="${CC:-clang-22}" \
    -DCMAKE_CXX_COMPILER="${CXX:-clang++-22}" \
    -DLLVM_USE_LINKER=lld
fi
if [ $# -eq 0 ]; then
  set -- all QoptUnitTests
fi
exec ninja -C build "$@"
