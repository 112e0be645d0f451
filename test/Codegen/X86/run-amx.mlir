// Products on tiles against a scalar reference: M from 0 up, so that tiles overlap by
// every number of rows and small products go by vectors; K not a multiple of 64, N not
// of 32. Its codes are signed.
// REQUIRES: amx-int8
// RUN: %S/Inputs/run.sh amx codes 64 32 1 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 100 70 3 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 384 200 6 | FileCheck %s
// RUN: %S/Inputs/run.sh amx codes 7 5 2 | FileCheck %s
// Chunks of the weights, the last one smaller.
// RUN: %S/Inputs/run.sh amx codes 3000 330 1 | FileCheck %s
// RUN: %S/Inputs/run.sh amx f16 129 64 0 | FileCheck %s
// RUN: %S/Inputs/run.sh amx rows 130 | FileCheck %s
// RUN: %S/Inputs/run.sh amx steps 130 | FileCheck %s
// RUN: %S/Inputs/run.sh amx contractions 19 | FileCheck %s
// CHECK: equal
