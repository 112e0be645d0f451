//===- ONNXAttention.cpp - verifiers of attention and its relatives ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXAttention.cpp.inc"

void ONNXDialect::registerAttentionOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXAttention.cpp.inc"
      >();
}

static bool isPresent(Value value) { return !isa<NoneType>(value.getType()); }

// Emits an error unless the rank is unknown or one of the given ones.
static LogicalResult verifyRank(Operation *op, StringRef name, Value value,
                                ArrayRef<int64_t> allowed) {
  std::optional<int64_t> rank = rankOf(value);
  if (!rank || !isPresent(value) || llvm::is_contained(allowed, *rank))
    return success();
  InFlightDiagnostic diag = op->emitOpError() << "'" << name << "' has rank "
                                              << *rank << ", expected ";
  llvm::interleave(allowed, diag, [&](int64_t r) { diag << r; }, " or ");
  return diag;
}

// Heads of queries and of keys: positive, and one a multiple of the other.
static LogicalResult verifyHeads(Operation *op, int64_t queries, int64_t keys) {
  if (queries > 0 && keys > 0 && queries % keys == 0)
    return success();
  return op->emitOpError() << "q_num_heads (" << queries
                           << ") must be a positive multiple of kv_num_heads ("
                           << keys << ")";
}

LogicalResult AttentionOp::verify() {
  for (auto [name, value] :
       {std::pair("Q", getQ()), std::pair("K", getK()), std::pair("V", getV())})
    if (failed(verifyRank(*this, name, value, {3, 4})))
      return failure();
  std::optional<int64_t> q = rankOf(getQ()), k = rankOf(getK());
  std::optional<int64_t> v = rankOf(getV());
  if ((q && k && *q != *k) || (q && v && *q != *v))
    return emitOpError("Q, K and V have different ranks");
  if (failed(verifyRank(*this, "attn_mask", getAttnMask(), {0, 1, 2, 3, 4})) ||
      failed(verifyRank(*this, "past_key", getPastKey(), {4})) ||
      failed(verifyRank(*this, "past_value", getPastValue(), {4})) ||
      failed(verifyRank(*this, "nonpad_kv_seqlen", getNonpadKvSeqlen(), {1})))
    return failure();
  if (isPresent(getPastKey()) != isPresent(getPastValue()))
    return emitOpError("past_key and past_value must be given together");
  if (isPresent(getPastKey()) && isPresent(getNonpadKvSeqlen()))
    return emitOpError("a past and nonpad_kv_seqlen exclude each other");
  if (q == 3 && (!getQNumHeads() || !getKvNumHeads()))
    return emitOpError("inputs of rank 3 need q_num_heads and kv_num_heads");
  if (getQNumHeads() && getKvNumHeads() &&
      failed(verifyHeads(*this, *getQNumHeads(), *getKvNumHeads())))
    return failure();
  if (getQkMatmulOutputMode() < 0 || getQkMatmulOutputMode() > 3)
    return emitOpError() << "qk_matmul_output_mode is "
                         << getQkMatmulOutputMode() << ", expected 0 to 3";
  if (getSoftmaxPrecision() &&
      !llvm::is_contained({1, 10, 11, 16}, *getSoftmaxPrecision()))
    return emitOpError() << "softmax_precision " << *getSoftmaxPrecision()
                         << " is no floating-point type";
  return success();
}

LogicalResult FlashAttentionOp::verify() {
  for (auto [name, value] : {std::pair<StringRef, Value>("q", getQ()),
                             {"k", getK()},
                             {"v", getV()},
                             {"attn_mask", getAttnMask()}})
    if (failed(verifyRank(*this, name, value, 4)))
      return failure();
  if (failed(verifyRank(*this, "lengths", getLengths(), 1)) ||
      failed(verifyRank(*this, "past", getPast(), 1)))
    return failure();
  if (getMaskFilterValue() && !isPresent(getAttnMask()))
    return emitOpError("mask_filter_value belongs to a mask");
  return success();
}

LogicalResult RotaryEmbeddingOp::verify() {
  if (failed(verifyRank(*this, "X", getX(), {3, 4})) ||
      failed(verifyRank(*this, "position_ids", getPositionIds(), {2})))
    return failure();
  int64_t cacheRank = isPresent(getPositionIds()) ? 2 : 3;
  if (failed(verifyRank(*this, "cos_cache", getCosCache(), cacheRank)) ||
      failed(verifyRank(*this, "sin_cache", getSinCache(), cacheRank)))
    return failure();
  if (getNumHeads() < 0)
    return emitOpError() << "num_heads is " << getNumHeads();
  int64_t rotary = getRotaryEmbeddingDim();
  if (rotary < 0 || rotary % 2)
    return emitOpError() << "rotary_embedding_dim " << rotary << " is not even";
  return success();
}

LogicalResult TensorScatterOp::verify() {
  std::optional<int64_t> rank = rankOf(getPastCache());
  std::optional<int64_t> updateRank = rankOf(getUpdate());
  if (rank && updateRank && *rank != *updateRank)
    return emitOpError("past_cache and update have different ranks");
  if (failed(verifyAxis(*this, getAxis(), rank)) ||
      failed(verifyOneOf(*this, "mode", getMode(), {"linear", "circular"})) ||
      failed(verifyRank(*this, "write_indices", getWriteIndices(), {1})))
    return failure();
  if (rank && (getAxis() == 0 || getAxis() == -*rank))
    return emitOpError("axis 0 is the batch");
  return success();
}

LogicalResult LinearAttentionOp::verify() {
  if (failed(verifyOneOf(*this, "update_rule", getUpdateRule(),
                         {"linear", "gated", "delta", "gated_delta"})) ||
      failed(verifyHeads(*this, getQNumHeads(), getKvNumHeads())))
    return failure();
  for (auto [name, value] :
       std::initializer_list<std::pair<StringRef, Value>>{{"query", getQuery()},
                                                          {"key", getKey()},
                                                          {"value", getValue()},
                                                          {"decay", getDecay()},
                                                          {"beta", getBeta()}})
    if (failed(verifyRank(*this, name, value, {3})))
      return failure();
  if (failed(verifyRank(*this, "past_state", getPastState(), {4})))
    return failure();
  bool gated = getUpdateRule().starts_with("gated");
  bool delta = getUpdateRule().ends_with("delta");
  if (gated != isPresent(getDecay()) || delta != isPresent(getBeta()))
    return emitOpError() << "update_rule \"" << getUpdateRule() << "\" "
                         << (gated ? "needs" : "forbids") << " decay and "
                         << (delta ? "needs" : "forbids") << " beta";
  return success();
}

LogicalResult CausalConvWithStateOp::verify() {
  for (auto [name, value] : std::initializer_list<std::pair<StringRef, Value>>{
           {"input", getInput()},
           {"weight", getWeight()},
           {"past_state", getPastState()}})
    if (failed(verifyRank(*this, name, value, {3})))
      return failure();
  return verifyOneOf(*this, "activation", getActivation(),
                     {"none", "silu", "swish"});
}
