#!/bin/sh
# Installs what qopt needs from Debian 12's own package sources. This is the one
# list of packages. Quick when all are present; asks for sudo only when not.
#   --browser  also Chromium (190 MB to fetch, 670 MB on the disk), in which the
#              tests look at reports
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu

# Compiler and build.
packages="clang-22 libclang-rt-22-dev lld-22 g++ cmake ninja-build"
# Libraries of the compiler.
packages="$packages libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools"
packages="$packages libonnx-dev libprotobuf-dev protobuf-compiler libdlpack-dev libzip-dev"
# Tests and benchmarks.
packages="$packages libgtest-dev libbenchmark-dev libonnx-testdata python3 python3-venv"
packages="$packages llvm-22 qemu-user"
# Libraries for AArch64: what the runtime is compiled and linked with.
packages="$packages libc6-dev-arm64-cross"
# Style checks.
packages="$packages git clang-format-22 clang-tidy-22"
case ${1:-} in
"") ;;
--browser) packages="$packages chromium" ;;
*)
  echo "usage: setup-debian.sh [--browser]" >&2
  exit 2
  ;;
esac

missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "setup: all packages are installed"
  exit 0
fi
echo "setup: installing$missing"

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "error: not root and no sudo; install as root:$missing" >&2
    exit 1
  }
  as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
# A container that runs other installations at the same time holds the lock.
apt="$as_root apt-get -o DPkg::Lock::Timeout=300"
$apt update -q
# shellcheck disable=SC2086 # lists of words
$apt install -q -y --no-install-recommends $missing
