//===- Contraction.cpp - products over a common dim -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two forms: qopt.matmul, which becomes one packed kernel, for constant
// weights; and one linalg.generic over the original dims for everything else.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Broadcast.h"
#include "ConstantData.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// Copies an operand whose batch dims are not all proved to the batch dims of
/// the result: a contraction cannot select indices.
static Value expandBatch(Lowering &l, Value operand, Value result,
                         ArrayRef<OpFoldResult> batch) {
  int64_t rank = l.rankOf(operand), shift = int64_t(batch.size()) - (rank - 2);
  SmallVector<OpFoldResult> dims = l.dims(operand);
  SmallVector<Value> isOne(rank);
  for (int64_t j = 0; j < rank - 2; ++j) {
    if (l.expr(operand, j) != l.expr(result, j + shift))
      isOne[j] = l.compare(CmpIPredicate::eq, l.value(dims[j]), l.index(1));
    dims[j] = batch[j + shift];
  }
  Value tensor = l.get(operand);
  return l.parallel(dims, l.typeOf(operand).getElementType(), {}, {},
                    [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                      SmallVector<Value> from;
                      Value zero = arith::ConstantIndexOp::create(b, 0);
                      for (int64_t j = 0; j < rank; ++j) {
                        Value loop = linalg::IndexOp::create(b, j);
                        from.push_back(isOne[j] ? arith::SelectOp::create(
                                                      b, isOne[j], zero, loop)
                                                : loop);
                      }
                      return tensor::ExtractOp::create(b, tensor, from);
                    });
}

FailureOr<Contraction> qopt::contractionOf(Lowering &l, Value a, Value b,
                                           Value result) {
  int64_t aRank = l.rankOf(a), bRank = l.rankOf(b);
  if (failed(l.requireEqual(a, aRank - 1, b, bRank == 1 ? 0 : bRank - 2,
                            "contracted dims")))
    return failure();
  Contraction c;
  int64_t batch = std::max<int64_t>({aRank - 2, bRank - 2, 0}), loops = batch;
  if (aRank > 1)
    c.rowLoop = loops++;
  if (bRank > 1)
    c.columnLoop = loops++;
  int64_t contracted = loops++;

  for (int64_t i = 0; i < batch; ++i) {
    SmallVector<std::pair<Value, int64_t>> parts;
    for (auto [operand, rank] : {std::pair(a, aRank), std::pair(b, bRank)}) {
      int64_t j = i - (batch - (rank - 2));
      if (rank > 2 && j >= 0 && !l.expr(operand, j).isConstant(1))
        parts.push_back({operand, j});
    }
    auto size = broadcastDim(l, result, i, parts);
    if (failed(size))
      return failure();
    c.dims.push_back(*size);
  }
  ArrayRef<OpFoldResult> batchDims(c.dims);

  MLIRContext *context = l.b.getContext();
  auto access = [&](Value operand, int64_t rank, Value &tensor,
                    ArrayRef<int64_t> matrix) {
    SmallVector<AffineExpr> exprs;
    bool proved = true;
    for (int64_t j = 0; j < rank - 2; ++j) {
      int64_t i = j + batch - (rank - 2);
      const onnx::DimExpr &have = l.expr(operand, j), &want = l.expr(result, i);
      bool one = have.isConstant(1) && !want.isConstant(1);
      proved &= one || have == want || have.isConstant();
      exprs.push_back(one ? getAffineConstantExpr(0, context)
                          : getAffineDimExpr(i, context));
    }
    if (!proved) {
      for (int64_t j = 0; j < rank - 2; ++j)
        exprs[j] = getAffineDimExpr(j + batch - (rank - 2), context);
      tensor = expandBatch(l, operand, result, batchDims);
    } else {
      tensor = l.get(operand);
    }
    for (int64_t loop : matrix)
      exprs.push_back(getAffineDimExpr(loop, context));
    return AffineMap::get(loops, 0, exprs, context);
  };
  c.aMap = access(a, aRank, c.a,
                  aRank > 1 ? ArrayRef<int64_t>{c.rowLoop, contracted}
                            : ArrayRef<int64_t>{contracted});
  c.bMap = access(b, bRank, c.b,
                  bRank > 1 ? ArrayRef<int64_t>{contracted, c.columnLoop}
                            : ArrayRef<int64_t>{contracted});
  c.loops = parallelLoops(loops - 1);
  c.loops.push_back(utils::IteratorType::reduction);
  c.resultMap =
      AffineMap::getMultiDimIdentityMap(loops, context).dropResult(contracted);
  if (aRank > 1)
    c.dims.push_back(l.dim(a, aRank - 2));
  if (bRank > 1)
    c.dims.push_back(l.dim(b, bRank - 1));
  return c;
}

