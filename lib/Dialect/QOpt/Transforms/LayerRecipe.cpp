//===- LayerRecipe.cpp - what the plan says on an operation ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/LayerRecipe.h"

using namespace mlir;

namespace mlir::qopt {

FailureOr<SchemeSpec> recipeOf(ContractionOpInterface op) {
  auto text = op->getAttrOfType<StringAttr>(recipeAttrName);
  if (!text)
    return SchemeSpec();
  llvm::Expected<SchemeSpec> spec = SchemeSpec::parse(text.getValue());
  if (!spec)
    return emitError(op->getLoc())
           << recipeAttrName << ": " << llvm::toString(spec.takeError());
  return *spec;
}

void addNote(ContractionOpInterface op, const Twine &text) {
  std::string note = text.str();
  if (auto old = op->getAttrOfType<StringAttr>(noteAttrName))
    note = old.str() + "; " + note;
  op->setAttr(noteAttrName, StringAttr::get(op->getContext(), note));
}

} // namespace mlir::qopt
