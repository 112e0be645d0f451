//===- TargetISA.h - the instruction sets that a library is compiled for --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_TARGETISA_H
#define QOPT_TARGET_TARGETISA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace mlir::qopt {

struct TargetISA {
  /// What users type in --isa and QOPT_ISA; suffix of generated symbols.
  llvm::StringRef name;
  /// QOPT_CPU_* bits of Runtime/ModelABI.h that a machine must have.
  uint64_t features;
  /// LLVM's target.
  llvm::StringRef cpu;
  llvm::StringRef attributes;
  /// Bits of the vectors that the loop vectorizer may form.
  unsigned vectorWidth;
};

/// All instruction sets of x86-64, best first.
llvm::ArrayRef<TargetISA> getTargetISAs();

/// The one of that name, or null.
const TargetISA *findTargetISA(llvm::StringRef name);

/// The best one that this machine runs, by CPUID; the last one when it runs
/// none.
const TargetISA &hostTargetISA();

} // namespace mlir::qopt

#endif // QOPT_TARGET_TARGETISA_H
