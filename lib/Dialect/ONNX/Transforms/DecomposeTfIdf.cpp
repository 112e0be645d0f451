//===- DecomposeTfIdf.cpp - n-grams of a vocabulary ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For every length and distance the windows of the row are gathered, compared
// with all n-grams of that length, and the matches summed over the windows.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXSelection.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

class NGrams : public Composer {
public:
  NGrams(PatternRewriter &rewriter, TfIdfVectorizerOp op)
      : Composer(rewriter, op), i64(rewriter.getI64Type()),
        f32(rewriter.getF32Type()), x(cast(op.getX(), i64)),
        isBatch(rankOf(op.getX()) == 2) {
    Value axis = scalar(i64, isBatch ? 1 : 0);
    length = Composer::op<GatherOp>({Composer::op<ShapeOp>(x), axis});
  }

  // How often each of `ngrams` (one behind the other) occurs in each row.
  Value occurrences(ArrayRef<int64_t> ngrams, int64_t size, int64_t distance);
  // Adds counts [..., n] up into columns.
  Value toColumns(Value counts, ArrayRef<int64_t> columns, int64_t number);

private:
  Type i64, f32;
  Value x, length;
  bool isBatch;
};

Value NGrams::occurrences(ArrayRef<int64_t> ngrams, int64_t size,
                          int64_t distance) {
  int64_t number = ngrams.size() / size;
  Value pool = op<ReshapeOp>({ints(ngrams), ints({number, size})});
  Value windows = sub(length, scalar(i64, distance * (size - 1)));
  Value starts = op<UnsqueezeOp>({range(windows), ints(1)});
  Value steps = mul(range(scalar(i64, size)), scalar(i64, distance));
  Value window =
      op<GatherOp>({x, add(starts, steps)}, attr("axis", int64_t(isBatch)));
  // [..., windows, 1, size] against [ngrams, size].
  Value equal = op<EqualOp>({op<UnsqueezeOp>({window, ints(-2)}), pool});
  Value match =
      op<ReduceMinOp>({cast(equal, f32), ints(-1)}, attr("keepdims", 0l));
  return op<ReduceSumOp>({match, ints(-2)}, attr("keepdims", 0l));
}

Value NGrams::toColumns(Value counts, ArrayRef<int64_t> columns,
                        int64_t number) {
  auto turn = [&](Value value) {
    return isBatch ? op<TransposeOp>(value, attr("perm", {1, 0})) : value;
  };
  counts = turn(counts);
  Value shape = ints(number);
  if (isBatch)
    shape = op<ConcatOp>({shape, op<ShapeOp>(x, {attr("end", 1l)})},
                         attr("axis", 0l));
  Value zeros = op<ExpandOp>({scalar(f32, 0), shape});
  Value indices = op<UnsqueezeOp>({ints(columns), ints(1)});
  return turn(op<ScatterNDOp>({zeros, indices, counts},
                              attr("reduction", StringRef("add"))));
}

struct DecomposeTfIdf : OpRewritePattern<TfIdfVectorizerOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TfIdfVectorizerOp op,
                                PatternRewriter &rewriter) const override {
    if (!rankOf(op.getX()))
      return rewriter.notifyMatchFailure(op, "rank is not known");
    NGrams c(rewriter, op);
    Type f32 = rewriter.getF32Type();
    ArrayRef<int64_t> pool = op.getPoolInt64s(), starts = op.getNgramCounts();
    int64_t columns = 1 + *llvm::max_element(op.getNgramIndexes());

    SmallVector<Value> counts;
    SmallVector<int64_t> targets;
    int64_t first = 0; // of the n-grams of this length
    for (auto [i, start] : llvm::enumerate(starts)) {
      int64_t end = i + 1 < starts.size() ? starts[i + 1] : pool.size();
      int64_t size = i + 1, number = (end - start) / size;
      if (number > 0 && size >= op.getMinGramLength() &&
          size <= op.getMaxGramLength()) {
        // A single value has no neighbour to leave out values before.
        int64_t distances = size == 1 ? 1 : op.getMaxSkipCount() + 1;
        Value sum;
        for (int64_t distance = 1; distance <= distances; ++distance) {
          Value found =
              c.occurrences(pool.slice(start, end - start), size, distance);
          sum = sum ? c.add(sum, found) : found;
        }
        counts.push_back(sum);
        llvm::append_range(targets, op.getNgramIndexes().slice(first, number));
      }
      first += number;
    }
    if (counts.empty())
      return op.emitOpError("has no n-grams of the lengths asked for");
    Value all = c.op<ConcatOp>(counts, c.attr("axis", int64_t(-1)));
    Value result = c.toColumns(all, targets, columns);
    if (op.getMode() == "IDF")
      result = c.cast(c.op<GreaterOp>({result, c.scalar(f32, 0)}), f32);
    if (op.getMode() != "TF" && op.getWeights()) {
      auto type = RankedTensorType::get({columns}, f32);
      Value weights = ConstantOp::create(
          rewriter, op.getLoc(),
          DenseElementsAttr::get(type, op.getWeights()->take_front(columns)));
      result = c.mul(result, weights);
    }
    c.replace(op, result);
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeTfIdfPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeTfIdf>(patterns.getContext());
}
