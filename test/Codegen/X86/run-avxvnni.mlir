// As run-avx512vnni.mlir.
// REQUIRES: avx-vnni
// RUN: %S/Inputs/run.sh avxvnni codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni codes 7 5 2 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni rows 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni steps 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni steps 130 | FileCheck %s
// Groups of rows, zero points, outlier columns out of the codes.
// RUN: %S/Inputs/run.sh avxvnni groups 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni groups 100 70 28 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni groups 384 96 128 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni groups 200 33 192 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni zeros 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni zeros 172 70 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni zeros 384 70 64 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni zeros 7 5 4 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni bytes 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni bytes 172 33 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni bytes 7 5 4 | FileCheck %s
// The longest sums that fit i32, and one more in two groups.
// RUN: %S/Inputs/run.sh avxvnni groups 133144 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni zeros 66311 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avxvnni groups 133145 3 133120 | FileCheck %s
// CHECK: equal
