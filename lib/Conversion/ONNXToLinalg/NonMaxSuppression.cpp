//===- NonMaxSuppression.cpp - NonMaxSuppression --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Per batch and class: take the box with the best score, drop every box that
// overlaps it too much, until none is left. A dropped or taken box gets the
// score -inf in a working copy; the first of equal scores wins.
//===----------------------------------------------------------------------===//

#include "Loops.h"
#include "qopt/Dialect/ONNX/IR/ONNXSelection.h"
#include <limits>

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
/// Corners and area of a box.
struct Box {
  Value left, right, top, bottom, area;
};

class Suppression {
public:
  Suppression(Lowering &l, onnx::NonMaxSuppressionOp op)
      : l(l), b(l.b), op(op), boxes(l.get(op.getBoxes())),
        scores(l.get(op.getScores())), count(l.dimValue(op.getBoxes(), 1)) {}

  LogicalResult run();

private:
  Value minimumF(Value a, Value c) {
    return arith::MinimumFOp::create(b, a, c);
  }
  Value maximumF(Value a, Value c) {
    return arith::MaximumFOp::create(b, a, c);
  }
  Value compareF(CmpFPredicate predicate, Value a, Value c) {
    return arith::CmpFOp::create(b, predicate, a, c);
  }
  Box readBox(Value batch, Value box);
  /// Whether the intersection over the union of two boxes is above the
  /// threshold.
  Value overlaps(const Box &a, const Box &c);
  /// Scores of one class, -inf where they are not above the threshold.
  Value candidates(Value batch, Value kind);
  /// The best candidate: its index and score.
  std::pair<Value, Value> best(Value alive);
  SmallVector<Value> selectInClass(Value batch, Value kind, ValueRange state);
  FailureOr<Value> scalar(Value graph, Value otherwise);

  Lowering &l;
  ImplicitLocOpBuilder &b;
  onnx::NonMaxSuppressionOp op;
  Value boxes, scores, count;
  Value most, overlap, threshold;
};
} // namespace

FailureOr<Value> Suppression::scalar(Value graph, Value otherwise) {
  return l.present(graph) ? l.scalarOf(graph) : FailureOr<Value>(otherwise);
}

Box Suppression::readBox(Value batch, Value box) {
  Value v[4];
  for (int64_t i = 0; i < 4; ++i)
    v[i] = l.read(boxes, {batch, box, l.index(i)});
  Box result;
  if (op.getCenterPointBox()) {
    Value two = l.number(v[0].getType(), 2);
    Value halfWidth = arith::DivFOp::create(b, v[2], two);
    Value halfHeight = arith::DivFOp::create(b, v[3], two);
    result.left = arith::SubFOp::create(b, v[0], halfWidth);
    result.right = arith::AddFOp::create(b, v[0], halfWidth);
    result.top = arith::SubFOp::create(b, v[1], halfHeight);
    result.bottom = arith::AddFOp::create(b, v[1], halfHeight);
  } else {
    result.left = minimumF(v[1], v[3]);
    result.right = maximumF(v[1], v[3]);
    result.top = minimumF(v[0], v[2]);
    result.bottom = maximumF(v[0], v[2]);
  }
  result.area = arith::MulFOp::create(
      b, arith::SubFOp::create(b, result.right, result.left),
      arith::SubFOp::create(b, result.bottom, result.top));
  return result;
}

Value Suppression::overlaps(const Box &a, const Box &c) {
  Value zero = l.number(a.area.getType(), 0);
  auto extent = [&](Value low1, Value low2, Value high1, Value high2) {
    Value size =
        arith::SubFOp::create(b, minimumF(high1, high2), maximumF(low1, low2));
    return maximumF(size, zero);
  };
  Value common =
      arith::MulFOp::create(b, extent(a.left, c.left, a.right, c.right),
                            extent(a.top, c.top, a.bottom, c.bottom));
  Value all = arith::SubFOp::create(b, arith::AddFOp::create(b, a.area, c.area),
                                    common);
  Value ratio = arith::DivFOp::create(b, common, all);
  // An empty intersection never suppresses, whatever the threshold.
  return arith::AndIOp::create(b, compareF(CmpFPredicate::OGT, ratio, overlap),
                               compareF(CmpFPredicate::OGT, common, zero));
}

Value Suppression::candidates(Value batch, Value kind) {
  Type type = l.typeOf(op.getScores()).getElementType();
  return l.parallel(
      {OpFoldResult(l.dim(op.getBoxes(), 1))}, type, {}, {},
      [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
        Value box = linalg::IndexOp::create(inner, 0);
        Value score = tensor::ExtractOp::create(inner, scores,
                                                ValueRange{batch, kind, box});
        Value counts =
            arith::CmpFOp::create(inner, CmpFPredicate::OGT, score, threshold);
        return arith::SelectOp::create(
            inner, counts, score,
            constantNumber(inner, type,
                           -std::numeric_limits<double>::infinity()));
      });
}

