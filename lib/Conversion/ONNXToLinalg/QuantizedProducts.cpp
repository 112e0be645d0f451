//===- QuantizedProducts.cpp - graph-level products to qopt.matmul --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel knows one form of everything: signed codes in blocks of 64, a
// scale and a zero point per row, a scale per column. Other forms of the graph
// are brought into it here, constants at compile time; as a rule the operands
// come from a quantize_rows, which makes them so.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Contraction.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::qopt;

/// Codes that no quantize_rows made: signed, padded with zeros.
static Value kernelCodes(Lowering &l, Value graph) {
  SmallVector<OpFoldResult> dims = l.dims(graph), padded(dims),
                            zeros(dims.size(), l.b.getIndexAttr(0)),
                            ones(dims.size(), l.b.getIndexAttr(1));
  Value codes = l.get(graph);
  if (l.elementOf(graph).isUnsignedInteger())
    codes = l.parallel(dims, l.b.getI8Type(), codes,
                       l.b.getMultiDimIdentityMap(dims.size()),
                       [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                         Value offset = constantNumber(b, b.getI8Type(), -128);
                         return arith::XOrIOp::create(b, a[0], offset);
                       });
  int64_t k = *getConstantIntValue(dims.back());
  if (k % kCodeBlock == 0)
    return codes;
  padded.back() = l.b.getIndexAttr(llvm::alignTo(k, kCodeBlock));
  Value init = l.filled(padded, l.number(l.b.getI8Type(), 0));
  return tensor::InsertSliceOp::create(l.b, codes, init, zeros, dims, ones);
}

/// A scale or zero point per row, from one or from one for all rows; `body`
/// makes the kernel's number of it.
static Value perRow(Lowering &l, Value graph, Value codes, Body1 body) {
  SmallVector<OpFoldResult> rows = l.dims(codes);
  rows.pop_back();
  AffineMap map = l.rankOf(graph) == 0
                      ? AffineMap::get(rows.size(), 0, l.b.getContext())
                      : l.b.getMultiDimIdentityMap(rows.size());
  Type element = cast<ShapedType>(graph.getType()).getElementType();
  return l.parallel(rows, element, l.get(graph), map, body);
}

/// The scale of a weight per column: one for all columns is repeated.
static Value columnScale(Lowering &l, Value graph, int64_t n) {
  if (l.rankOf(graph) != 0)
    return kernelOperand(l, graph);
  Type f32 = l.b.getF32Type();
  if (ElementsAttr constant = l.constantOf(graph)) {
    float scale = asInline(constant).getSplatValue<APFloat>().convertToFloat();
    return constantVector<float>(l, f32, SmallVector<float>(n, scale), "scale");
  }
  return l.parallel({l.b.getIndexAttr(n)}, f32, l.get(graph),
                    AffineMap::get(1, 0, l.b.getContext()),
                    [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
}

/// The quantize_rows that made these codes and this scale, or null.
static QuantizeRowsOp makerOf(Lowering &l, QuantizedMatmulOp op) {
  Value form = l.kernelForms.lookup(op.getCodes());
  auto maker = form ? form.getDefiningOp<QuantizeRowsOp>() : QuantizeRowsOp();
  Operation *step = op.getCodes().getDefiningOp();
  if (!maker || !step)
    return {};
  Value scale, zero;
  if (auto dynamic = dyn_cast<DynamicQuantizeOp>(step)) {
    scale = dynamic.getScale();
    zero = dynamic.getZeroPoint();
  } else if (auto given = dyn_cast<QuantizeOp>(step)) {
    scale = given.getScale();
    zero = given.getZeroPoint();
  }
  return scale == op.getScale() && zero == op.getZeroPoint() ? maker
                                                             : QuantizeRowsOp();
}

static LogicalResult lowerQuantizedMatmul(QuantizedMatmulOp op, Lowering &l) {
  Value codes = op.getCodes();
  if (!l.expr(codes, l.rankOf(codes) - 1).isConstant() ||
      !l.typeOf(op.getWeight()).hasStaticShape())
    return l.fail("the contracted dim is not known");
  MatmulOperands in;
  QuantizeRowsOp maker = makerOf(l, op);
  if (maker) {
    in.lhs = maker.getResult(0);
    in.lhsScale = maker.getResult(1);
    if (op.getZeroPoint())
      in.lhsZero = maker.getResult(2);
  } else {
    in.lhs = kernelCodes(l, codes);
    in.lhsScale =
        perRow(l, op.getScale(), codes,
               [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
    if (Value zero = op.getZeroPoint())
      in.lhsZero = perRow(
          l, zero, codes, [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
            Value offset = constantNumber(b, b.getI32Type(), 128);
            return arith::SubIOp::create(b, a[0], offset);
          });
  }
  in.rhs = kernelOperand(l, op.getWeight());
  in.rhsScale = columnScale(l, op.getWeightScale(),
                            l.typeOf(op.getWeight()).getDimSize(1));
  in.groupSize = op.getGroupSizeAttr();
  if (op.getTail())
    in.tailLhs = l.get(op.getTail());
  in.tailRhs = kernelOperand(l, op.getTailWeight());
  in.columns = kernelOperand(l, op.getColumns());
  in.bias = kernelOperand(l, op.getBias());
  Value product = buildMatmul(l, l.emptyFor(op.getOutput()), in);
  if (!maker)
    markSignedCodes(product);
  l.set(op.getOutput(), product);
  return success();
}

static LogicalResult lowerWeightOnlyMatmul(WeightOnlyMatmulOp op, Lowering &l) {
  Value input = op.getInput();
  if (!l.expr(input, l.rankOf(input) - 1).isConstant() ||
      !l.typeOf(op.getWeight()).hasStaticShape())
    return l.fail("the contracted dim is not known");
  MatmulOperands in;
  in.lhs = l.get(input);
  in.rhs = kernelOperand(l, op.getWeight());
  in.rhsScale = columnScale(l, op.getWeightScale(),
                            l.typeOf(op.getWeight()).getDimSize(1));
  in.groupSize = op.getGroupSizeAttr();
  in.bias = kernelOperand(l, op.getBias());
  l.set(op.getOutput(), buildMatmul(l, l.emptyFor(op.getOutput()), in));
  return success();
}

void qopt::registerQuantizedProducts(Registry &registry) {
  registry.add(lowerQuantizedMatmul);
  registry.add(lowerWeightOnlyMatmul);
}
