//===- FuseAttention.cpp - attentions that one kernel computes -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel reads queries, keys and values by strides: a Transpose between
// tokens and heads, in front or behind, is a note on the op. What stays with
// the basic ops: sums in f64, other types of softmax, scores as a result,
// masks of unproved dims, head sizes that are unknown or large.
//===----------------------------------------------------------------------===//

#include "ExpandAttention.h"

using namespace mlir;
using namespace mlir::onnx;

/// The kernel keeps blocks of rows on the stack.
constexpr int64_t kMaxHeadSize = 256;

namespace {

class AttentionFuser : Expander {
public:
  AttentionFuser(AttentionOp op, ShapeAnalysis &shapes, Composer &c,
                 Replacements &replacements)
      : Expander(shapes, c, replacements), op(op) {}

  bool fuse();

private:
  bool present(Value value) { return !isa<NoneType>(value.getType()); }
  bool isCovered();
  bool maskFits();
  /// Rank 4 in f32, and whether tokens come before heads.
  Value operand(Value value, int64_t heads, bool &tokensFirst);
  Value withHeadsFirst(Value value, int64_t heads);
  Value maskOperand(Value keyCount);
  /// What a mask is made of in front of its Expand over rows; null without one.
  Value beforeExpand(Value mask);
  Value findBeforeExpand(Value mask);

  AttentionOp op;
  /// `[batch, heads, tokens, size]`; keys without the past.
  Dims q, k, v;
  DimExpr keys = 0;
  /// Results of beforeExpand.
  llvm::DenseMap<Value, Value> expanded;
};

} // namespace

bool AttentionFuser::maskFits() {
  Value mask = op.getAttnMask();
  if (!present(mask))
    return true;
  std::optional<Dims> dims = dimsOf(mask);
  Type element = getElementTypeOrSelf(mask);
  if (!dims || dims->empty() || dims->size() > 4 || element.isF64() ||
      !(element.isInteger(1) || isa<FloatType>(element)))
    return false;
  if (dims->back() != keys && !op.getPadMask())
    return false;
  const DimExpr full[] = {q[0], q[1], q[2]};
  for (auto [i, dim] : llvm::enumerate(ArrayRef(*dims).drop_back()))
    if (const DimExpr &wanted = full[4 - dims->size() + i];
        !dim.isConstant(1) && dim != wanted)
      return false;
  return true;
}

bool AttentionFuser::isCovered() {
  std::optional<Dims> qDims = dimsOf(op.getQ()), kDims = dimsOf(op.getK()),
                      vDims = dimsOf(op.getV());
  if (!qDims || !kDims || !vDims || getElementTypeOrSelf(op.getQ()).isF64() ||
      !op.getQkMatmulOutput().use_empty() ||
      (op.getSoftmaxPrecision() && *op.getSoftmaxPrecision() != 1))
    return false;
  auto heads = [&](const Dims &dims, std::optional<int64_t> count) {
    return dims.size() == 3
               ? Dims{dims[0], *count, dims[1],
                      shapes.getSymbols().floorDiv(dims[2], *count)}
               : dims;
  };
  q = heads(*qDims, op.getQNumHeads());
  k = heads(*kDims, op.getKvNumHeads());
  v = heads(*vDims, op.getKvNumHeads());
  for (const DimExpr &size : {q[3], k[3], v[3]}) {
    std::optional<int64_t> number = size.getConstant();
    if (!number || *number == 0 || *number > kMaxHeadSize)
      return false;
  }
  keys = k[2];
  if (present(op.getPastKey())) {
    std::optional<Dims> past = dimsOf(op.getPastKey());
    if (!past || !dimsOf(op.getPastValue()))
      return false;
    keys = (*past)[2] + keys;
  }
  return q[3] == k[3] && maskFits();
}

