//===- SmoothPairs.cpp - which operation can take a factor per channel ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Backward from an activation to operations that could take the factors,
// forward from each to everything that would see them. The graph decides, not
// the names of a known model: a residual that reads a norm, or an output of the
// model, rules that norm out.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mlir::qopt {

/// Values looked at on one way; models that need more have no pair here.
static constexpr size_t maxValues = 64;

static std::string describe(Operation *op) {
  StringRef name = nodeName(op);
  return name.empty() ? op->getName().getStringRef().str() : quoteName(name);
}

/// Looks through one use of a value that would carry the factors. Appends the
/// value behind it to `next` if factors go on there. Empty, or why not.
static std::string followUse(OpOperand &use, ScalePair &pair,
                             llvm::SetVector<Value> &next) {
  Operation *user = use.getOwner();
  if (user->hasTrait<OpTrait::IsTerminator>())
    return "the result of " + describe(pair.producer) +
           " is an output of the model";
  if (auto contraction = dyn_cast<ContractionOpInterface>(user)) {
    if (contraction.getActivation() != use.get() ||
        contraction.getWeight() == use.get())
      return describe(user) + " reads " + describe(pair.producer) +
             " as second operand";
    std::string why = whyNotQuantizable(contraction);
    if (!why.empty())
      return describe(user) + " reads " + describe(pair.producer) +
             " too: " + why;
    pair.readers.push_back(contraction);
    if (!llvm::is_contained(pair.activations, use.get()))
      pair.activations.push_back(use.get());
    return {};
  }
  auto passing = dyn_cast<ScalePassingOpInterface>(user);
  if (passing && passing.readsOnlyShape())
    return {};
  if (!passing || !llvm::is_contained(passing.getScalePassingOperands(), &use))
    return describe(user) + " reads " + describe(pair.producer) + " too";
  // Through two operands the factors would count twice.
  if (!next.insert(user->getResult(0)))
    return describe(user) + " reads " + describe(pair.producer) + " twice";
  return {};
}

/// Fills the readers of pair.producer. Empty, or why something else than
/// products with constant weights would see factors.
static std::string collectReaders(ScalePair &pair) {
  llvm::SetVector<Value> values;
  values.insert(pair.producer->getResult(0));
  for (size_t i = 0; i < values.size(); ++i) {
    if (values.size() > maxValues)
      return "the result of " + describe(pair.producer) +
             " is read in too many places";
    for (OpOperand &use : values[i].getUses()) {
      std::string why = followUse(use, pair, values);
      if (!why.empty())
        return why;
    }
  }
  return {};
}

std::optional<ScalePair> findScalePair(Value activation, std::string &reason) {
  // A producer that others read says more than an operation without constants.
  std::string forked, none;
  auto keepFirst = [](std::string &kept, std::string text) {
    if (kept.empty())
      kept = std::move(text);
  };
  llvm::SetVector<Value> values;
  values.insert(activation);
  for (size_t i = 0; i < values.size() && i < maxValues; ++i) {
    Operation *op = values[i].getDefiningOp();
    if (!op) {
      keepFirst(none, "it is an input of the model");
      continue;
    }
    bool first = values[i] == op->getResult(0);
    auto absorber = dyn_cast<ScaleAbsorbingOpInterface>(op);
    std::string why;
    if (first && absorber && absorber.canAbsorbScale(why)) {
      ScalePair pair{absorber, {}, {}};
      why = collectReaders(pair);
      if (why.empty())
        return pair;
      keepFirst(forked, why);
    }
    auto passing = dyn_cast<ScalePassingOpInterface>(op);
    SmallVector<OpOperand *> operands;
    if (first && passing)
      operands = passing.getScalePassingOperands();
    for (OpOperand *operand : operands)
      values.insert(operand->get());
    if (operands.empty())
      keepFirst(none, describe(op) + (absorber && !why.empty()
                                          ? " takes no factors: " + why
                                          : " takes no factors"));
  }
  reason = forked.empty() ? none : forked;
  return std::nullopt;
}

} // namespace mlir::qopt
