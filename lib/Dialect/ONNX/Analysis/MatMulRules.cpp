//===- MatMulRules.cpp - matrix products ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;
using namespace mlir::onnx;

namespace {

// NumPy's matmul on operands i and j.
LogicalResult matmulOf(RuleContext &context, unsigned i, unsigned j) {
  OptionalDims left = context.shape(i), right = context.shape(j);
  if (!left || !right)
    return success();
  if (left->empty() || right->empty())
    return context->emitOpError("does not take scalars");
  Dims a(*left), b(*right);
  bool row = a.size() == 1, column = b.size() == 1;
  if (row)
    a.insert(a.begin(), 1);
  if (column)
    b.push_back(1);
  if (failed(
          context.require(a.back(), b[b.size() - 2], "contracted dims differ")))
    return failure();
  Dims dims(ArrayRef(a).drop_back(2));
  if (failed(context.broadcastInto(dims, ArrayRef(b).drop_back(2))))
    return failure();
  if (!row)
    dims.push_back(a[a.size() - 2]);
  if (!column)
    dims.push_back(b.back());
  context.setShape(0, dims);
  return success();
}

LogicalResult matmul(RuleContext &context) { return matmulOf(context, 0, 1); }
LogicalResult qlinearMatmul(RuleContext &context) {
  return matmulOf(context, 0, 3);
}

LogicalResult gemm(RuleContext &context) {
  auto op = cast<GemmOp>(context.getOp());
  OptionalDims a = context.shape(0), b = context.shape(1);
  if (!a || !b)
    return success();
  if (a->size() != 2 || b->size() != 2)
    return op.emitOpError() << "expects matrices, the operands have ranks "
                            << a->size() << " and " << b->size();
  bool ta = op.getTransA(), tb = op.getTransB();
  if (failed(context.require((*a)[!ta], (*b)[tb], "contracted dims differ")))
    return failure();
  Dims dims{(*a)[ta], (*b)[!tb]};
  if (OptionalDims c = context.shape(2)) {
    Dims both = dims;
    if (c->size() > 2 || failed(context.broadcastInto(both, *c)))
      return op.emitOpError("c does not broadcast to the product");
    for (auto [dim, wide] : llvm::zip(dims, both))
      if (failed(context.require(dim, wide, "c exceeds the product")))
        return failure();
  }
  context.setShape(0, dims);
  return success();
}

// Splits "abc,...c->ab" and sizes every letter; the ellipsis stands for leading
// dims, which broadcast.
LogicalResult einsum(RuleContext &context) {
  auto op = cast<EinsumOp>(context.getOp());
  std::string equation;
  for (char c : op.getEquation())
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');

  std::map<char, DimExpr> sizes;
  std::map<char, unsigned> count;
  Dims ellipsis;
  bool hasEllipsis = false;
  for (auto [i, term] : llvm::enumerate(terms)) {
    OptionalDims shape = context.shape(i);
    if (!shape)
      return success();
    size_t dots = term.find("...");
    size_t letters = term.size() - (dots == StringRef::npos ? 0 : 3);
    if (dots == StringRef::npos ? letters != shape->size()
                                : letters > shape->size())
      return op.emitOpError()
             << "term \"" << term << "\" does not fit an operand of rank "
             << shape->size();
    size_t position = 0;
    for (size_t k = 0; k < term.size();) {
      if (k == dots) {
        size_t width = shape->size() - letters;
        if (failed(
                context.broadcastInto(ellipsis, shape->slice(position, width))))
          return failure();
        hasEllipsis = true;
        position += width;
        k += 3;
        continue;
      }
      char letter = term[k++];
      const DimExpr &dim = (*shape)[position++];
      if (!llvm::isAlpha(letter))
        return op.emitOpError() << "cannot read term \"" << term << "\"";
      ++count[letter];
      auto [it, isNew] = sizes.insert({letter, dim});
      if (isNew)
        continue;
      std::optional<DimExpr> both =
          context.symbols().broadcast(it->second, dim);
      if (!both)
        return op.emitOpError() << "dim '" << Twine(letter) << "' has sizes "
                                << context.toString(it->second) << " and "
                                << context.toString(dim);
      it->second = *both;
    }
  }

  std::string output = right.str();
  if (!isExplicit) {
    if (hasEllipsis)
      output = "...";
    for (auto [letter, times] : count)
      if (times == 1)
        output += letter;
  }
  Dims dims;
  for (size_t k = 0; k < output.size();) {
    if (StringRef(output).substr(k).starts_with("...")) {
      llvm::append_range(dims, ellipsis);
      k += 3;
      continue;
    }
    auto it = sizes.find(output[k++]);
    if (it == sizes.end())
      return op.emitOpError() << "result dim '" << Twine(output[k - 1])
                              << "' occurs in no operand";
    dims.push_back(it->second);
  }
  context.setShape(0, dims);
  return success();
}

LogicalResult det(RuleContext &context) {
  if (OptionalDims x = context.shape(0))
    context.setShape(0, x->drop_back(2));
  return success();
}

} // namespace

void mlir::onnx::addMatMulRules(ShapeRules &rules) {
  rules.add({"onnx.MatMul", "onnx.MatMulInteger"}, matmul);
  rules.add({"onnx.QLinearMatMul"}, qlinearMatmul);
  rules.add({"onnx.Det"}, det);
  rules.add({"onnx.Gemm"}, gemm);
  rules.add({"onnx.Einsum"}, einsum);
}
