//===- Branches.cpp - graphs of an If that differ in rank ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Branches.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::onnx;

std::optional<bool> mlir::onnx::assumeSqueeze(const ShapeAnalysis &analysis,
                                              IfOp op) {
  if (op->getNumResults() != 1)
    return std::nullopt;
  auto yielded = [](Region &region) {
    Value value = region.front().getTerminator()->getOperand(0);
    while (auto identity = value.getDefiningOp<IdentityOp>())
      value = identity.getInput();
    return value;
  };
  Value values[] = {yielded(op.getThenBranch()), yielded(op.getElseBranch())};
  for (bool inElse : {false, true}) {
    auto squeeze = values[inElse].getDefiningOp<SqueezeOp>();
    if (!squeeze || squeeze.getData() != values[!inElse] ||
        squeeze->getParentOp() != op || !analysis.hasShape(squeeze.getData()))
      continue;
    op.emitWarning("the branches give values of different ranks; the one that "
                   "squeezes is compiled, and a run with another size ends in "
                   "an error");
    return !inElse;
  }
  return std::nullopt;
}

// Whether a use cannot tell a value of `rank` dims from one with fewer.
static bool hidesRank(const ShapeAnalysis &analysis, OpOperand &use,
                      int64_t rank) {
  Operation *user = use.getOwner();
  return user->hasTrait<OpTrait::ONNXElementwise>() &&
         llvm::any_of(user->getOperands(), [&](Value other) {
           return other != use.get() && analysis.hasShape(other) &&
                  int64_t(analysis.getShape(other).size()) >= rank;
         });
}

bool mlir::onnx::alignBranchRanks(const ShapeAnalysis &analysis, IfOp op) {
  bool changed = false;
  for (OpResult result : op->getResults()) {
    if (analysis.hasShape(result) || isa<RankedTensorType>(result.getType()))
      continue;
    OpOperand *yielded[2];
    int64_t ranks[2];
    bool known = true;
    for (unsigned i : {0, 1}) {
      Block &block = op->getRegion(i).front();
      yielded[i] =
          &block.getTerminator()->getOpOperand(result.getResultNumber());
      known = known && analysis.hasShape(yielded[i]->get());
      if (known)
        ranks[i] = analysis.getShape(yielded[i]->get()).size();
    }
    if (!known || ranks[0] == ranks[1])
      continue;
    int64_t higher = std::max(ranks[0], ranks[1]);
    if (!llvm::all_of(result.getUses(), [&](OpOperand &use) {
          return hidesRank(analysis, use, higher);
        }))
      continue;
    OpOperand &lower = *yielded[ranks[0] > ranks[1]];
    OpBuilder builder(lower.getOwner());
    Value value = lower.get();
    SmallVector<int64_t> axes = llvm::to_vector(
        llvm::seq<int64_t>(0, higher - std::min(ranks[0], ranks[1])));
    Value operand = ConstantOp::create(builder, op.getLoc(),
                                       builder.getI64TensorAttr(axes));
    lower.set(UnsqueezeOp::create(
        builder, op.getLoc(),
        UnrankedTensorType::get(getElementTypeOrSelf(value)), value, operand));
    changed = true;
  }
  return changed;
}
