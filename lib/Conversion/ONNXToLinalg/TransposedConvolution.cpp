//===- TransposedConvolution.cpp - ConvTranspose, Col2Im ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of matrices gives what every element of the operand adds under
// every tap; each element of the result then gathers its share. Col2Im is the
// second half alone.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Convolution.h"
#include "Reshape.h"
#include "ScalarLoops.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;
using onnx::DimExpr;
using onnx::Window;

/// Sums `columns` [n, c, kernel.., counts..] into [n, c, image..], in the
/// compute type of its elements; `dims` are those of the result.
static Value gatherTaps(Lowering &l, Value columns, ArrayRef<Window> windows,
                        ArrayRef<OpFoldResult> dims) {
  Type element = cast<RankedTensorType>(columns.getType()).getElementType(),
       type = computeType(element);
  int64_t spatial = windows.size();
  SmallVector<Value> kernel, counts, begins;
  for (const Window &window : windows) {
    kernel.push_back(l.value(l.materialize(window.kernel)));
    counts.push_back(l.value(l.materialize(window.count)));
    begins.push_back(l.value(l.materialize(window.begin)));
  }
  return l.parallel(
      dims, type, {}, {}, [&](ImplicitLocOpBuilder &b, ValueRange) {
        Scalars s{b};
        Value n = s.loop(0), c = s.loop(1), zero = s.number(type, 0);
        SmallVector<Value> shifted;
        for (int64_t i = 0; i < spatial; ++i)
          shifted.push_back(s.addi(s.loop(2 + i), begins[i]));
        return foldBox(
                   b, kernel, zero,
                   [&](ArrayRef<Value> tap, ValueRange sum) {
                     SmallVector<Value> at{n, c}, places;
                     llvm::append_range(at, tap);
                     Value hit;
                     for (int64_t i = 0; i < spatial; ++i) {
                       Value from =
                           s.subi(shifted[i],
                                  s.muli(tap[i], s.index(windows[i].dilation)));
                       Value stride = s.index(windows[i].stride);
                       Value place = arith::DivSIOp::create(b, from, stride);
                       Value fits = s.all(s.within(place, counts[i]),
                                          s.is(CmpIPredicate::eq,
                                               s.muli(place, stride), from));
                       hit = hit ? s.all(hit, fits) : fits;
                       places.push_back(place);
                     }
                     // A tap that misses reads nothing: there may be nothing to
                     // read.
                     auto branch = scf::IfOp::create(b, TypeRange(type), hit,
                                                     /*else=*/true);
                     OpBuilder::InsertionGuard guard(b);
                     b.setInsertionPointToStart(branch.thenBlock());
                     llvm::append_range(at, places);
                     Value value = s.read(columns, at);
                     Value next =
                         isa<FloatType>(type)
                             ? s.addf(sum[0], extendHalf(b, value))
                             : Value(arith::AddIOp::create(b, sum[0], value));
                     scf::YieldOp::create(b, next);
                     b.setInsertionPointToStart(branch.elseBlock());
                     scf::YieldOp::create(b, sum[0]);
                     return SmallVector<Value>(branch.getResults());
                   })
            .front();
      });
}

