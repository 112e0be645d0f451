//===- LoopBody.cpp - one iteration of an operation of linalg -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LoopPlan.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::qopt;

SmallVector<Value> qopt::indicesOf(OpBuilder &builder, Location loc,
                                   AffineMap map, ArrayRef<Value> ivs) {
  SmallVector<Value> indices;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(ivs[dim.getPosition()]);
    else if (auto known = dyn_cast<AffineConstantExpr>(expr))
      indices.push_back(
          arith::ConstantIndexOp::create(builder, loc, known.getValue()));
    else
      indices.push_back(affine::AffineApplyOp::create(
          builder, loc, map.getSubMap({static_cast<unsigned>(position)}), ivs));
  }
  return indices;
}

SmallVector<Value> qopt::emitBody(OpBuilder &builder, Location loc,
                                  linalg::LinalgOp op, ArrayRef<Value> ivs,
                                  ValueRange accumulators) {
  Block *body = op.getBlock();
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (op.isDpsInit(&operand) && !accumulators.empty()) {
      mapping.map(
          argument,
          accumulators[operand.getOperandNumber() - op.getNumDpsInputs()]);
      continue;
    }
    if (argument.use_empty())
      continue;
    if (!isa<MemRefType>(operand.get().getType())) {
      mapping.map(argument, operand.get());
      continue;
    }
    mapping.map(
        argument,
        memref::LoadOp::create(
            builder, loc, operand.get(),
            indicesOf(builder, loc, op.getMatchingIndexingMap(&operand), ivs)));
  }
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(index.getResult(), ivs[index.getDim()]);
    else
      builder.clone(inner, mapping);
  }
  SmallVector<Value> results;
  for (auto [position, value] :
       llvm::enumerate(body->getTerminator()->getOperands())) {
    Value result = mapping.lookupOrDefault(value);
    results.push_back(result);
    if (accumulators.empty())
      continue;
    // The sum of a reduction may be formed in any order; without that licence
    // LLVM could not vectorize it.
    Operation *combiner = result.getDefiningOp();
    // Nor is it said which zero is the greater.
    if (isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp>(combiner)) {
      combiner->setAttr(
          "fastmath", arith::FastMathFlagsAttr::get(op.getContext(),
                                                    arith::FastMathFlags::nsz));
      continue;
    }
    if (!isa_and_nonnull<arith::AddFOp, arith::MulFOp>(combiner) ||
        !llvm::is_contained(combiner->getOperands(), accumulators[position]))
      continue;
    auto flags = arith::FastMathFlagsAttr::get(
        op.getContext(),
        arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
    combiner->setAttr("fastmath", flags);
    for (Value operand : combiner->getOperands())
      if (auto product = operand.getDefiningOp<arith::MulFOp>())
        if (product->getBlock() == combiner->getBlock())
          product.setFastmath(product.getFastmath() |
                              arith::FastMathFlags::contract);
  }
  return results;
}
