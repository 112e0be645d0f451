// Products of generated kernels against a scalar reference, at ragged shapes: K not
// a multiple of 64 or of the unrolling, N with every kind of tail, M from 0 up.
// REQUIRES: avx512-vnni
// RUN: %S/Inputs/run.sh avx512vnni codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni codes 7 5 2 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f32 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f32 384 96 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f16 5 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni rows 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni steps 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni contractions 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx512vnni contractions 19 | FileCheck %s
// CHECK: equal
