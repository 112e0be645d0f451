// As run-avx512vnni.mlir.
// REQUIRES: avx2
// RUN: %S/Inputs/run.sh avx2 codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 codes 7 5 2 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f32 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f32 384 96 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f16 5 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 rows 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 steps 7 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 contractions 32 | FileCheck %s
// RUN: %S/Inputs/run.sh avx2 contractions 19 | FileCheck %s
// CHECK: equal
