//===- TargetISA.h - the machines and instruction sets of a library -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_TARGETISA_H
#define QOPT_TARGET_TARGETISA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::qopt {

struct TargetISA {
  /// What users type in --isa and QOPT_ISA; suffix of generated symbols.
  llvm::StringRef name;
  /// QOPT_CPU_* bits of Runtime/ModelABI.h that a machine must have.
  uint64_t features;
  /// LLVM's target.
  llvm::StringRef cpu;
  llvm::StringRef attributes;
  /// The core whose pipelines code is scheduled for; empty: as for `cpu`.
  llvm::StringRef tune;
  /// Bits of the vectors that the loop vectorizer may form.
  unsigned vectorWidth;
  /// The machine, as in TargetMachineSpec.
  llvm::StringRef triple;
};

/// A kind of machine that libraries are made for.
struct TargetMachineSpec {
  /// In Debian's words: what users type in --mtriple, and the folder of the
  /// runtime archive.
  llvm::StringRef triple;
  /// In LLVM's words.
  llvm::StringRef llvmTriple;
  /// e_machine of its object files.
  uint16_t elfMachine;
  /// Bytes that code may be apart from what it refers to, 0: any number of
  /// them, with a section of their own for weights.
  uint64_t reach;
  /// Codes of one column side by side in packed weights.
  int64_t packedDepth;
  /// Where libc.so.6 and libm.so.6 may be.
  llvm::ArrayRef<llvm::StringRef> libraryFolders;
  /// What to install when they, or the runtime archive, are missing.
  llvm::StringRef packages;
  /// Best first.
  llvm::ArrayRef<TargetISA> isas;
};

/// The one of that triple, in LLVM's words or Debian's, or null. Empty: that of
/// this machine.
const TargetMachineSpec *findTargetMachine(llvm::StringRef triple);
/// The triples of all of them, for messages.
std::string listTargetMachines();

/// The instruction set of that name, on any machine, or null.
const TargetISA *findTargetISA(llvm::StringRef name);

/// For tests: the same by name, with code for every x86-64-v3; nothing for
/// other machines than x86.
std::optional<TargetISA> emulatedTargetISA(const TargetISA &isa);

/// The best one that this machine runs, by CPUID; the last one when it runs
/// none. `wanted`: the best of these, if it runs any of them.
const TargetISA &hostTargetISA(llvm::ArrayRef<std::string> wanted = {});

} // namespace mlir::qopt

#endif // QOPT_TARGET_TARGETISA_H
