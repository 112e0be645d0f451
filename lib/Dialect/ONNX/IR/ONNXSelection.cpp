//===- ONNXSelection.cpp - verifiers of selecting and counting ops ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXSelection.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXSelection.cpp.inc"

void ONNXDialect::registerSelectionOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXSelection.cpp.inc"
      >();
}

LogicalResult NonMaxSuppressionOp::verify() {
  for (Value operand : {Value(getBoxes()), Value(getScores())})
    if (rankOf(operand).value_or(3) != 3)
      return emitOpError("expected boxes and scores of rank 3");
  auto type = dyn_cast<RankedTensorType>(getBoxes().getType());
  if (type && !type.isDynamicDim(2) && type.getDimSize(2) != 4)
    return emitOpError("a box has 4 numbers, got ") << type.getDimSize(2);
  return success();
}

LogicalResult UniqueOp::verify() {
  return getAxis() ? verifyAxis(*this, *getAxis(), rankOf(getX())) : success();
}

LogicalResult TfIdfVectorizerOp::verify() {
  if (failed(verifyOneOf(*this, "mode", getMode(), {"TF", "IDF", "TFIDF"})))
    return failure();
  std::optional<int64_t> rank = rankOf(getX());
  if (rank && (*rank < 1 || *rank > 2))
    return emitOpError("expected an operand of rank 1 or 2, got ") << *rank;
  int64_t pool = getPoolInt64s().size(), ngrams = 0, previous = 0;
  ArrayRef<int64_t> starts = getNgramCounts();
  for (auto [i, start] : llvm::enumerate(starts)) {
    int64_t end = i + 1 < starts.size() ? starts[i + 1] : pool, length = i + 1;
    if (start < previous || end < start || end > pool)
      return emitOpError(
          "ngram_counts are not ascending positions in the pool");
    if ((end - start) % length != 0)
      return emitOpError("the pool holds no whole number of n-grams of length ")
             << length;
    ngrams += (end - start) / length;
    previous = start;
  }
  if (ngrams != int64_t(getNgramIndexes().size()))
    return emitOpError("expected one of ngram_indexes for each of ")
           << ngrams << " n-grams, got " << getNgramIndexes().size();
  if (llvm::any_of(getNgramIndexes(), [](int64_t i) { return i < 0; }))
    return emitOpError("ngram_indexes are negative");
  int64_t columns = 0;
  for (int64_t index : getNgramIndexes())
    columns = std::max(columns, index + 1);
  if (getWeights() && int64_t(getWeights()->size()) < columns)
    return emitOpError("expected ") << columns << " weights";
  if (getMinGramLength() < 1 || getMaxGramLength() < getMinGramLength() ||
      getMaxSkipCount() < 0)
    return emitOpError("lengths or the number of skips are out of range");
  return success();
}
