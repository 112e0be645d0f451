//===- ContribAttention.cpp - com.microsoft: attention --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All forms become onnx.Attention on heads of rank 4 and a mask. A cache that
// the caller owns (GroupQueryAttention) becomes TensorScatter, so that it can
// be updated in place.
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "NodeComposer.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {

/// Queries, keys and values of rank 4 and what belongs to them.
struct Heads {
  Value q, k, v;
  Value pastKey, pastValue;
  /// A float mask, or a bool mask with -inf where it is false.
  Value mask;
};

struct AttentionResult {
  /// `[batch, sequence, hidden]`.
  Value y;
  Value presentKey, presentValue, qk;
};

AttentionResult emitAttention(NodeComposer &c, const Heads &heads,
                              ArrayRef<NamedAttribute> attrs) {
  auto orNone = [&](Value value) { return value ? value : c.none(); };
  SmallVector<Value> results =
      c.ops("Attention",
            {heads.q, heads.k, heads.v, orNone(heads.mask),
             orNone(heads.pastKey), orNone(heads.pastValue), c.none()},
            4, attrs);
  Value y = results[0];
  return {y ? c.joinHeads(y) : y, results[1], results[2], results[3]};
}

/// A scale of 0 is the default.
void addScale(NodeComposer &c, SmallVectorImpl<NamedAttribute> &attrs) {
  if (double scale = c.takeFloat("scale"))
    attrs.push_back(c.attr("scale", scale));
}

/// 0 where a key counts, `filter` where it does not: rank 4.
Value additiveMask(NodeComposer &c, Value condition, double filter,
                   Type element) {
  return c.where(condition, c.scalar(element, 0), c.scalar(element, filter));
}

/// The sum of two masks either of which may be missing.
Value addMasks(NodeComposer &c, Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return c.add(a, b);
}

/// Which of `total` keys count, by their number per batch row: [B, 1, 1, T].
/// The other forms of rank 1 (with start positions) have more numbers than
/// rows, which the reshape refuses when the model runs.
Value lengthMask(NodeComposer &c, Value lengths, Value batchOf, Value total) {
  Value columns = c.range(total);
  Value shape = c.concat({c.dim(batchOf, 0), c.ints({1, 1, 1})}, 0);
  Value rows = c.op("Reshape", {c.cast(lengths, c.b.getI64Type()), shape});
  return c.op("Less", {columns, rows});
}

/// Which keys count, by integers that are positive where they do. A mask of
/// rank 2 is [B, T], of rank 3 [B, S, T].
Value integerMask(NodeComposer &c, Value mask, int64_t rank) {
  Value positive = c.op("Greater", {mask, c.scalar(c.elementOf(mask), 0)});
  return rank == 2 ? c.unsqueeze(positive, {1, 2}) : c.unsqueeze(positive, {1});
}

} // namespace

//===----------------------------------------------------------------------===//
// Attention, QAttention
//===----------------------------------------------------------------------===//

