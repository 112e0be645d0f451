// As run-avx512vnni.mlir.
// REQUIRES: avx2
// RUN: %S/Inputs/run.sh avx2 codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 7 5 2 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 parts 100 70 43 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f32 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f32 384 96 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 bf16 32 5 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 bf16 160 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f16 5 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 rows 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 steps 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 contractions 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 contractions 19 | FileCheck %s
// Groups of rows, zero points, outlier columns out of the codes; weight-only.
// RUN: %S/Inputs/run.sh avx2 groups 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 groups 100 70 28 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 groups 384 96 128 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 groups 200 33 192 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 zeros 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 zeros 172 70 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 zeros 384 70 64 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 zeros 7 5 4 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 bytes 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 bytes 172 33 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 bytes 7 5 4 | FileCheck %s
// erf of an epilogue.
// RUN: %S/Inputs/run.sh avx2 erf 1 | FileCheck %s
// The longest sums that fit i32, and one more in two groups.
// RUN: %S/Inputs/run.sh avx2 groups 133144 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 zeros 66311 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 groups 133145 3 133120 | FileCheck %s
// CHECK: equal
