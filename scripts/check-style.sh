#!/usr/bin/env bash
# Everything about the sources that needs no run: formatting, text lint, generated
# pages, clang-tidy.
#   check-style.sh          clang-tidy on what differs from origin/main (QOPT_STYLE_BASE)
#   check-style.sh --all    clang-tidy on everything: minutes
#   check-style.sh --quick  no clang-tidy
# Needs a build for clang-tidy and for the page of real compiler output.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -uo pipefail
cd "$(dirname "$0")/.."
mode=${1:-}
if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "skipped: needs the git repository, to know which files are its own"
  exit 77
fi
passed=0
failed=""

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed="$failed $name"
  fi
}

format() {
  git ls-files -z '*.c' '*.cpp' '*.h' '*.hpp' | xargs -0 clang-format-22 --dry-run -Werror
}

text() {
  git ls-files -z | xargs -0 python3 scripts/check_text.py
}

# Translation units of lib and tools that changed since the base, or are not committed.
changed() {
  local base
  base=$(git merge-base HEAD "${QOPT_STYLE_BASE:-origin/main}" 2>/dev/null || echo HEAD)
  {
    git diff --name-only --diff-filter=d "$base"
    git ls-files --others --exclude-standard
  } | grep -E '^(lib|tools)/.*\.(c|cpp)$' | sort -u
}

tidy() {
  local files
  if [[ $mode == --all ]]; then
    files=$(git ls-files 'lib/*.c' 'lib/*.cpp' 'tools/*.cpp')
  else
    files=$(changed)
  fi
  [[ -n $files ]] || return 0
  if [[ ! -f build/compile_commands.json ]]; then
    echo "clang-tidy needs a build: scripts/build.sh" >&2
    return 1
  fi
  # shellcheck disable=SC2086 # a list of names
  scripts/tidy.py $files
}

check format format
check text text
check generated-pages scripts/generate-docs.sh --check
if [[ -x build/bin/qopt ]]; then
  check walkthrough scripts/walkthrough.py --check
fi
[[ $mode == --quick ]] || check clang-tidy tidy

echo "check-style: $passed passed, $(wc -w <<<"$failed") failed"
[[ -z $failed ]] || echo "failed:$failed"
[[ -z $failed ]]
