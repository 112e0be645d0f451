#!/bin/sh
# run.sh ISA codes|parts|f32|f16|bf16 K N J [time]
# run.sh ISA groups|zeros K N GROUP [time]
# run.sh ISA bytes K N GROUP [time]
# run.sh ISA rows|steps K
# run.sh ISA contractions D [time]
# run.sh ISA erf 1
# Builds kernels through the pipelines of the compiler and runs them against the
# scalar references beside this file. Called by the tests, and by hand to measure.
# EMULATE=1 replaces the instructions that x86-64-v3 lacks; QEMU=CPU runs on that one.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -e
here=$(dirname "$0")
isa=$1 kind=$2 k=$3
shift 3
n=1 j=1
case $kind in
  codes | parts | f32 | f16 | bf16 | groups | zeros | bytes) n=$1 j=$2 && shift 2 ;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
panels=$(((n + 31) / 32)) kblocks=$(((k + 63) / 64))
cpu=x86-64-v4 features=+avx512vnni offset=128 tiles=0
case $isa in
  amx) features=+avx512vnni,+amx-tile,+amx-int8,+amx-bf16 offset=0 tiles=1 ;;
  avxvnni) cpu=x86-64-v3 features=+avxvnni ;;
  avx2) cpu=x86-64-v3 features= offset=0 ;;
esac
emulate=
if [ -n "$EMULATE" ]; then
  cpu=x86-64-v3 features= emulate=" emulate=true"
fi
# Rows of K that share a scale; 0: all of them.
group=$j clause="group $j" scales=${n} sums=$((panels * 32))
if [ "$group" = 0 ]; then
  clause=
else
  scales=$(((k + group - 1) / group))x$scales sums=$(((k + group - 1) / group))x$sums
fi
zeros=
[ $kind = zeros ] && zeros="zero_points(%zeros : tensor<?xi32>)"
case $kind in
  groups) source=run-schemes.mlir program=schemes.c defines="-DOFFSET=$offset -DZERO=0 -DGROUP=$group" ;;
  zeros) source=run-schemes.mlir program=schemes.c defines="-DOFFSET=$offset -DZERO=1 -DGROUP=$group" ;;
  bytes) source=run-bytes.mlir program=schemes.c defines="-DBYTES -DGROUP=$group" ;;
  codes) source=run-codes.mlir program=matmul.c defines="-DCODES -DOFFSET=$offset -DJ=$j -DTILES=$tiles" ;;
  parts) source=run-codes.mlir program=matmul.c defines="-DCODES -DPARTS -DOFFSET=$offset -DJ=$j -DTILES=$tiles" ;;
  f16) source=run-floats.mlir program=matmul.c defines=-DWEIGHT=_Float16 ;;
  bf16) source=run-pairs.mlir program=matmul.c defines="-DPAIRS -DWEIGHT=__bf16" ;;
  f32) source=run-floats.mlir program=matmul.c defines=-DWEIGHT=float ;;
  rows) source=run-rows.mlir program=rows.c defines=-DOFFSET=$offset ;;
  steps) source=run-steps.mlir program=steps.c defines=-DOFFSET=$offset ;;
  erf) source=run-erf.mlir program=erf.c defines= ;;
  contractions) source=run-contractions.mlir program=contraction.c defines=-DD=$k ;;
esac
# Outliers of a list in rows, or in parts: 32 are two tiles, up to 10, 21 behind them one, two.
tail=${j}x$((panels * 32))xf16 rest=$((j % 32))
if [ $kind = parts ]; then
  extra=$(((3 * rest + 31) / 32))
  tail=${panels}x$((j / 32 * 2 + (extra > 2 ? 2 : extra)))x2x16x32xbf16
fi
sed -e "s/TAILROWS/$tail/g" -e "s/GROUP/$clause/; s/ZEROS/$zeros/; s/SCALES/$scales/g; s/SUMS/$sums/g" -e "s/KP/$((kblocks * 64))/g; s/KBLOCKS/$kblocks/g; s/PANELS/$panels/g; s/WIDTH/$((panels * 32))/g" \
    -e "s/COLUMNS/$n/g; s/TAIL/$j/g; s/DEPTH/$k/g; s/WEIGHT/$kind/g; s/STEPS/$((k / 32))/g" "$here/$source" > "$dir/in.mlir"
qopt-opt "$dir/in.mlir" --qopt-buffers "--qopt-variant=isa=$isa$emulate" -o "$dir/llvm.mlir"
mlir-translate --mlir-to-llvmir "$dir/llvm.mlir" -o "$dir/in.ll"
opt -O3 -mcpu=$cpu -mattr=$features "$dir/in.ll" -o "$dir/opt.bc"
llc -O3 -mcpu=$cpu -mattr=$features -relocation-model=pic -filetype=obj "$dir/opt.bc" -o "$dir/kernel.o"
${CC:-clang-22} -O2 -mf16c -mfma -ffp-contract=off -DISA=$isa -DK=$k -DN=$n $defines "$here/$program" "$dir/kernel.o" -lm -o "$dir/run"
${QEMU:+qemu-x86_64 -cpu $QEMU} "$dir/run" "$@"
