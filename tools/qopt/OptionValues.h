//===- OptionValues.h - values of flags that have a grammar -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is wrong with a value is one line on stderr, and false.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_OPTIONVALUES_H
#define QOPT_TOOLS_QOPT_OPTIONVALUES_H

#include "qopt/Pipelines/Compile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

namespace mlir::qopt {

/// Prints the `error:` line. Always false.
bool usageError(const llvm::Twine &message);

/// `NAME:1x128`; the name may hold colons.
bool parseShape(llvm::StringRef text, std::vector<InputShape> &shapes);

/// `NAME=128` or `NAME=1..2048[,opt=128]`; the name may hold an equals sign.
bool parseDim(llvm::StringRef text, std::vector<DimRange> &dims);

/// `REGEX=SCHEME`, or `REGEX[=f16|f32]` for a kept layer.
bool parseRule(llvm::StringRef text, bool keep, std::vector<LayerRule> &rules);

/// Names of TargetISA.h.
bool checkISAs(llvm::StringRef triple, llvm::ArrayRef<std::string> names);

/// Names of LiftNames.h.
bool checkLiftNames(llvm::ArrayRef<std::string> names);

/// `2G`, `512M`, `0`; a plain number is bytes.
bool parseBytes(llvm::StringRef text, uint64_t &bytes);

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_OPTIONVALUES_H
