//===- LayerRecipe.h - what the plan says on an operation -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of the plan that more than one pass reads or adds to.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRECIPE_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRECIPE_H

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"

namespace mlir::qopt {

/// `qopt.recipe`; the defaults for a scheme that was written by hand.
FailureOr<SchemeSpec> recipeOf(ContractionOpInterface op);

/// Appends to `qopt.note`.
void addNote(ContractionOpInterface op, const Twine &text);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_LAYERRECIPE_H
