//===- TargetISA.cpp - the instruction sets of a library ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Target/TargetISA.h"
#include "qopt/Runtime/ModelABI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir::qopt;

static const TargetISA targets[] = {
    {"amx",
     QOPT_CPU_X86_V3 | QOPT_CPU_AVX512 | QOPT_CPU_AVX512_VNNI |
         QOPT_CPU_AMX_TILE | QOPT_CPU_AMX_INT8,
     "x86-64-v4", "+avx512vnni,+amx-tile,+amx-int8", 512},
    {"avx512vnni", QOPT_CPU_X86_V3 | QOPT_CPU_AVX512 | QOPT_CPU_AVX512_VNNI,
     "x86-64-v4", "+avx512vnni", 512},
    {"avx2", QOPT_CPU_X86_V3, "x86-64-v3", "", 256},
};

llvm::ArrayRef<TargetISA> mlir::qopt::getTargetISAs() { return targets; }

const TargetISA *mlir::qopt::findTargetISA(llvm::StringRef name) {
  const auto *found = llvm::find_if(
      targets, [&](const TargetISA &isa) { return isa.name == name; });
  return found == std::end(targets) ? nullptr : found;
}

/// The bits of Runtime/ModelABI.h by LLVM's names of what they comprise.
static bool hostHas(uint64_t features) {
  static const struct {
    uint64_t bit;
    llvm::StringLiteral name;
  } table[] = {{QOPT_CPU_X86_V3, "avx2"},
               {QOPT_CPU_X86_V3, "fma"},
               {QOPT_CPU_X86_V3, "f16c"},
               {QOPT_CPU_X86_V3, "bmi2"},
               {QOPT_CPU_AVX512, "avx512f"},
               {QOPT_CPU_AVX512, "avx512bw"},
               {QOPT_CPU_AVX512, "avx512dq"},
               {QOPT_CPU_AVX512, "avx512vl"},
               {QOPT_CPU_AVX512_VNNI, "avx512vnni"},
               {QOPT_CPU_AMX_TILE, "amx-tile"},
               {QOPT_CPU_AMX_INT8, "amx-int8"}};
  auto host = llvm::sys::getHostCPUFeatures();
  return llvm::none_of(table, [&](const auto &entry) {
    return (features & entry.bit) && !host.lookup(entry.name);
  });
}

const TargetISA &mlir::qopt::hostTargetISA() {
  for (const TargetISA &isa : targets)
    if (hostHas(isa.features))
      return isa;
  return *std::prev(std::end(targets));
}
