//===- TargetISA.cpp - the machines and instruction sets of a library -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Target/TargetISA.h"
#include "qopt/Runtime/ModelABI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir::qopt;
using llvm::StringRef;

static const char x86Triple[] = "x86_64-linux-gnu";
static const char armTriple[] = "aarch64-linux-gnu";

static const TargetISA x86ISAs[] = {
    {"amx",
     QOPT_CPU_X86_V3 | QOPT_CPU_AVX512 | QOPT_CPU_AVX512_VNNI |
         QOPT_CPU_AMX_TILE | QOPT_CPU_AMX_INT8 | QOPT_CPU_AMX_BF16,
     "x86-64-v4", "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8,+amx-bf16", "",
     512, x86Triple},
    {"avx512vnni", QOPT_CPU_X86_V3 | QOPT_CPU_AVX512 | QOPT_CPU_AVX512_VNNI,
     "x86-64-v4", "+avx512vnni", "", 512, x86Triple},
    {"avxvnni", QOPT_CPU_X86_V3 | QOPT_CPU_AVX_VNNI, "x86-64-v3", "+avxvnni",
     "", 256, x86Triple},
    {"avx2", QOPT_CPU_X86_V3, "x86-64-v3", "", "", 256, x86Triple},
};

// LLVM's generic core works in order: its schedules hoist loads until registers
// run out.
static const TargetISA armISAs[] = {
    {"i8mm", QOPT_CPU_NEON | QOPT_CPU_DOTPROD | QOPT_CPU_I8MM, "generic",
     "+neon,+dotprod,+i8mm", "neoverse-v1", 128, armTriple},
    {"dotprod", QOPT_CPU_NEON | QOPT_CPU_DOTPROD, "generic", "+neon,+dotprod",
     "neoverse-n1", 128, armTriple},
    {"neon", QOPT_CPU_NEON, "generic", "+neon", "cortex-a72", 128, armTriple},
};

static const StringRef x86Folders[] = {"/lib/x86_64-linux-gnu",
                                       "/usr/lib/x86_64-linux-gnu", "/lib64"};
static const StringRef armFolders[] = {"/usr/aarch64-linux-gnu/lib",
                                       "/lib/aarch64-linux-gnu",
                                       "/usr/lib/aarch64-linux-gnu"};

/// An address of AArch64 code is 4 GiB away at most; some of that is code.
constexpr uint64_t kArmReach = (4ull << 30) - (64ull << 20);

static const TargetMachineSpec machines[] = {
    {x86Triple, "x86_64-unknown-linux-gnu", llvm::ELF::EM_X86_64,
     /*reach=*/0, /*packedDepth=*/4, x86Folders, "libc6:amd64", x86ISAs},
    {armTriple, "aarch64-unknown-linux-gnu", llvm::ELF::EM_AARCH64, kArmReach,
     /*packedDepth=*/8, armFolders, "libc6-dev-arm64-cross", armISAs},
};

const TargetMachineSpec *mlir::qopt::findTargetMachine(StringRef triple) {
  std::string name = triple.empty() ? llvm::sys::getDefaultTargetTriple()
                                    : llvm::Triple::normalize(triple);
  llvm::Triple wanted(name);
  const auto *found = llvm::find_if(machines, [&](const auto &machine) {
    llvm::Triple known(machine.llvmTriple);
    return known.getArch() == wanted.getArch() &&
           known.getOS() == wanted.getOS() &&
           known.getEnvironment() == wanted.getEnvironment();
  });
  if (found != std::end(machines))
    return found;
  return triple.empty() ? machines : nullptr;
}

std::string mlir::qopt::listTargetMachines() {
  return llvm::join(
      llvm::map_range(machines,
                      [](const auto &machine) { return machine.triple; }),
      ", ");
}

const TargetISA *mlir::qopt::findTargetISA(StringRef name) {
  for (const TargetMachineSpec &machine : machines)
    for (const TargetISA &isa : machine.isas)
      if (isa.name == name)
        return &isa;
  return nullptr;
}

std::optional<TargetISA> mlir::qopt::emulatedTargetISA(const TargetISA &isa) {
  if (isa.triple != x86Triple)
    return std::nullopt;
  TargetISA emulated = *findTargetISA("avx2");
  emulated.name = isa.name;
  return emulated;
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
               {QOPT_CPU_AVX_VNNI, "avxvnni"},
               {QOPT_CPU_AMX_TILE, "amx-tile"},
               {QOPT_CPU_AMX_INT8, "amx-int8"},
               // No processor has one of these without the other.
               {QOPT_CPU_AMX_BF16, "amx-bf16"},
               {QOPT_CPU_AMX_BF16, "avx512bf16"},
               {QOPT_CPU_NEON, "neon"},
               {QOPT_CPU_DOTPROD, "dotprod"},
               {QOPT_CPU_I8MM, "i8mm"}};
  auto host = llvm::sys::getHostCPUFeatures();
  return llvm::none_of(table, [&](const auto &entry) {
    return (features & entry.bit) && !host.lookup(entry.name);
  });
}

const TargetISA &mlir::qopt::hostTargetISA(llvm::ArrayRef<std::string> wanted) {
  llvm::ArrayRef<TargetISA> isas = findTargetMachine("")->isas;
  for (const TargetISA &isa : isas)
    if (llvm::is_contained(wanted, isa.name) && hostHas(isa.features))
      return isa;
  for (const TargetISA &isa : isas)
    if (hostHas(isa.features))
      return isa;
  return isas.back();
}
