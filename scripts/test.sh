#!/bin/sh
# Installs, builds and runs every test. Ends with the summary of each runner and the
# minutes it took, and fails when one of them failed. Arguments select runners:
# test.sh lit models
#   --full       the long forms: all variants of the conformance tests and their page,
#                five times as many products of every scheme, each on all instruction
#                sets, and the exports of every model in every quantized form
#   --exporters  also installs PyTorch's exporters (6 GB) and tests what they write
# All rows of the accuracy page, with the page, are scripts/accuracy.sh.
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

# Of what begins at $1, since the epoch.
minutes() { awk "BEGIN { printf \"%.1f\", ($(date +%s) - $1) / 60 }"; }
began=$(date +%s)
scripts/setup-debian.sh --browser
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
echo "== packages and build: $(minutes "$began") minutes"
for name in "$@"; do
  # Of two forms the long one holds the other.
  case "$full $* " in
  -C*" $name-full "*) continue ;;
  esac
  printf '== %s' "$name"
  start=$(date +%s)
  # shellcheck disable=SC2086
  ctest --test-dir build $full -R "^$name\$" --no-tests=error -V \
    >"build/test-logs/$name.log" 2>&1 || failed="$failed $name"
  minutes "$start" >"build/test-logs/$name.minutes"
  echo ": $(cat "build/test-logs/$name.minutes") minutes"
  # ctest prefixes the lines of a test with its number.
  sed -n 's/^[0-9]*: \?//p' "build/test-logs/$name.log" >"build/test-logs/$name.txt"
  case " $failed " in
  *" $name "*) grep -vE '^PASS' "build/test-logs/$name.txt" | tail -n 60 ;;
  esac
done

echo
for name in "$@"; do
  [ -f "build/test-logs/$name.txt" ] || continue
  echo "$name: $(cat "build/test-logs/$name.minutes") minutes"
  # lit's table or a runner's last line.
  grep -E '^ *(Passed|Failed|Unsupported|Unresolved|Timed Out|Expectedly Failed) *:|[0-9]+ passed' \
    "build/test-logs/$name.txt" | sed 's/^ */  /' | tail -n 6
done
echo "all: $(minutes "$began") minutes"
if [ -n "$failed" ]; then
  # Once more what failed, since logs are often cut to their end.
  for name in $failed; do
    grep -E '^(FAIL|FAILED|UNRESOLVED|TIMEOUT)|^\[  FAILED|\*\*\*Failed|\*\*\*Timeout' \
      "build/test-logs/$name.txt" | sed "s/^/$name: /" | tail -n 12
  done
  echo "FAILED:$failed"
  exit 1
fi
echo "all passed"
