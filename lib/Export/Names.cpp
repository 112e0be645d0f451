//===- Names.cpp - names of values and nodes in a model file --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Names.h"

using namespace llvm;

namespace mlir::qopt::exporter {

StringRef nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().getValue();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = nameOf(part); !name.empty())
        return name;
  return {};
}

std::string Names::unique(StringRef wanted) {
  std::string name = wanted.str();
  unsigned &number = next[wanted];
  while (!take(name))
    name = (wanted + "_" + Twine(++number)).str();
  return name;
}

} // namespace mlir::qopt::exporter
