//===- AttentionRules.cpp - attention and its relatives ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// [batch, sequence, heads * size] or [batch, heads, sequence, size] as the
// latter.
Dims splitHeads(RuleContext &context, ArrayRef<DimExpr> dims, int64_t heads) {
  if (dims.size() == 4)
    return Dims(dims);
  return {dims[0], heads, dims[1], context.symbols().floorDiv(dims[2], heads)};
}

LogicalResult attention(RuleContext &context) {
  auto op = cast<AttentionOp>(context.getOp());
  OptionalDims qShape = context.shape(0), kShape = context.shape(1);
  OptionalDims vShape = context.shape(2);
  if (!qShape || !kShape || !vShape)
    return success();
  int64_t qHeads = op.getQNumHeads().value_or(0);
  int64_t kvHeads = op.getKvNumHeads().value_or(0);
  bool split = qShape->size() == 3;
  if (split)
    for (auto [shape, heads] :
         {std::pair(*qShape, qHeads), std::pair(*kShape, kvHeads),
          std::pair(*vShape, kvHeads)})
      if (std::optional<int64_t> hidden = shape[2].getConstant();
          hidden && *hidden % heads)
        return op.emitOpError() << "a hidden size of " << *hidden
                                << " is no multiple of " << heads << " heads";
  Dims q = splitHeads(context, *qShape, qHeads);
  Dims k = splitHeads(context, *kShape, kvHeads);
  Dims v = splitHeads(context, *vShape, kvHeads);
  if (failed(context.require(q[3], k[3], "head sizes of Q and K differ")) ||
      failed(context.require(k[1], v[1], "heads of K and V differ")) ||
      failed(context.require(k[2], v[2], "sequences of K and V differ")) ||
      failed(context.require(q[0], k[0], "batches of Q and K differ")) ||
      failed(context.require(k[0], v[0], "batches of K and V differ")))
    return failure();
  std::optional<int64_t> heads = q[1].getConstant(),
                         groups = k[1].getConstant();
  if (heads && groups && (*groups == 0 || *heads % *groups))
    return op.emitOpError() << *heads << " heads of Q are no multiple of "
                            << *groups << " heads of K";
  if (OptionalDims past = context.shape(4)) {
    if (failed(context.require((*past)[1], k[1], "heads of the past differ")) ||
        failed(context.require((*past)[3], k[3], "sizes of the past differ")))
      return failure();
    k[2] = (*past)[2] + k[2];
  }
  if (OptionalDims past = context.shape(5))
    v[2] = (*past)[2] + v[2];
  context.setShape(0, split ? Dims{q[0], q[2], q[1] * v[3]}
                            : Dims{q[0], q[1], q[2], v[3]});
  context.setShape(1, k);
  context.setShape(2, v);
  context.setShape(3, {q[0], q[1], q[2], k[2]});
  return success();
}

LogicalResult flashAttention(RuleContext &context) {
  auto op = cast<FlashAttentionOp>(context.getOp());
  auto headsFirst = [&](unsigned i, bool tokensFirst) -> std::optional<Dims> {
    OptionalDims dims = context.shape(i);
    if (!dims)
      return std::nullopt;
    Dims own(*dims);
    if (tokensFirst)
      std::swap(own[1], own[2]);
    return own;
  };
  std::optional<Dims> q = headsFirst(0, op.getQTokensFirst()),
                      k = headsFirst(1, op.getKTokensFirst()),
                      v = headsFirst(2, op.getVTokensFirst());
  if (!q || !k || !v)
    return success();
  if (failed(context.require((*q)[3], (*k)[3], "head sizes differ")) ||
      failed(context.require((*q)[0], (*k)[0], "batches of Q and K differ")) ||
      failed(context.require((*k)[0], (*v)[0], "batches of K and V differ")) ||
      failed(context.require((*k)[1], (*v)[1], "heads of K and V differ")) ||
      failed(context.require((*k)[2], (*v)[2], "sequences of K and V differ")))
    return failure();
  Dims y{(*q)[0], (*q)[1], (*q)[2], (*v)[3]};
  if (op.getYTokensFirst())
    std::swap(y[1], y[2]);
  context.setShape(0, y);
  return success();
}

LogicalResult sameAsFirst(RuleContext &context) {
  if (OptionalDims shape = context.shape(0))
    context.setShape(0, *shape);
  return success();
}

LogicalResult tensorScatter(RuleContext &context) {
  OptionalDims cache = context.shape(0), update = context.shape(1);
  if (!cache)
    return success();
  FailureOr<int64_t> axis =
      context.axis(context.attr("axis", -2), cache->size());
  if (failed(axis))
    return failure();
  if (update)
    for (auto [i, dim] : llvm::enumerate(*cache))
      if (static_cast<int64_t>(i) != *axis &&
          failed(context.require(dim, (*update)[i],
                                 "dims of past_cache and update differ")))
        return failure();
  context.setShape(0, *cache);
  return success();
}

LogicalResult linearAttention(RuleContext &context) {
  auto op = cast<LinearAttentionOp>(context.getOp());
  OptionalDims q = context.shape(0), k = context.shape(1), v = context.shape(2);
  if (!q || !k || !v)
    return success();
  DimSymbols &symbols = context.symbols();
  DimExpr keySize = symbols.floorDiv((*k)[2], op.getKvNumHeads());
  DimExpr valueSize = symbols.floorDiv((*v)[2], op.getKvNumHeads());
  context.setShape(0, {(*q)[0], (*q)[1], valueSize * op.getQNumHeads()});
  context.setShape(1, {(*q)[0], op.getKvNumHeads(), keySize, valueSize});
  return success();
}

LogicalResult causalConv(RuleContext &context) {
  OptionalDims input = context.shape(0), weight = context.shape(1);
  if (!input)
    return success();
  context.setShape(0, *input);
  if (weight)
    context.setShape(1, {(*input)[0], (*input)[1], (*weight)[2] - 1});
  return success();
}

} // namespace

void mlir::onnx::addAttentionRules(ShapeRules &rules) {
  rules.add({"onnx.Attention"}, attention);
  rules.add({"onnx.FlashAttention"}, flashAttention);
  rules.add({"onnx.RotaryEmbedding"}, sameAsFirst);
  rules.add({"onnx.TensorScatter"}, tensorScatter);
  rules.add({"onnx.LinearAttention"}, linearAttention);
  rules.add({"onnx.CausalConvWithState"}, causalConv);
}
