//===- Names.h - names of values and nodes in a model file ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_EXPORT_NAMES_H
#define QOPT_LIB_EXPORT_NAMES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace mlir::qopt::exporter {

/// The name that a location carries, or empty.
llvm::StringRef nameOf(Location loc);

/// Hands out names, each once. ONNX wants values of a model to differ, those of
/// inner graphs from those of outer ones too; distinct node names are for
/// readers.
class Names {
public:
  /// Takes a name that the model fixes; false if it is taken.
  bool take(llvm::StringRef name) { return taken.insert(name).second; }
  /// `wanted`, or with a number behind it.
  std::string unique(llvm::StringRef wanted);

private:
  llvm::StringSet<> taken;
  llvm::StringMap<unsigned> next;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_NAMES_H
