//===- DimMaterializer.cpp - dimension expressions as index values -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Analysis/DimMaterializer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::onnx;

DimMaterializer::DimMaterializer(ShapeAnalysis &analysis, Lookup lookup)
    : analysis(analysis), lookup(std::move(lookup)) {}

OpFoldResult DimMaterializer::materializeFolded(OpBuilder &builder,
                                                Location loc,
                                                const DimExpr &expr) {
  if (std::optional<int64_t> constant = expr.getConstant())
    return builder.getIndexAttr(*constant);
  return materialize(builder, loc, expr);
}

SmallVector<Value> DimMaterializer::dynamicDims(OpBuilder &builder,
                                                Location loc,
                                                ArrayRef<DimExpr> shape) {
  SmallVector<Value> values;
  for (const DimExpr &dim : shape)
    if (!dim.isConstant())
      values.push_back(materialize(builder, loc, dim));
  return values;
}

Value DimMaterializer::materialize(OpBuilder &builder, Location loc,
                                   const DimExpr &expr) {
  if (expr.isConstant() || !analysis.getSymbols().isEntry(expr))
    return build(builder, loc, expr);
  auto it = entryValues.find(expr);
  if (it != entryValues.end())
    return it->second;

  // All entry values stand in one run of ops at the top of the function, in the
  // order of their making; `lastAtEntry` is its end.
  OpBuilder::InsertionGuard guard(builder);
  Block &entry = analysis.getFunction().getBody().front();
  if (lastAtEntry)
    builder.setInsertionPointAfter(lastAtEntry);
  else
    builder.setInsertionPointToStart(&entry);
  Value value = build(builder, analysis.getFunction().getLoc(), expr);
  if (builder.getInsertionPoint() != entry.begin())
    lastAtEntry = &*std::prev(builder.getInsertionPoint());
  entryValues[expr] = value;
  return value;
}

Value DimMaterializer::build(OpBuilder &builder, Location loc,
                             const DimExpr &expr) {
  if (std::optional<DimSymbol> symbol = expr.getSymbol())
    return buildSymbol(builder, loc, *symbol);
  Value sum;
  for (const DimExpr::Term &term : llvm::reverse(expr.getTerms())) {
    bool subtract = sum && term.coefficient < 0;
    int64_t factor = subtract ? -term.coefficient : term.coefficient;
    Value product;
    for (DimSymbol symbol : term.symbols) {
      Value value = materialize(builder, loc, DimExpr::symbol(symbol));
      if (!value)
        return {};
      product = product
                    ? Value(arith::MulIOp::create(builder, loc, product, value))
                    : value;
    }
    if (!product || factor != 1) {
      Value constant = arith::ConstantIndexOp::create(builder, loc, factor);
      product =
          product
              ? Value(arith::MulIOp::create(builder, loc, product, constant))
              : constant;
    }
    if (!sum)
      sum = product;
    else if (subtract)
      sum = arith::SubIOp::create(builder, loc, sum, product);
    else
      sum = arith::AddIOp::create(builder, loc, sum, product);
  }
  return sum ? sum : Value(arith::ConstantIndexOp::create(builder, loc, 0));
}

// The element at a row-major position of a tensor of static shape.
static Value extractElement(OpBuilder &builder, Location loc, Value tensor,
                            int64_t position) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !type.hasStaticShape())
    return {};
  SmallVector<Value> indices(type.getRank());
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    int64_t dim = type.getDimSize(i);
    indices[i] = arith::ConstantIndexOp::create(builder, loc, position % dim);
    position /= dim;
  }
  Value element = tensor::ExtractOp::create(builder, loc, tensor, indices);
  auto integer = dyn_cast<IntegerType>(element.getType());
  if (!integer)
    return {};
  if (integer.isUnsigned() || integer.getWidth() == 1)
    return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                        element);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    element);
}

Value DimMaterializer::buildSymbol(OpBuilder &builder, Location loc,
                                   DimSymbol symbol) {
  const DimSymbols::Info &info = analysis.getSymbols().getInfo(symbol);
  switch (info.kind) {
  case DimSymbols::Kind::Input: {
    Value dim = tensor::DimOp::create(builder, loc, info.value, info.index);
    if (info.lhs.isConstant(0))
      return dim;
    Value minus = materialize(builder, loc, info.lhs);
    return arith::SubIOp::create(builder, loc, dim, minus);
  }
  case DimSymbols::Kind::Dim:
  case DimSymbols::Kind::Element: {
    Value tensor = lookup ? lookup(info.value) : info.value;
    if (!tensor)
      return {};
    if (info.kind == DimSymbols::Kind::Element)
      return extractElement(builder, loc, tensor, info.index);
    return tensor::DimOp::create(builder, loc, tensor, info.index);
  }
  default:
    break;
  }

  Value lhs = materialize(builder, loc, info.lhs);
  Value rhs = materialize(builder, loc, info.rhs);
  if (!lhs || !rhs)
    return {};
  switch (info.kind) {
  case DimSymbols::Kind::FloorDiv:
    // A divisor may be a dim of size 0, for which the quotient does not matter
    // (there are no elements) but a division would trap.
    if (!analysis.getSymbols().isPositive(info.rhs)) {
      Value one = arith::ConstantIndexOp::create(builder, loc, 1);
      rhs = arith::MaxSIOp::create(builder, loc, rhs, one);
    }
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  case DimSymbols::Kind::Min:
    return arith::MinSIOp::create(builder, loc, lhs, rhs);
  case DimSymbols::Kind::Max:
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  default: {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value isOne =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, lhs, one);
    return arith::SelectOp::create(builder, loc, isOne, rhs, lhs);
  }
  }
}
