//===- Broadcast.cpp - elementwise code with ONNX's broadcasting ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps for what is proved; checks and selected indices for the rest.
//===----------------------------------------------------------------------===//

#include "Broadcast.h"
#include "ConstantData.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// Dim of the operand that meets dim i of the result, or -1.
static int64_t operandDim(Lowering &l, Value operand, Value result, int64_t i) {
  return i - (l.rankOf(result) - l.rankOf(operand));
}

FailureOr<OpFoldResult>
qopt::broadcastDim(Lowering &l, Value result, int64_t i,
                   ArrayRef<std::pair<Value, int64_t>> parts) {
  if (l.isOwnDim(result, i) && !parts.empty()) {
    Value size = l.dimValue(parts[0].first, parts[0].second);
    for (auto [operand, j] : llvm::drop_begin(parts))
      size = l.select(l.compare(CmpIPredicate::eq, size, l.index(1)),
                      l.dimValue(operand, j), size);
    l.setDim(result, i, size);
  }
  OpFoldResult size = l.dim(result, i);
  const onnx::DimExpr &wanted = l.expr(result, i);
  for (auto [operand, j] : parts) {
    const onnx::DimExpr &have = l.expr(operand, j);
    if (have == wanted)
      continue;
    auto known = have.getConstant(), fixed = wanted.getConstant();
    if (known && fixed)
      return l.fail("a dim of " + Twine(*known) + " does not broadcast to " +
                    Twine(*fixed));
    Value part = l.dimValue(operand, j), whole = l.value(size);
    if (part == whole)
      continue;
    Value fits =
        arith::OrIOp::create(l.b, l.compare(CmpIPredicate::eq, part, whole),
                             l.compare(CmpIPredicate::eq, part, l.index(1)));
    l.require(fits, "a dim of {0} does not broadcast to {1}", {part, whole});
  }
  return size;
}

FailureOr<SmallVector<OpFoldResult>>
qopt::broadcastDims(Lowering &l, Value result, ValueRange operands) {
  SmallVector<OpFoldResult> dims;
  for (int64_t i = 0, e = l.rankOf(result); i < e; ++i) {
    // Operands with a dim here that is not proved to be 1, one per expression.
    SmallVector<std::pair<Value, int64_t>> parts;
    for (Value operand : operands) {
      if (!l.present(operand))
        continue;
      int64_t j = operandDim(l, operand, result, i);
      if (j < 0 || l.expr(operand, j).isConstant(1) ||
          llvm::any_of(
              parts,
              [&](auto part) {
                return l.expr(part.first, part.second) == l.expr(operand, j);
              }))
        continue;
      parts.push_back({operand, j});
    }
    auto size = broadcastDim(l, result, i, parts);
    if (failed(size))
      return failure();
    dims.push_back(*size);
  }
  return dims;
}

BroadcastOperand qopt::mapOperand(Lowering &l, Value operand, Value result) {
  BroadcastOperand access;
  if (ElementsAttr constant = l.constantOf(operand);
      constant && constant.isSplat() && constant.getNumElements() > 0) {
    access.splat =
        cast<TypedAttr>(asInline(constant).getSplatValue<Attribute>());
    return access;
  }
  access.tensor = l.get(operand);
  MLIRContext *context = l.b.getContext();
  SmallVector<AffineExpr> exprs;
  bool proved = true;
  for (int64_t j = 0, e = l.rankOf(operand), rank = l.rankOf(result); j < e;
       ++j) {
    int64_t i = j + rank - e;
    const onnx::DimExpr &have = l.expr(operand, j), &want = l.expr(result, i);
    Value isOne;
    bool one = have.isConstant(1) && !want.isConstant(1);
    if (!one && have != want && !have.isConstant()) {
      isOne = arith::CmpIOp::create(l.b, CmpIPredicate::eq,
                                    l.dimValue(operand, j), l.index(1));
      proved = false;
    }
    access.isOne.push_back(isOne);
    access.one.push_back(one);
    exprs.push_back(one ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(i, context));
  }
  if (proved)
    access.map = AffineMap::get(l.rankOf(result), 0, exprs, context);
  return access;
}

/// Reads an operand without a map at the indices of the loops.
static Value readOperand(ImplicitLocOpBuilder &b,
                         const BroadcastOperand &access, int64_t rank) {
  SmallVector<Value> indices;
  int64_t count = access.isOne.size();
  Value zero = arith::ConstantIndexOp::create(b, 0);
  for (int64_t j = 0; j < count; ++j) {
    if (access.one[j]) {
      indices.push_back(zero);
      continue;
    }
    Value loop = linalg::IndexOp::create(b, j + rank - count);
    indices.push_back(access.isOne[j] ? arith::SelectOp::create(
                                            b, access.isOne[j], zero, loop)
                                      : loop);
  }
  return tensor::ExtractOp::create(b, access.tensor, indices);
}

Value qopt::elementwiseOver(Lowering &l, Value result,
                            ArrayRef<OpFoldResult> dims, Type element,
                            ValueRange tensors, ArrayRef<AffineMap> tensorMaps,
                            ValueRange operands, Body1 body) {
  SmallVector<BroadcastOperand> accesses;
  SmallVector<Value> inputs(tensors);
  SmallVector<AffineMap> maps(tensorMaps);
  for (Value operand : operands) {
    accesses.emplace_back();
    if (!l.present(operand))
      continue;
    accesses.back() = mapOperand(l, operand, result);
    if (accesses.back().map) {
      inputs.push_back(accesses.back().tensor);
      maps.push_back(accesses.back().map);
    }
  }
  return l.parallel(
      dims, element, inputs, maps,
      [&](ImplicitLocOpBuilder &b, ValueRange block) {
        unsigned next = tensors.size();
        SmallVector<Value> arguments(block.take_front(next));
        for (const BroadcastOperand &access : accesses) {
          if (access.splat)
            arguments.push_back(arith::ConstantOp::create(b, access.splat));
          else if (access.map)
            arguments.push_back(block[next++]);
          else if (access.tensor)
            arguments.push_back(readOperand(b, access, dims.size()));
          else
            arguments.push_back(Value());
        }
        return body(b, arguments);
      });
}

FailureOr<Value> qopt::elementwise(Lowering &l, Value result, Type element,
                                   ValueRange operands, Body1 body) {
  auto dims = broadcastDims(l, result, operands);
  if (failed(dims))
    return failure();
  return elementwiseOver(l, result, *dims, element, {}, {}, operands, body);
}