/// Attention behind the projection `qkv` ([B, S, hidden of q, k and v]).
static LogicalResult decodeProjected(NodeContext &node, NodeComposer &c,
                                     Value qkv, unsigned maskAt,
                                     unsigned pastAt,
                                     std::optional<unsigned> biasAt,
                                     ArrayRef<int64_t> hiddenSizes) {
  int64_t numHeads = c.takeInt("num_heads");
  if (numHeads <= 0)
    return c.invalid("num_heads is " + Twine(numHeads));
  if (c.takeInt("past_present_share_buffer"))
    return c.unsupported("past_present_share_buffer");
  if (c.takeInt("do_rotary"))
    return c.unsupported("do_rotary");
  double filter = c.takeFloat("mask_filter_value", -10000);
  SmallVector<NamedAttribute> attrs;
  addScale(c, attrs);
  if (c.takeInt("unidirectional"))
    attrs.push_back(c.attr("is_causal", int64_t(1)));
  Type element = c.elementOf(qkv);

  SmallVector<Value> parts = hiddenSizes.empty()
                                 ? c.ops("Split", {qkv}, 3,
                                         {c.attr("axis", int64_t(-1)),
                                          c.attr("num_outputs", int64_t(3))},
                                         /*numOperands=*/2)
                                 : c.split(qkv, hiddenSizes, -1);
  Heads heads{c.splitHeads(parts[0], numHeads),
              c.splitHeads(parts[1], numHeads),
              c.splitHeads(parts[2], numHeads)};
  Value total = c.scalarDim(qkv, 1);
  if (node.has(pastAt)) {
    Value past = node.operands[pastAt];
    heads.pastKey = c.gather(past, c.scalar(0), 0);
    heads.pastValue = c.gather(past, c.scalar(1), 0);
    total = c.add(total, c.scalarDim(past, 3));
  }
  if (node.has(maskAt)) {
    Value mask = node.operands[maskAt], seen;
    std::optional<int64_t> rank = c.rankOf(mask);
    if (!rank)
      return c.unsupported("a mask_index of unknown rank");
    if (*rank == 1) {
      seen = lengthMask(c, mask, qkv, total);
    } else if (*rank <= 3) {
      seen = integerMask(c, mask, *rank);
    } else {
      return c.unsupported("a mask_index of rank " + Twine(*rank));
    }
    heads.mask = additiveMask(c, seen, filter, element);
  }
  if (biasAt && node.has(*biasAt))
    heads.mask = addMasks(c, heads.mask, node.operands[*biasAt]);
  AttentionResult result = emitAttention(c, heads, attrs);
  Value present;
  if (node.wants(1))
    present = c.concat({c.unsqueeze(result.presentKey, {0}),
                        c.unsqueeze(result.presentValue, {0})},
                       0);
  return c.finish({result.y, present});
}

LogicalResult decodeContribAttention(NodeContext &node) {
  NodeComposer c(node);
  Value qkv = c.op("MatMul", {c.operand(0), c.operand(1)});
  if (node.has(2))
    qkv = c.add(qkv, c.operand(2));
  SmallVector<int64_t> sizes;
  if (auto given = node.take<DenseI64ArrayAttr>("qkv_hidden_sizes"))
    sizes = llvm::to_vector(given.asArrayRef());
  if (!sizes.empty() && sizes.size() != 3)
    return c.invalid("qkv_hidden_sizes needs 3 numbers");
  if (node.has(6))
    return c.unsupported("past_sequence_length");
  return decodeProjected(node, c, qkv, /*maskAt=*/3, /*pastAt=*/4,
                         /*biasAt=*/5, sizes);
}