Value AttentionFuser::withHeadsFirst(Value value, int64_t heads) {
  bool tokensFirst = false;
  value = operand(value, heads, tokensFirst);
  return tokensFirst ? transpose(value, {0, 2, 1, 3}) : value;
}

Value AttentionFuser::operand(Value value, int64_t heads, bool &tokensFirst) {
  Type f32 = Float32Type::get(op.getContext());
  std::optional<Dims> dims = dimsOf(value);
  if (dims && dims->size() == 3) {
    tokensFirst = true;
    int64_t size = *(*dims)[2].getConstant() / heads;
    return c.cast(c.op<ReshapeOp>({value, c.ints({0, 0, heads, size})}), f32);
  }
  if (auto transpose = value.getDefiningOp<TransposeOp>())
    if (transpose.getPermutation(4) == ArrayRef<int64_t>{0, 2, 1, 3}) {
      tokensFirst = true;
      return c.cast(transpose.getData(), f32);
    }
  return c.cast(value, f32);
}

// Exporters expand a mask of padding to all queries. The kernel broadcasts it
// itself, and reads one row instead of as many as there are queries.
Value AttentionFuser::beforeExpand(Value mask) {
  auto [known, isNew] = expanded.try_emplace(mask);
  if (!isNew)
    return known->second;
  Value result = findBeforeExpand(mask);
  return expanded[mask] = result;
}

Value AttentionFuser::findBeforeExpand(Value mask) {
  Operation *source = mask.getDefiningOp();
  std::optional<Dims> dims = dimsOf(mask);
  if (!source || !dims || source->getNumResults() != 1)
    return {};
  if (auto expand = dyn_cast<ExpandOp>(source)) {
    std::optional<Dims> before = dimsOf(expand.getInput());
    if (!before || before->size() != dims->size() ||
        before->back() != dims->back())
      return {};
    for (auto [small, large] : llvm::zip(*before, *dims))
      if (!small.isConstant(1) && small != large)
        return {};
    return expand.getInput();
  }
  if (!source->hasTrait<OpTrait::ONNXElementwise>())
    return {};
  // Operands of all dims are replaced, single elements stay.
  SmallVector<Value> operands;
  bool any = false;
  for (Value operand : source->getOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() != 1) {
      operand = dimsOf(operand) == dims ? beforeExpand(operand) : Value();
      any = true;
    }
    if (!operand)
      return {};
    operands.push_back(operand);
  }
  return any ? c.same(source, operands) : Value();
}

Value AttentionFuser::maskOperand(Value keyCount) {
  Value mask = op.getAttnMask();
  if (!present(mask))
    return c.none();
  Value narrow = dimsOf(mask)->back() == keys ? beforeExpand(mask) : Value();
  mask = narrow ? narrow : paddedMask(op, keyCount, keys);
  SmallVector<int64_t> front;
  for (int64_t i = 0, e = 4 - dimsOf(op.getAttnMask())->size(); i < e; ++i)
    front.push_back(i);
  if (!front.empty())
    mask = c.op<UnsqueezeOp>({mask, c.ints(front)});
  Type element = getElementTypeOrSelf(mask);
  return element.isInteger(1)
             ? c.cast(mask, IntegerType::get(op.getContext(), 8))
             : c.cast(mask, Float32Type::get(op.getContext()));
}

