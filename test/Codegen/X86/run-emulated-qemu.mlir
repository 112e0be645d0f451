// Kernels of every instruction set on a CPU that has AVX2 and nothing newer.
// REQUIRES: qemu-x86-64
// RUN: env QEMU=Haswell %S/Inputs/run.sh avx2 codes 100 70 3 2>/dev/null | FileCheck %s
// RUN: env QEMU=Haswell %S/Inputs/run.sh avx2 rows 130 2>/dev/null | FileCheck %s
// RUN: env QEMU=Haswell %S/Inputs/run.sh avx2 zeros 172 70 32 2>/dev/null | FileCheck %s
// RUN: env QEMU=max %S/Inputs/run.sh avx2 groups 100 70 28 2>/dev/null | FileCheck %s
// RUN: env QEMU=Haswell EMULATE=1 %S/Inputs/run.sh amx codes 100 70 3 2>/dev/null | FileCheck %s
// RUN: env QEMU=Haswell EMULATE=1 %S/Inputs/run.sh amx steps 130 2>/dev/null | FileCheck %s
// RUN: env QEMU=Haswell EMULATE=1 %S/Inputs/run.sh avx512vnni codes 100 70 3 2>/dev/null | FileCheck %s
// RUN: env QEMU=max EMULATE=1 %S/Inputs/run.sh avx512vnni rows 130 2>/dev/null | FileCheck %s
// Without emulation the instructions are missing there.
// RUN: not env QEMU=Haswell %S/Inputs/run.sh avx512vnni codes 100 70 3 2>/dev/null
// CHECK: equal
