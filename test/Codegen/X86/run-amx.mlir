// Products on tiles against a scalar reference: M from 0 up, so that tiles overlap by
// every number of rows and small products go by vectors; K not a multiple of 64, N not
// of 32. Its codes are signed.
// REQUIRES: amx-int8
// RUN: %S/Inputs/run.sh amx codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 7 5 2 | FileCheck %s
// Parts of K, the last one shorter, whose sums meet in the epilogue; with rows that
// stay in L1, with rows that are copied, and with the weights fetched ahead.
// RUN: %S/Inputs/run.sh amx codes 2100 330 1 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 2048 1030 0 | FileCheck %s
// Two tiles of outlier columns, with rows of the last tile that are not there.
// RUN: %S/Inputs/run.sh amx codes 2048 1030 33 | FileCheck %s
// Weights of known columns: a step for few of them, two, three, and some behind 32.
// RUN: %S/Inputs/run.sh amx parts 100 70 7 | FileCheck %s
// RUN: %S/Inputs/run.sh amx parts 384 200 17 | FileCheck %s
// RUN: %S/Inputs/run.sh amx parts 100 70 27 | FileCheck %s
// RUN: %S/Inputs/run.sh amx parts 2048 1030 32 | FileCheck %s
// RUN: %S/Inputs/run.sh amx parts 100 70 43 | FileCheck %s
// Chunks of the weights, the last one smaller.
// RUN: %S/Inputs/run.sh amx codes 3000 330 1 | FileCheck %s
// RUN: %S/Inputs/run.sh amx f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh amx steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh amx contractions 19 | FileCheck %s
// Groups of rows, zero points, outlier columns out of the codes; weight-only.
// RUN: %S/Inputs/run.sh amx groups 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx groups 100 70 28 | FileCheck %s
// RUN: %S/Inputs/run.sh amx groups 384 96 128 | FileCheck %s
// RUN: %S/Inputs/run.sh amx groups 200 33 192 | FileCheck %s
// RUN: %S/Inputs/run.sh amx zeros 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx zeros 172 70 32 | FileCheck %s
// RUN: %S/Inputs/run.sh amx zeros 384 70 64 | FileCheck %s
// RUN: %S/Inputs/run.sh amx zeros 7 5 4 | FileCheck %s
// RUN: %S/Inputs/run.sh amx bytes 100 70 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx bytes 172 33 32 | FileCheck %s
// RUN: %S/Inputs/run.sh amx bytes 7 5 4 | FileCheck %s
// erf of an epilogue.
// RUN: %S/Inputs/run.sh amx erf 1 | FileCheck %s
// The longest sums that fit i32, and one more in two groups.
// RUN: %S/Inputs/run.sh amx groups 133144 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx zeros 66311 3 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx groups 133145 3 133120 | FileCheck %s
// CHECK: equal
