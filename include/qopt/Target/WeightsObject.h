//===- WeightsObject.h - the weights file as an object file -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are most of a model. Going through the assembler they would be in
// memory three times over; here the file that the compiler writes them to is
// the object file that the linker maps: its ELF header goes into room left at
// the start, its tables behind the bytes.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_WEIGHTSOBJECT_H
#define QOPT_TARGET_WEIGHTSOBJECT_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <system_error>

namespace mlir::qopt {

/// What the writer of the weights leaves free in front of them: an ELF header,
/// and one cache line.
constexpr uint64_t kWeightsHeaderBytes = 64;

/// Makes the file an object that defines the hidden symbol `qopt_weights`.
/// `large` places it where code of x86-64 needs 64 bits to reach it.
std::error_code finishWeightsObject(llvm::StringRef path, uint16_t elfMachine,
                                    bool large);

} // namespace mlir::qopt

#endif // QOPT_TARGET_WEIGHTSOBJECT_H
