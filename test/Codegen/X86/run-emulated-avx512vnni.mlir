// Kernels for 512-bit vectors with VNNI where there are none: the same results, bit for bit, by code for
// every x86-64-v3, against scalar references. Shapes as in run-avx512vnni.mlir.
// REQUIRES: avx2
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni codes 64 32 1 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni codes 100 70 3 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni codes 384 200 6 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni codes 7 5 2 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni rows 130 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni steps 130 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni contractions 19 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni f16 129 64 0 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni groups 100 70 28 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni groups 384 96 128 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni zeros 172 70 32 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni zeros 7 5 4 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh avx512vnni bytes 172 33 32 | FileCheck %s
// CHECK: equal
