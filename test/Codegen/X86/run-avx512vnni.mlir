// Products of generated kernels against a scalar reference, at ragged shapes: K not
// a multiple of 64 or of the unrolling, N with every kind of tail, M from 0 up.
// REQUIRES: avx512-vnni
// RUN: %S/Inputs/run.sh avx512vnni codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 7 5 2 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni parts 100 70 43 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f32 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f32 384 96 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni bf16 32 5 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni bf16 160 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f16 5 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni rows 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni steps 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni contractions 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni contractions 19 | FileCheck %s
// Groups of rows, zero points, outlier columns out of the codes; weight-only.
// RUN: %S/Inputs/run.sh avx512vnni groups 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni groups 100 70 28 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni groups 384 96 128 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni groups 200 33 192 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni zeros 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni zeros 172 70 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni zeros 384 70 64 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni zeros 7 5 4 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni bytes 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni bytes 172 33 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni bytes 7 5 4 | FileCheck %s
// erf of an epilogue.
// RUN: %S/Inputs/run.sh avx512vnni erf 1 | FileCheck %s
// The longest sums that fit i32, and one more in two groups.
// RUN: %S/Inputs/run.sh avx512vnni groups 133144 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni zeros 66311 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni groups 133145 3 133120 | FileCheck %s
// CHECK: equal
