//===- TargetISA.cpp - the instruction sets of a library ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Target/TargetISA.h"
#include "qopt/Runtime/ModelABI.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir::qopt;

static const TargetISA targets[] = {
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
