//===- SmoothPairs.cpp - which operation can take a factor per channel ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Backward from an activation to operations that could take the factors,
// forward from each to everything that would see them. The graph decides, not
// the names of a known model: a residual that reads a norm, or an output of the
// model, rules the channels out that it sees.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mlir::qopt {

/// Values looked at on one way; models that need more have no pair here.
static constexpr size_t maxValues = 256;

static std::string describe(Operation *op) {
  StringRef name = nodeName(op);
  return name.empty() ? op->getName().getStringRef().str() : quoteName(name);
}

namespace {

/// Everything that would see the factors of one producer.
class Forward {
public:
  explicit Forward(ScalePair &pair) : pair(pair) {}
  void run();

  /// Why `activation` cannot have all of its factors; empty if it can.
  std::string whyNot(Value activation) const;

private:
  void follow(OpOperand &use, const ScaleLayout &layout);
  bool read(ContractionOpInterface op, OpOperand &use,
            const ScaleLayout &layout);
  void fix(const ScaleLayout &layout, const std::string &reason);

  ScalePair &pair;
  llvm::MapVector<Value, ScaleLayout> layouts;
  /// By factor: why it has to stay 1; empty if it need not.
  std::vector<std::string> reasons;
};

} // namespace

void Forward::fix(const ScaleLayout &layout, const std::string &reason) {
  for (int32_t factor : layout.factors)
    if (factor != ScaleLayout::none && reasons[factor].empty())
      reasons[factor] = reason;
}

/// Whether the use is that of a product that can have its weight rows scaled.
bool Forward::read(ContractionOpInterface op, OpOperand &use,
                   const ScaleLayout &layout) {
  if (op.getActivation() != use.get() || !constantWeight(op))
    return false;
  auto reads = [&](Value value) { return value && value == use.get(); };
  std::string why = whyNotQuantizable(op);
  if (why.empty() && (reads(op.getWeight()) || reads(op.getContractionBias())))
    why = "as another operand";
  int64_t rank = cast<RankedTensorType>(use.get().getType()).getRank();
  if (why.empty() && !layout.axes.empty() && !layout.isLastAxis(rank))
    why = "the factors of its columns are not the same in all rows";
  if (!why.empty()) {
    fix(layout,
        describe(op) + " reads " + describe(pair.producer) + " too: " + why);
    return true;
  }
  int64_t k = weightShape(op).first;
  ScalePair::Reader reader{op, {}};
  for (int64_t i = 0; i < k; ++i)
    reader.factors.push_back(layout.factors[layout.axes.empty() ? 0 : i]);
  pair.readers.push_back(std::move(reader));
  return true;
}

/// Looks through one use of a value that would carry the factors.
void Forward::follow(OpOperand &use, const ScaleLayout &layout) {
  Operation *user = use.getOwner();
  if (user->hasTrait<OpTrait::IsTerminator>())
    return fix(layout, "the result of " + describe(pair.producer) +
                           " is an output of the model");
  if (auto contraction = dyn_cast<ContractionOpInterface>(user))
    if (read(contraction, use, layout))
      return;
  auto passing = dyn_cast<ScalePassingOpInterface>(user);
  if (passing && passing.readsOnlyShape())
    return;
  SmallVector<std::pair<OpResult, ScaleLayout>> results;
  if (!passing || !passing.passScales(use, layout, results))
    return fix(layout,
               describe(user) + " reads " + describe(pair.producer) + " too");
  for (auto &[result, moved] : results) {
    auto [entry, isNew] = layouts.insert({result, moved});
    if (isNew)
      continue;
    // Through two operands the factors would count twice.
    std::string why =
        describe(user) + " reads " + describe(pair.producer) + " twice";
    fix(entry->second, why);
    fix(moved, why);
  }
  if (!results.empty() && results.front().first.getResultNumber() == 0)
    pair.passed.push_back({passing, results.front().second});
}

void Forward::run() {
  Value result = pair.producer->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  pair.numFactors = type.getShape().back();
  reasons.resize(pair.numFactors);
  layouts.insert(
      {result, ScaleLayout::lastAxis(type.getRank(), pair.numFactors)});
  for (size_t i = 0; i < layouts.size(); ++i) {
    // `layouts` grows below.
    auto [value, layout] = *(layouts.begin() + i);
    if (layouts.size() > maxValues)
      return fix(layouts.front().second, "the result of " +
                                             describe(pair.producer) +
                                             " is read in too many places");
    for (OpOperand &use : value.getUses())
      follow(use, layout);
  }
  for (const std::string &reason : reasons)
    pair.isFree.push_back(reason.empty());
}

std::string Forward::whyNot(Value activation) const {
  const auto *found = layouts.find(activation);
  if (found == layouts.end())
    return "no factors of " + describe(pair.producer) + " get there";
  for (int32_t factor : found->second.factors) {
    if (factor == ScaleLayout::none)
      return "other channels than those of " + describe(pair.producer) +
             " are there too";
    if (!reasons[factor].empty())
      return reasons[factor];
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
    auto absorber = dyn_cast<ScaleAbsorbingOpInterface>(op);
    std::string why;
    if (absorber && values[i] == op->getResult(0) &&
        absorber.canAbsorbScale(why)) {
      ScalePair pair;
      pair.producer = absorber;
      Forward forward(pair);
      forward.run();
      why = forward.whyNot(activation);
      if (why.empty())
        return pair;
      keepFirst(forked, why);
    }
    auto passing = dyn_cast<ScalePassingOpInterface>(op);
    SmallVector<OpOperand *> operands;
    if (passing)
      operands = passing.getScaleSources();
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
