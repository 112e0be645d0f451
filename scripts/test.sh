#!/bin/sh
# Installs, builds and runs every test. Ends with the summary of each runner and
# fails when one of them failed. Arguments select runners: test.sh lit models
#   --full       the long forms too: all variants of the conformance tests
#   --exporters  also installs PyTorch's exporters (6 GB) and tests what they write
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

full=""
while :; do
  case ${1:-} in
  --full) full="-C Full" ;;
  --exporters) export QOPT_EXPORTERS=1 ;;
  *) break ;;
  esac
  shift
done

scripts/setup-debian.sh
scripts/build.sh
scripts/python-env.sh
[ -z "${QOPT_EXPORTERS:-}" ] || scripts/python-env.sh --exporters

if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046,SC2086 # lists of words
  set -- $(ctest --test-dir build $full -N | sed -n 's/^ *Test *#[0-9]*: *//p')
fi
failed=""
rm -rf build/test-logs
mkdir -p build/test-logs
for name in "$@"; do
  # Of two forms the long one holds the other.
  case "$full $* " in
  -C*" $name-full "*) continue ;;
  esac
  echo "== $name"
  # shellcheck disable=SC2086
  ctest --test-dir build $full -R "^$name\$" --no-tests=error -V \
    >"build/test-logs/$name.log" 2>&1 || failed="$failed $name"
  # ctest prefixes the lines of a test with its number.
  sed -n 's/^[0-9]*: \?//p' "build/test-logs/$name.log" >"build/test-logs/$name.txt"
  case " $failed " in
  *" $name "*) grep -vE '^PASS' "build/test-logs/$name.txt" | tail -n 60 ;;
  esac
done

echo
for name in "$@"; do
  [ -f "build/test-logs/$name.txt" ] || continue
  echo "$name:"
  # lit's table or a runner's last line.
  grep -E '^ *(Passed|Failed|Unsupported|Unresolved|Timed Out|Expectedly Failed) *:|^minutes:|[0-9]+ passed' \
    "build/test-logs/$name.txt" | sed 's/^ */  /' | tail -n 6
done
if [ -n "$failed" ]; then
  echo "FAILED:$failed"
  exit 1
fi
echo "all passed"
