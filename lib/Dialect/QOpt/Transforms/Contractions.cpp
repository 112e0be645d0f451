//===- Contractions.cpp - the contractions of a model ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be quantized is a matter of form: a constant f32 matrix, rows to put
// scales on. What should be is the plan's business.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mlir::qopt {

StringRef nodeName(Operation *op) {
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    return name.getName();
  return {};
}

SmallVector<ContractionOpInterface> collectContractions(ModuleOp module) {
  SmallVector<ContractionOpInterface> result;
  module.walk([&](ContractionOpInterface op) { result.push_back(op); });
  return result;
}

ElementsAttr constantWeight(ContractionOpInterface op) {
  ElementsAttr value;
  if (matchPattern(op.getWeight(), m_Constant(&value)))
    return value;
  return {};
}

std::pair<int64_t, int64_t> weightShape(ContractionOpInterface op) {
  auto shape = cast<ShapedType>(op.getWeight().getType()).getShape();
  return op.isWeightTransposed() ? std::pair(shape[1], shape[0])
                                 : std::pair(shape[0], shape[1]);
}

static std::string toString(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::string whyNotQuantizable(ContractionOpInterface op) {
  if (std::string reason = op.whyIrregular(); !reason.empty())
    return reason;
  if (!constantWeight(op))
    return "the second operand is not a constant";
  if (op.isActivationTransposed())
    return "the activation is read transposed";
  auto weight = cast<ShapedType>(op.getWeight().getType());
  if (!weight.getElementType().isF32())
    return "the weight is " + toString(weight.getElementType()) +
           ", only f32 is quantized";
  if (weight.getRank() != 2)
    return "the weight has rank " + std::to_string(weight.getRank()) +
           ", not 2";
  auto [k, n] = weightShape(op);
  if (k == 0 || n == 0)
    return "the weight is empty";
  auto activation = dyn_cast<RankedTensorType>(op.getActivation().getType());
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!activation || !result)
    return "the rank of the activation is not known";
  if (activation.getRank() < 2)
    return "the activation has rank " + std::to_string(activation.getRank()) +
           ", at least 2 is needed";
  if (ShapedType::isDynamic(activation.getShape().back()))
    return "K is not static in the activation";
  if (activation.getShape().back() != k)
    return "the activation has " +
           std::to_string(activation.getShape().back()) +
           " columns, the weight takes " + std::to_string(k);
  return {};
}

/// Whether the way of an activation from a projection to an output ends here:
/// what follows evens out the errors of the projection, or adds its own.
static bool isBehindProjection(Operation *op) {
  if (isa<ContractionOpInterface>(op))
    return true;
  StringRef name = op->getName().stripDialect();
  if (name.ends_with("Normalization") || name.ends_with("Attention"))
    return true;
  // ONNX, linalg, arith.
  if (name != "Add" && name != "Sum" && name != "add" && name != "addf")
    return false;
  SmallVector<Value> addends(op->getOperands());
  if (auto inits = dyn_cast<DestinationStyleOpInterface>(op))
    addends = inits.getDpsInputs();
  return llvm::count_if(addends, [](Value operand) {
           return !matchPattern(operand, m_Constant());
         }) > 1;
}

bool isLastProjection(ContractionOpInterface op) {
  bool reachesOutput = false;
  SmallVector<Operation *> work(op->getUsers());
  SmallPtrSet<Operation *, 16> seen;
  while (!work.empty()) {
    Operation *user = work.pop_back_val();
    if (!seen.insert(user).second)
      continue;
    if (isBehindProjection(user))
      return false;
    reachesOutput |= user->hasTrait<OpTrait::IsTerminator>();
    work.append(user->user_begin(), user->user_end());
  }
  return reachesOutput;
}

SmallVector<Tap> collectTaps(ModuleOp module) {
  llvm::MapVector<Value, Tap> taps;
  llvm::StringSet<> names;
  for (ContractionOpInterface op : collectContractions(module)) {
    if (!whyNotQuantizable(op).empty())
      continue;
    Tap &tap = taps[op.getActivation()];
    if (tap.readers.empty()) {
      tap.activation = op.getActivation();
      std::string base = nodeName(op).str();
      if (base.empty())
        base = "contraction";
      // ONNX does not ask for unique node names.
      tap.name = base;
      for (unsigned i = 2; !names.insert(tap.name).second; ++i)
        tap.name = base + "#" + std::to_string(i);
    }
    tap.readers.push_back(op);
  }
  SmallVector<Tap> result;
  for (auto &entry : taps)
    result.push_back(std::move(entry.second));
  return result;
}

} // namespace mlir::qopt
