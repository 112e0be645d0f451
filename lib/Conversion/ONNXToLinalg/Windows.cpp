//===- Windows.cpp - tensors under sliding windows ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Windows.h"

using namespace mlir;
using namespace mlir::qopt;
using onnx::DimExpr;
using onnx::Window;

SmallVector<OpFoldResult> qopt::materialize(Lowering &l,
                                            ArrayRef<DimExpr> exprs) {
  return llvm::map_to_vector(
      exprs, [&](const DimExpr &expr) { return l.materialize(expr); });
}

void qopt::requireNonNegative(Lowering &l, Value result) {
  for (int64_t i = 0, e = l.rankOf(result); i < e; ++i) {
    if (l.shapes.getSymbols().isNonNegative(l.expr(result, i)))
      continue;
    Value size = l.dimValue(result, i);
    l.require(l.compare(arith::CmpIPredicate::sge, size, l.index(0)),
              "a dim of the result has {0} elements", size);
  }
}

void qopt::requireDim(Lowering &l, Value graph, unsigned i,
                      const DimExpr &wanted) {
  if (l.expr(graph, i) == wanted)
    return;
  Value have = l.dimValue(graph, i), want = l.value(l.materialize(wanted));
  l.require(l.compare(arith::CmpIPredicate::eq, have, want),
            "a dim of an operand is {0} in place of {1}", {have, want});
}

DimExpr qopt::divideExactly(Lowering &l, const DimExpr &number,
                            int64_t divisor) {
  if (auto quotient = number.dividedBy(divisor))
    return *quotient;
  DimExpr quotient = l.shapes.getSymbols().floorDiv(number, divisor);
  Value have = l.value(l.materialize(number)),
        want = l.value(l.materialize(quotient * divisor));
  l.require(l.compare(arith::CmpIPredicate::eq, have, want),
            "{0} channels are not in groups: {1} are", {have, want});
  return quotient;
}

Value qopt::padToWindows(Lowering &l, Value tensor, ArrayRef<DimExpr> leading,
                         ArrayRef<Window> windows, Value fill,
                         OpFoldResult firstCovered) {
  onnx::DimSymbols &symbols = l.shapes.getSymbols();
  SmallVector<OpFoldResult> to = materialize(l, leading), kept(to),
                            at(to.size(), l.b.getIndexAttr(0));
  bool same = true;
  for (auto [i, window] : llvm::enumerate(windows)) {
    at.push_back(l.materialize(window.begin));
    if (i == 0 && firstCovered) {
      Value zero = l.index(0), covered = l.value(firstCovered),
            image = l.value(l.materialize(window.image));
      Value rest = l.subtract(covered, l.value(at.back()));
      to.push_back(firstCovered);
      kept.push_back(
          getAsOpFoldResult(l.maximum(l.minimum(image, rest), zero)));
      same &=
          window.begin.isConstant(0) &&
          isEqualConstantIntOrValue(firstCovered, l.materialize(window.image));
      continue;
    }
    // Without windows there is nothing to see; the size must not be negative.
    DimExpr covered = symbols.max(window.covered(), 0);
    to.push_back(l.materialize(covered));
    kept.push_back(l.materialize(
        symbols.max(symbols.min(window.image, covered - window.begin), 0)));
    same &= window.begin.isConstant(0) && covered == window.image;
  }
  if (same)
    return l.fitTo(tensor, to);
  SmallVector<OpFoldResult> zeros(to.size(), l.b.getIndexAttr(0)),
      ones(to.size(), l.b.getIndexAttr(1));
  Value part = tensor::ExtractSliceOp::create(l.b, tensor, zeros, kept, ones);
  return tensor::InsertSliceOp::create(l.b, part, l.filled(to, fill), at, kept,
                                       ones);
}

AffineMap qopt::windowMap(MLIRContext *context, int64_t loops,
                          ArrayRef<int64_t> leading, ArrayRef<int64_t> counts,
                          ArrayRef<int64_t> taps, ArrayRef<Window> windows) {
  SmallVector<AffineExpr> exprs;
  for (int64_t loop : leading)
    exprs.push_back(getAffineDimExpr(loop, context));
  for (auto [count, tap, window] : llvm::zip(counts, taps, windows))
    exprs.push_back(getAffineDimExpr(count, context) * window.stride +
                    getAffineDimExpr(tap, context) * window.dilation);
  return AffineMap::get(loops, 0, exprs, context);
}