bool AttentionFuser::fuse() {
  if (!isCovered())
    return false;
  int64_t qHeads = op.getQNumHeads().value_or(0),
          kvHeads = op.getKvNumHeads().value_or(0);
  bool split = dimsOf(op.getQ())->size() == 3;
  SmallVector<NamedAttribute> attributes;
  OpBuilder builder(op.getContext());
  auto note = [&](StringRef name, bool holds) {
    if (holds)
      attributes.push_back(builder.getNamedAttr(name, builder.getUnitAttr()));
  };

  // Keys and values with what was cached.
  Value key, value, keyCount = dim(op.getK(), split ? 1 : 2), past;
  bool kTokens = false, vTokens = false, qTokens = false;
  Type f32 = builder.getF32Type();
  if (present(op.getPastKey())) {
    past = dim(op.getPastKey(), 2);
    keyCount = c.add(past, keyCount);
    auto join = [&](Value before, Value now) {
      now = c.cast(withHeadsFirst(now, kvHeads), getElementTypeOrSelf(before));
      return c.op<ConcatOp>({before, now}, c.attr("axis", int64_t(2)));
    };
    key = join(op.getPastKey(), op.getK());
    value = join(op.getPastValue(), op.getV());
    replace(op.getPresentKey(), key);
    replace(op.getPresentValue(), value);
    key = c.cast(key, f32);
    value = c.cast(value, f32);
  } else {
    key = operand(op.getK(), kvHeads, kTokens);
    value = operand(op.getV(), kvHeads, vTokens);
    auto keep = [&](Value result, Value from) {
      if (!result.use_empty())
        replace(result, split ? c.cast(withHeadsFirst(from, kvHeads),
                                       getElementTypeOrSelf(result))
                              : from);
    };
    keep(op.getPresentKey(), op.getK());
    keep(op.getPresentValue(), op.getV());
  }
  Value query = operand(op.getQ(), qHeads, qTokens);

  // A last token sees everything before it.
  bool causal = op.getIsCausal() && !(q[2].isConstant(1) && k[2].isConstant(1));
  if (causal && !past)
    past = c.ints(0);
  float scale = op.getScale() ? op.getScale()->convertToFloat()
                              : 1 / std::sqrt(float(*q[3].getConstant()));
  attributes.push_back(
      builder.getNamedAttr("scale", builder.getF32FloatAttr(scale)));
  attributes.push_back(builder.getNamedAttr("softcap", op.getSoftcapAttr()));
  bool isBool = present(op.getAttnMask()) &&
                getElementTypeOrSelf(op.getAttnMask()).isInteger(1);
  if (isBool)
    attributes.push_back(builder.getNamedAttr(
        "mask_filter_value",
        op.getMaskFilterValue()
            ? op.getMaskFilterValueAttr()
            : builder.getF32FloatAttr(
                  -std::numeric_limits<float>::infinity())));
  llvm::append_range(attributes, op->getDiscardableAttrs());
  note("zero_masked_rows", op.getZeroMaskedRows());
  note("q_tokens_first", qTokens);
  note("k_tokens_first", kTokens);
  note("v_tokens_first", vTokens);

  // Readers that all want tokens first get the result so.
  SmallVector<TransposeOp> readers;
  for (Operation *user : op.getY().getUsers())
    if (auto reader = dyn_cast<TransposeOp>(user);
        reader && reader.getPermutation(4) == ArrayRef<int64_t>{0, 2, 1, 3})
      readers.push_back(reader);
  bool turned =
      !split && !readers.empty() &&
      readers.size() == size_t(llvm::range_size(op.getY().getUsers()));
  note("y_tokens_first", split || turned);
  Value y =
      c.op<FlashAttentionOp>({query, key, value, maskOperand(keyCount),
                              op.getNonpadKvSeqlen(), causal ? past : c.none()},
                             attributes);
  y = c.cast(y, getElementTypeOrSelf(op.getY()));
  if (turned) {
    for (TransposeOp reader : readers)
      replace(reader.getResult(), y);
    // For the readers, which nothing reads any more.
    y = transpose(y, {0, 2, 1, 3});
  }
  if (split)
    y = c.op<ReshapeOp>({y, c.ints({0, 0, qHeads * *v[3].getConstant()})});
  replace(op.getY(), y);
  return true;
}

bool mlir::onnx::fuseAttention(AttentionOp op, ShapeAnalysis &shapes,
                               Composer &c, Replacements &replacements) {
  return AttentionFuser(op, shapes, c, replacements).fuse();
}