LogicalResult decodeQAttention(NodeContext &node) {
  NodeComposer c(node);
  Value sums = c.op("MatMulInteger",
                    {c.operand(0), c.operand(1), c.operand(6), c.operand(7)});
  Type element = c.elementOf(c.operand(3));
  Value scale = c.mul(c.operand(3), c.operand(4));
  Value qkv = c.add(c.mul(c.cast(sums, element), scale), c.operand(2));
  return decodeProjected(node, c, qkv, /*maskAt=*/5, /*pastAt=*/8,
                         /*biasAt=*/std::nullopt, {});
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

LogicalResult decodeMultiHeadAttention(NodeContext &node) {
  NodeComposer c(node);
  int64_t numHeads = c.takeInt("num_heads");
  if (numHeads <= 0)
    return c.invalid("num_heads is " + Twine(numHeads));
  double filter = c.takeFloat("mask_filter_value", -10000);
  SmallVector<NamedAttribute> attrs;
  addScale(c, attrs);
  if (c.takeInt("unidirectional"))
    attrs.push_back(c.attr("is_causal", int64_t(1)));
  if (node.has(8) || node.has(9))
    return c.unsupported("a past in a shared buffer (past_sequence_length, "
                         "cache_indirection)");
  Value query = c.operand(0), key = c.operand(1), value = c.operand(2);
  std::optional<int64_t> rank = c.rankOf(query);
  if (!rank)
    return c.unsupported("a query of unknown rank");
  if (*rank == 5 || !node.has(1))
    return c.unsupported("queries, keys and values packed in one input");
  std::optional<int64_t> keyRank = c.rankOf(key);
  if (!keyRank)
    return c.unsupported("a key of unknown rank");
  if (*keyRank == 5)
    return c.unsupported("keys and values packed in one input");
  bool keysHaveHeads = *keyRank == 4;

  if (node.has(3)) {
    // The bias is that of queries, keys and values behind one another; queries
    // and keys are as wide as the query.
    Value bias = c.operand(3), zero = c.ints({0}), axis = c.ints({0});
    Value step = c.ints({1}), width = c.dim(query, 2);
    Value twice = c.add(width, width);
    Value end = c.ints({std::numeric_limits<int64_t>::max()});
    auto part = [&](Value from, Value to) {
      return c.op("Slice", {bias, from, to, axis, step});
    };
    query = c.add(query, part(zero, width));
    if (!keysHaveHeads) {
      key = c.add(key, part(width, twice));
      value = c.add(value, part(twice, end));
    }
  }
  Type element = c.elementOf(query);
  Heads heads;
  heads.q = c.splitHeads(query, numHeads);
  heads.k = keysHaveHeads ? key : c.splitHeads(key, numHeads);
  heads.v = keysHaveHeads ? value : c.splitHeads(value, numHeads);
  Value total = c.scalarDim(key, keysHaveHeads ? 2 : 1);
  if (node.has(6)) {
    heads.pastKey = c.operand(6);
    heads.pastValue = c.operand(7);
    total = c.add(total, c.scalarDim(heads.pastKey, 2));
  }
  if (node.has(4)) {
    Value mask = c.operand(4);
    std::optional<int64_t> maskRank = c.rankOf(mask);
    if (!maskRank || *maskRank > 3)
      return c.unsupported("a key_padding_mask of this rank");
    Value seen = *maskRank == 1 ? lengthMask(c, mask, query, total)
                                : integerMask(c, mask, *maskRank);
    heads.mask = additiveMask(c, seen, filter, element);
  }
  if (node.has(5))
    heads.mask = addMasks(c, heads.mask, c.operand(5));
  AttentionResult result = emitAttention(c, heads, attrs);
  return c.finish(
      {result.y, result.presentKey, result.presentValue, result.qk});
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

LogicalResult decodeContribRotaryEmbedding(NodeContext &node) {
  NodeComposer c(node);
  Value x = c.operand(0), positions = c.operand(1);
  std::optional<int64_t> rank = c.rankOf(x), idRank = c.rankOf(positions);
  if (!rank || !idRank)
    return c.unsupported("an input or position_ids of unknown rank");
  // Neither changes what the CPU computes.
  c.takeInt("is_packed_batching");
  c.takeFloat("scale", 1);
  if (*idRank < 2) {
    // One number: the position of the first token.
    Value steps = c.range(c.scalarDim(x, *rank == 4 ? 2 : 1));
    positions = c.unsqueeze(c.add(steps, positions), {0});
  }
  return c.finish(
      {c.op("RotaryEmbedding", {x, c.operand(2), c.operand(3), positions},
            node.attributes.getAttrs())});
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

LogicalResult decodeGroupQueryAttention(NodeContext &node) {
  NodeComposer c(node);
  int64_t numHeads = c.takeInt("num_heads"),
          kvHeads = c.takeInt("kv_num_heads");
  if (numHeads <= 0 || kvHeads <= 0 || numHeads % kvHeads)
    return c.invalid("num_heads and kv_num_heads do not fit");
  int64_t window = c.takeInt("local_window_size", -1);
  bool rotates = c.takeInt("do_rotary"), causal = c.takeInt("causal", 1);
  int64_t interleaved = c.takeInt("rotary_interleaved");
  double epsilon = c.takeFloat("qk_norm_epsilon", 1e-6);
  std::string kQuant = c.takeString("k_quant_type", "NONE"),
              vQuant = c.takeString("v_quant_type", "NONE");
  if (kQuant != "NONE" || vQuant != "NONE" || node.has(12) || node.has(13))
    return c.unsupported("a quantized cache");
  if (c.takeInt("smooth_softmax") > 0 || node.has(11))
    return c.unsupported("smooth_softmax and head_sink");
  if (c.takeInt("sliding_window_cache"))
    return c.unsupported("sliding_window_cache");
  c.takeInt("kv_cache_bit_width");
  if (!causal)
    return c.unsupported("causal = 0");
  SmallVector<NamedAttribute> attrs;
  addScale(c, attrs);
  if (double cap = c.takeFloat("softcap"))
    attrs.push_back(c.attr("softcap", cap));
  if (c.takeInt("qk_output"))
    return c.unsupported("qk_output");

  Type i64 = c.b.getI64Type();
  Value query = c.operand(0);
  Heads heads;
  if (node.has(1)) {
    heads.q = c.splitHeads(query, numHeads);
    heads.k = c.splitHeads(c.operand(1), kvHeads);
    heads.v = c.splitHeads(c.operand(2), kvHeads);
  } else {
    Value packed = c.splitHeads(query, numHeads + 2 * kvHeads);
    SmallVector<Value> parts = c.split(packed, {numHeads, kvHeads, kvHeads}, 1);
    heads = {parts[0], parts[1], parts[2]};
  }
  if (node.has(14) && node.has(15)) {
    NamedAttribute norm[] = {c.attr("axis", int64_t(-1)),
                             c.attr("epsilon", epsilon)};
    heads.q = c.op("RMSNormalization", {heads.q, c.operand(14)}, norm);
    heads.k = c.op("RMSNormalization", {heads.k, c.operand(15)}, norm);
  }

  // seqlens_k is the number of valid keys less one, total_sequence_length the
  // longest of them. A first prompt is as long as that: its rows start at 0,
  // and behind the valid ones they hold padding.
  Value tokens = c.scalarDim(query, 1);
  Value lengths =
      c.add(c.reshape(c.cast(c.operand(5), i64), {-1}), c.scalar(1));
  Value total = c.reshape(c.cast(c.operand(6), i64), {});
  bool hasPast = node.has(3);
  Value start = c.sub(lengths, tokens);
  start = c.where(c.op("Equal", {tokens, total}), c.scalar(0), start);
  if (rotates) {
    Value positions = node.has(9)
                          ? c.cast(c.operand(9), i64)
                          : c.add(c.unsqueeze(start, {1}), c.range(tokens));
    auto rotate = [&](Value x) {
      return c.op("RotaryEmbedding", {x, c.operand(7), c.operand(8), positions},
                  c.attr("interleaved", interleaved));
    };
    heads.q = rotate(heads.q);
    heads.k = rotate(heads.k);
  }

  Value columns = c.range(tokens);
  if (hasPast) {
    // The cache as long as the longest row needs it, rows written where each
    // one ends.
    auto update = [&](Value past, Value fresh) {
      Value length = c.dim(past, 2);
      Value more =
          c.op("Max", {c.sub(c.reshape(total, {1}), length), c.ints({0})});
      Value pads = c.concat({c.ints({0}), more}, 0);
      Value room = c.op("Pad", {past, pads, c.none(), c.ints({2})},
                        c.attr("mode", "constant"));
      return c.op("TensorScatter", {room, fresh, start},
                  {c.attr("axis", int64_t(2)), c.attr("mode", "linear")});
    };
    heads.k = update(c.operand(3), heads.k);
    heads.v = update(c.operand(4), heads.v);
    columns = c.range(c.scalarDim(heads.k, 2));
  }
  // Row s of batch b sees the keys up to start + s, at most `window` of them.
  Value rows =
      c.add(c.unsqueeze(start, {1, 2, 3}), c.unsqueeze(c.range(tokens), {1}));
  Value seen = c.op("LessOrEqual", {columns, rows});
  if (window > 0) {
    Value first = c.sub(rows, c.scalar(window));
    seen = c.op("And", {seen, c.op("Greater", {columns, first})});
  }
  heads.mask = seen;
  if (node.has(10)) {
    Value bias = c.operand(10);
    heads.mask = c.where(
        seen, bias,
        c.scalar(c.elementOf(bias), -std::numeric_limits<double>::infinity()));
  }
  AttentionResult result = emitAttention(c, heads, attrs);
  return c.finish({result.y, heads.k, heads.v, Value()});
}

} // namespace mlir::qopt::importer