static LogicalResult lowerConvTranspose(onnx::ConvTransposeOp op, Lowering &l) {
  Value x = op.getX(), w = op.getW(), result = op.getY();
  Exprs xDims(l.shapes.getShape(x)), wDims(l.shapes.getShape(w));
  int64_t group = op.getGroup();
  if (failed(l.requireEqual(x, 1, w, 0, "channels of x and w")))
    return failure();
  // The one that is known says more.
  DimExpr in = wDims[0].isConstant() ? wDims[0] : xDims[1];
  DimExpr inPerGroup = divideExactly(l, in, group);
  in = inPerGroup * group;
  SmallVector<DimExpr> kernel = onnx::kernelOf(op, wDims);
  for (auto [i, size] : llvm::enumerate(kernel)) {
    requireDim(l, w, i + 2, size);
    wDims[i + 2] = size;
  }
  SmallVector<Window> windows = onnx::spreadWindows(
      l.shapes.getSymbols(), op, ArrayRef(xDims).drop_front(2), kernel);
  requireNonNegative(l, result);
  Type type = computeType(l.typeOf(x).getElementType());

  // [g, C/g, M/g * taps] read as [g, m, k], and x as columns.
  DimExpr places = onnx::product(ArrayRef(xDims).drop_front(2)),
          rows = onnx::product(ArrayRef(wDims).drop_front());
  Exprs wMatrix{group, inPerGroup, rows},
      xMatrix{xDims[0], group, inPerGroup, places};
  xDims[1] = wDims[0] = in;
  // Sizes that the attributes or the other operand tell go into the type.
  auto matrixOf = [&](Value graph, ArrayRef<DimExpr> from,
                      ArrayRef<DimExpr> to) {
    Value tensor = convertTensor(l, l.get(graph), type);
    return reshape(l, l.fitTo(tensor, materialize(l, from)), from, to,
                   materialize(l, to));
  };
  Value wTensor = matrixOf(w, wDims, wMatrix),
        xTensor = matrixOf(x, xDims, xMatrix);
  wTensor = l.transpose(wTensor, materialize(l, wMatrix), {0, 2, 1});
  Exprs product{xDims[0], group, rows, places},
      columns{xDims[0], wDims[1] * group};
  llvm::append_range(columns, kernel);
  llvm::append_range(columns, ArrayRef(xDims).drop_front(2));
  Value taps = reshape(l, multiplyColumns(l, wTensor, xTensor, product),
                       product, columns, materialize(l, columns));
  return finishConvolution(l, gatherTaps(l, taps, windows, l.dims(result)),
                           op.getB(), result);
}

static LogicalResult lowerCol2Im(onnx::Col2ImOp op, Lowering &l) {
  Value input = op.getInput(), result = op.getOutput();
  onnx::DimSymbols &symbols = l.shapes.getSymbols();
  int64_t spatial = l.rankOf(result) - 2;
  auto block = l.shapes.getElements(op.getBlockShape()),
       image = l.shapes.getElements(op.getImageShape());
  if (!block || !image || int64_t(block->size()) != spatial ||
      int64_t(image->size()) != spatial)
    return l.fail("image_shape and block_shape have unknown lengths");
  if (l.isOwnDim(result, 1)) {
    Value one = l.index(1),
          size = l.maximum(l.value(l.materialize(onnx::product(*block))), one);
    l.setDim(result, 1,
             arith::DivSIOp::create(l.b, l.dimValue(input, 1), size));
  }
  if (failed(onnx::verifyWindow(op, spatial + 2)))
    return failure();
  SmallVector<Window> windows = onnx::slideWindows(symbols, op, *image, *block);
  requireNonNegative(l, result);
  Exprs from(l.shapes.getShape(input)), columns{from[0], l.expr(result, 1)},
      counts;
  llvm::append_range(columns, *block);
  for (const Window &window : windows)
    counts.push_back(window.count);
  llvm::append_range(columns, counts);
  Exprs have{from[1], from[2]},
      want{
          onnx::product(ArrayRef(columns).drop_front().take_front(1 + spatial)),
          onnx::product(counts)};
  for (int64_t i = 0; i < 2; ++i) {
    if (have[i] == want[i])
      continue;
    Value is = l.value(l.materialize(have[i])),
          wanted = l.value(l.materialize(want[i]));
    l.require(l.compare(CmpIPredicate::eq, is, wanted),
              "a dim of the operand is {0} in place of {1}", {is, wanted});
    from[1 + i] = want[i];
  }
  Value tensor = l.fitTo(l.get(input), materialize(l, from));
  tensor = reshape(l, tensor, from, columns, materialize(l, columns));
  Value sums = gatherTaps(l, tensor, windows, l.dims(result));
  Type element = l.typeOf(result).getElementType();
  l.set(result,
        isa<FloatType>(element) ? convertTensor(l, sums, element) : sums);
  return success();
}

void qopt::registerTransposedConvolution(Registry &registry) {
  registry.add(lowerConvTranspose);
  registry.add(lowerCol2Im);
}