std::pair<Value, Value> Suppression::best(Value alive) {
  Type type = l.typeOf(op.getScores()).getElementType();
  Value lowest = l.number(type, -std::numeric_limits<double>::infinity());
  auto found = forLoop(l, l.index(0), count, {l.index(0), lowest},
                       [&](Value box, ValueRange state) -> SmallVector<Value> {
                         Value score = l.read(alive, box);
                         Value better =
                             compareF(CmpFPredicate::OGT, score, state[1]);
                         return {l.select(better, box, state[0]),
                                 l.select(better, score, state[1])};
                       });
  return {found[0], found[1]};
}

/// `state`: the rows selected so far and their number.
SmallVector<Value> Suppression::selectInClass(Value batch, Value kind,
                                              ValueRange state) {
  Type type = l.typeOf(op.getScores()).getElementType(), i64 = b.getI64Type();
  Value lowest = l.number(type, -std::numeric_limits<double>::infinity());
  auto selected = forLoop(
      l, l.index(0), l.minimum(most, count),
      {state[0], state[1], candidates(batch, kind)},
      [&](Value, ValueRange carried) -> SmallVector<Value> {
        auto [box, score] = best(carried[2]);
        Value found = compareF(CmpFPredicate::OGT, score, lowest);
        return ifThen(l, found, carried, [&, box = box]() {
          Value rows = carried[0];
          for (auto [column, index] :
               llvm::enumerate(ArrayRef<Value>{batch, kind, box}))
            rows = tensor::InsertOp::create(
                b, arith::IndexCastOp::create(b, i64, index), rows,
                ValueRange{carried[1], l.index(column)});
          Box taken = readBox(batch, box);
          Value alive =
              forLoop(l, l.index(0), count, carried[2],
                      [&](Value other, ValueRange a) -> SmallVector<Value> {
                        Value drop = arith::OrIOp::create(
                            b, overlaps(taken, readBox(batch, other)),
                            l.compare(CmpIPredicate::eq, other, box));
                        Value rest =
                            l.select(drop, lowest, l.read(a[0], other));
                        return {tensor::InsertOp::create(b, rest, a[0], other)};
                      })
                  .front();
          return SmallVector<Value>{rows, l.add(carried[1], l.index(1)), alive};
        });
      });
  return {selected[0], selected[1]};
}

LogicalResult Suppression::run() {
  Type type = l.typeOf(op.getScores()).getElementType();
  if (!type.isF32())
    return l.fail("only implemented for f32");
  Value boxesValue = op.getBoxes(), scoresValue = op.getScores();
  if (failed(l.requireEqual(boxesValue, 0, scoresValue, 0, "batches")) ||
      failed(l.requireEqual(boxesValue, 1, scoresValue, 2, "boxes")))
    return failure();
  Value lowest = l.number(type, -std::numeric_limits<double>::infinity());
  Value none = arith::ConstantIntOp::create(b, 0, 64);
  FailureOr<Value> limit = scalar(op.getMaxOutputBoxesPerClass(), none);
  FailureOr<Value> iou = scalar(op.getIouThreshold(), l.number(type, 0));
  FailureOr<Value> least = scalar(op.getScoreThreshold(), lowest);
  if (failed(limit) || failed(iou) || failed(least))
    return failure();
  most = arith::IndexCastOp::create(b, b.getIndexType(), *limit);
  most = l.maximum(most, l.index(0));
  overlap = *iou;
  threshold = *least;

  Value batches = l.dimValue(boxesValue, 0), kinds = l.dimValue(scoresValue, 1);
  Value bound = arith::MulIOp::create(b, batches, kinds);
  bound = arith::MulIOp::create(b, bound, l.minimum(most, count));
  Value rows =
      l.empty({OpFoldResult(bound), b.getIndexAttr(3)}, b.getI64Type());
  auto selected =
      forLoop(l, l.index(0), batches, {rows, l.index(0)},
              [&](Value batch, ValueRange outer) {
                return forLoop(l, l.index(0), kinds, outer,
                               [&](Value kind, ValueRange inner) {
                                 return selectInClass(batch, kind, inner);
                               });
              });
  Value result = op.getSelectedIndices();
  if (l.isOwnDim(result, 0))
    l.setDim(result, 0, selected[1]);
  SmallVector<OpFoldResult> offsets(2, b.getIndexAttr(0)),
      sizes{selected[1], b.getIndexAttr(3)}, strides(2, b.getIndexAttr(1));
  l.set(result, tensor::ExtractSliceOp::create(b, selected[0], offsets, sizes,
                                               strides));
  return success();
}

static LogicalResult lowerNonMaxSuppression(onnx::NonMaxSuppressionOp op,
                                            Lowering &l) {
  return Suppression(l, op).run();
}

void qopt::registerNonMaxSuppression(Registry &registry) {
  registry.add(lowerNonMaxSuppression);
}
