// Kernels for tiles of AMX where there are none: the same results, bit for bit, by code for
// every x86-64-v3, against scalar references. Shapes as in run-amx.mlir.
// REQUIRES: avx2
// RUN: env EMULATE=1 %S/Inputs/run.sh amx codes 64 32 1 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx codes 100 70 3 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx codes 384 200 6 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx codes 7 5 2 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx parts 100 70 43 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx rows 130 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx steps 130 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx contractions 19 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx f16 129 64 0 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx groups 100 70 28 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx groups 384 96 128 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx zeros 172 70 32 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx zeros 7 5 4 | FileCheck %s
// RUN: env EMULATE=1 %S/Inputs/run.sh amx bytes 172 33 32 | FileCheck %s
// CHECK: equal