Value qopt::contract(Lowering &l, const Contraction &c, Type sum,
                     ValueRange inputs, ArrayRef<AffineMap> maps, Body1 term) {
  SmallVector<Value> all{c.a, c.b};
  SmallVector<AffineMap> allMaps{c.aMap, c.bMap};
  llvm::append_range(all, inputs);
  llvm::append_range(allMaps, maps);
  allMaps.push_back(c.resultMap);
  Value start = l.filled(c.dims, l.number(sum, 0));
  // Free order and fused multiply-add: a sum of products has no order that
  // ONNX promises.
  auto flags = arith::FastMathFlagsAttr::get(
      l.b.getContext(),
      arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
  return l
      .generic(all, start, allMaps, c.loops,
               [&](ImplicitLocOpBuilder &b, ValueRange a) {
                 Value product = term(b, a.drop_back()), next;
                 if (isa<FloatType>(sum)) {
                   if (auto op = product.getDefiningOp<arith::MulFOp>())
                     op.setFastmath(flags.getValue());
                   next = arith::AddFOp::create(b, a.back(), product, flags);
                 } else {
                   next = arith::AddIOp::create(b, a.back(), product);
                 }
                 return SmallVector<Value>{next};
               })
      .front();
}

Value qopt::kernelOperand(Lowering &l, Value graph) {
  if (!graph)
    return Value();
  if (Value form = l.kernelForms.lookup(graph))
    return form;
  if (ElementsAttr constant = l.constantOf(graph))
    return l.weight(constant);
  return l.get(graph);
}

Value qopt::buildMatmul(Lowering &l, Value init, const MatmulOperands &in) {
  auto op = MatmulOp::create(
      l.b, init.getType(), in.lhs, in.rhs, in.lhsScale, in.rhsScale, in.lhsZero,
      in.tailLhs, in.tailRhs, in.columns,
      in.bias ? ValueRange(in.bias) : ValueRange(), init, in.groupSize);
  OpBuilder::InsertionGuard guard(l.b);
  Block *block = l.b.createBlock(&op.getEpilogue());
  Value result = block->addArgument(l.b.getF32Type(), l.b.getLoc());
  if (in.bias)
    result = arith::AddFOp::create(
        l.b, result, block->addArgument(l.b.getF32Type(), l.b.getLoc()));
  YieldOp::create(l.b, result);
  return op.getResult(0);
}

void qopt::markSignedCodes(Value product) {
  product.getDefiningOp()->setAttr(kSignedCodesAttrName,
                                   UnitAttr::get(product.getContext()));
}

FailureOr<Value> qopt::matmulWithWeight(Lowering &l, Value lhs,
                                        ArrayRef<OpFoldResult> dims,
                                        ElementsAttr weight, Type rounded) {
  auto type = cast<RankedTensorType>(weight.getShapedType());
  int64_t k = type.getDimSize(0), n = type.getDimSize(1);
  SmallVector<OpFoldResult> outDims(dims), inDims(dims);
  outDims.back() = l.b.getIndexAttr(n);
  if (auto known = getConstantIntValue(dims.back())) {
    if (*known != k)
      return l.fail("contracted dims differ: " + Twine(*known) + " and " +
                    Twine(k));
  } else {
    Value have = l.value(dims.back()), want = l.index(k);
    l.require(l.compare(CmpIPredicate::eq, have, want),
              "contracted dims differ: {0} and {1}", {have, want});
    inDims.back() = l.b.getIndexAttr(k);
  }
  Type f32 = l.b.getF32Type();
  if (k == 0 || n == 0)
    return l.filled(outDims, l.number(f32, 0));
  lhs = convertTensor(l, l.fitTo(lhs, inDims), rounded ? rounded : f32);
  Type stored = type.getElementType();
  if (rounded)
    weight = toBF16(weight);
  else if (!stored.isF32() && !stored.isF16())
    weight = toF32(weight);
  MatmulOperands in;
  in.lhs = lhs;
  in.rhs = l.weight(weight);
  return buildMatmul(l, l.empty(outDims, f32), in);
}

Value qopt::convertTensor(Lowering &l, Value tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getElementType() == element)
    return tensor;
  return l.parallel(tensor::getMixedSizes(l.b, l.b.getLoc(), tensor), element,
                    tensor, l.b.getMultiDimIdentityMap(type.getRank()),
                    [&](ImplicitLocOpBuilder &b, ValueRange a) {
                      return convertFloat(b, a[0], element);
                    });
}
