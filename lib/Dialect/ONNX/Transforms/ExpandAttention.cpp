//===- ExpandAttention.cpp - onnx-expand-attention -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes before this one see attention as one op; code generation sees two
// products with a softmax between them. Results are replaced at the end, so
// that the shape analysis answers for every operand until then.
//===----------------------------------------------------------------------===//

#include "ExpandAttention.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::onnx;

//===----------------------------------------------------------------------===//
// What the expansions share
//===----------------------------------------------------------------------===//

std::optional<Dims> Expander::dimsOf(Value value) {
  if (shapes.hasShape(value))
    return Dims(shapes.getShape(value));
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return std::nullopt;
  Dims dims;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    dims.push_back(ShapedType::isDynamic(size)
                       ? shapes.getSymbols().getDim(value, i)
                       : DimExpr(size));
  return dims;
}

Value Expander::dim(Value value, int64_t i) {
  std::optional<Dims> dims = dimsOf(value);
  if (std::optional<int64_t> size = (*dims)[i].getConstant())
    return c.ints(*size);
  return c.op<ShapeOp>(value, {c.attr("start", i), c.attr("end", i + 1)});
}

Value Expander::vector(ArrayRef<Value> parts) {
  SmallVector<int64_t> numbers;
  for (Value part : parts) {
    auto constant = part.getDefiningOp<ConstantOp>();
    if (!constant)
      return c.op<ConcatOp>(parts, c.attr("axis", int64_t(0)));
    auto dense = cast<DenseIntElementsAttr>(constant.getValue());
    numbers.push_back((*dense.begin()).getSExtValue());
  }
  return c.ints(numbers);
}

Value Expander::slice(Value value, int64_t begin, int64_t end, int64_t axis,
                      int64_t step) {
  return c.op<SliceOp>(
      {value, c.ints(begin), c.ints(end), c.ints(axis), c.ints(step)});
}

Value Expander::transpose(Value value, ArrayRef<int64_t> permutation) {
  OpBuilder builder(value.getContext());
  return c.op<TransposeOp>(
      value, c.attr("perm", builder.getDenseI64ArrayAttr(permutation)));
}

Type Expander::computeType(Value value) {
  Type element = getElementTypeOrSelf(value);
  return element.isF64() ? element : Float32Type::get(value.getContext());
}

Value Expander::paddedMask(AttentionOp op, Value keys, const DimExpr &count) {
  Value mask = op.getAttnMask();
  Dims dims = *dimsOf(mask);
  if (!op.getPadMask() || dims.empty() || dims.back() == count)
    return mask;
  Type element = getElementTypeOrSelf(mask);
  Value columns = dim(mask, dims.size() - 1);
  Value pads = vector({c.ints(0), c.sub(keys, columns)});
  double unseen =
      isa<FloatType>(element) ? -std::numeric_limits<double>::infinity() : 0;
  return c.op<PadOp>({mask, pads, c.scalar(element, unseen), c.ints(-1)},
                     c.attr("mode", "constant"));
}

void Expander::replace(Value result, Value value) {
  if (!result.use_empty())
    replacements.push_back({result, value});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

class AttentionExpander : Expander {
public:
  AttentionExpander(AttentionOp op, ShapeAnalysis &shapes, Composer &c,
                    Replacements &replacements)
      : Expander(shapes, c, replacements), op(op),
        type(computeType(op.getQ())) {}

  LogicalResult expand();

private:
  bool present(Value value) { return !isa<NoneType>(value.getType()); }
  /// `[batch, heads, sequence, size]` of an input in either layout.
  Value withHeads(Value value, int64_t heads);
  /// The mask over all keys; a condition or a summand.
  Value paddedMask() { return Expander::paddedMask(op, keys, k[2]); }
  Value visible();
  Value scores(Value k);

  AttentionOp op;
  Type type;
  Dims q, k;
  /// Lengths as tensors of one element.
  Value queries, keys, past;
  /// Keys less the past, where it is proved.
  std::optional<int64_t> newKeys;
};

Value AttentionExpander::withHeads(Value value, int64_t heads) {
  std::optional<Dims> dims = dimsOf(value);
  if (dims->size() == 4)
    return value;
  std::optional<int64_t> hidden = (*dims)[2].getConstant();
  Value target = c.ints({0, 0, heads, hidden ? *hidden / heads : -1});
  return transpose(c.op<ReshapeOp>({value, target}), {0, 2, 1, 3});
}

/// Where a query sees a key, or null if everywhere.
Value AttentionExpander::visible() {
  Value condition;
  auto restrict = [&](Value more) {
    condition = condition ? c.op<AndOp>({condition, more}) : more;
  };
  Type index = IntegerType::get(op.getContext(), 64);
  Value zero = c.scalar(index, 0), one = c.scalar(index, 1),
        scalar = c.ints({});
  auto range = [&](Value count) {
    return c.op<RangeOp>({zero, c.op<ReshapeOp>({count, scalar}), one});
  };
  Value mask = op.getAttnMask();
  if (present(mask) && getElementTypeOrSelf(mask).isInteger(1) &&
      !op.getMaskFilterValue())
    restrict(paddedMask());
  // A last token sees everything before it.
  bool single = q[2].isConstant(1) && newKeys == 1;
  if (op.getIsCausal() && !single) {
    Value rows = c.op<UnsqueezeOp>({range(queries), c.ints(1)});
    if (past)
      rows = c.add(rows, past);
    restrict(c.op<LessOrEqualOp>({range(keys), rows}));
  }
  if (present(op.getNonpadKvSeqlen())) {
    Value lengths =
        c.op<UnsqueezeOp>({op.getNonpadKvSeqlen(), c.ints({1, 2, 3})});
    restrict(c.op<LessOp>({range(keys), lengths}));
  }
  return condition;
}

LogicalResult AttentionExpander::expand() {
  std::optional<Dims> qDims = dimsOf(op.getQ()), kDims = dimsOf(op.getK());
  std::optional<Dims> vDims = dimsOf(op.getV());
  if (!qDims || !kDims || !vDims ||
      (present(op.getAttnMask()) && !dimsOf(op.getAttnMask())) ||
      (present(op.getPastKey()) && !dimsOf(op.getPastKey())))
    return failure();
  bool split = qDims->size() == 3;
  int64_t qHeads = op.getQNumHeads().value_or(0);
  int64_t kvHeads = op.getKvNumHeads().value_or(0);
  auto heads = [&](const Dims &dims, int64_t count) {
    return split ? Dims{dims[0], count, dims[1],
                        shapes.getSymbols().floorDiv(dims[2], count)}
                 : dims;
  };
  q = heads(*qDims, qHeads);
  k = heads(*kDims, kvHeads);

  queries = dim(op.getQ(), split ? 1 : 2);
  keys = dim(op.getK(), split ? 1 : 2);
  newKeys = k[2].getConstant();
  Value newKey = withHeads(op.getK(), kvHeads), key = newKey;
  Value value = withHeads(op.getV(), kvHeads);
  if (present(op.getPastKey())) {
    past = dim(op.getPastKey(), 2);
    keys = c.add(past, keys);
    k[2] = (*dimsOf(op.getPastKey()))[2] + k[2];
    key = c.op<ConcatOp>({op.getPastKey(), key}, c.attr("axis", int64_t(2)));
    value =
        c.op<ConcatOp>({op.getPastValue(), value}, c.attr("axis", int64_t(2)));
  }
  replace(op.getPresentKey(), key);
  replace(op.getPresentValue(), value);

  // Queries that share a key are rows of one matrix: nothing is repeated, and a
  // step of one token multiplies the key with all its queries at once.
  bool grouped = q[1] != k[1];
  Value query = withHeads(op.getQ(), qHeads);
  Value headSize = split && !q[3].isConstant() ? c.ints(-1)
                   : split                     ? c.ints(*q[3].getConstant())
                                               : dim(op.getQ(), 3);
  Value qCount = split ? c.ints(qHeads) : dim(op.getQ(), 1);
  Value kvCount = split ? c.ints(kvHeads) : dim(op.getK(), 1);
  Value batch = c.ints(0), rows;
  if (grouped) {
    if (q[1].isConstant() && k[1].isConstant() && q[2].isConstant())
      rows = c.ints(*q[1].getConstant() / *k[1].getConstant() *
                    *q[2].getConstant());
    else
      rows = c.mul(c.div(qCount, kvCount), queries);
    query = c.op<ReshapeOp>({query, vector({batch, kvCount, rows, headSize})});
  }

  // Scores. A scale in front of a mask is part of the same loop; without a mask
  // the queries are the smaller tensor.
  Value condition = visible();
  Value mask = op.getAttnMask();
  bool isBool = present(mask) && getElementTypeOrSelf(mask).isInteger(1);
  bool addsMask = present(mask) && !isBool;
  bool filters = isBool && op.getMaskFilterValue();
  Value scale;
  if (std::optional<APFloat> given = op.getScale()) {
    if (!given->isExactlyValue(1.0))
      scale = c.scalar(type, given->convertToFloat());
  } else if (std::optional<int64_t> size = q[3].getConstant()) {
    scale = c.scalar(type, 1 / std::sqrt(double(*size)));
  } else {
    Value width =
        split ? c.div(dim(op.getQ(), 2), c.ints(qHeads)) : dim(op.getQ(), 3);
    scale = c.op<ReciprocalOp>(c.op<SqrtOp>(c.cast(width, type)));
  }
  query = c.cast(query, type);
  bool late = condition || addsMask || filters || !op.getSoftcap().isZero();
  if (scale && !late)
    query = c.mul(query, scale);
  Value transposed = transpose(c.cast(key, type), {0, 1, 3, 2});
  Value x = c.op<MatMulOp>({query, transposed});
  if (grouped)
    x = c.op<ReshapeOp>({x, vector({batch, qCount, queries, keys})});
  if (scale && late)
    x = c.mul(x, scale);
  Value product = x;
  if (!op.getSoftcap().isZero()) {
    Value cap = c.scalar(type, op.getSoftcap().convertToFloat());
    x = c.mul(c.op<TanhOp>(c.div(x, cap)), cap);
  }
  Value capped = x;
  if (addsMask)
    x = c.add(x, c.cast(paddedMask(), type));
  auto hide = [&](Value seen, double unseen) {
    x = c.op<WhereOp>({seen, x, c.scalar(type, unseen)});
  };
  if (filters)
    hide(paddedMask(), op.getMaskFilterValue()->convertToDouble());
  if (condition)
    hide(condition, -std::numeric_limits<double>::infinity());
  Value masked = x;

  // Probabilities.
  Type precision = type;
  OpBuilder builder(op.getContext());
  switch (op.getSoftmaxPrecision().value_or(0)) {
  case 10:
    precision = builder.getF16Type();
    break;
  case 11:
    precision = builder.getF64Type();
    break;
  case 16:
    precision = builder.getBF16Type();
    break;
  }
  x = c.op<SoftmaxOp>(c.cast(x, precision), c.attr("axis", int64_t(-1)));
  if (op.getZeroMaskedRows())
    x = c.op<WhereOp>({c.op<IsNaNOp>(x), c.scalar(precision, 0), x});
  x = c.cast(x, type);
  Value stages[] = {product, capped, masked, x};
  if (!op.getQkMatmulOutput().use_empty())
    replace(op.getQkMatmulOutput(),
            c.cast(stages[op.getQkMatmulOutputMode()],
                   getElementTypeOrSelf(op.getQkMatmulOutput())));

  // Values.
  if (grouped)
    x = c.op<ReshapeOp>({x, vector({batch, kvCount, rows, keys})});
  Value y = c.op<MatMulOp>({x, c.cast(value, type)});
  Dims v = heads(*vDims, kvHeads);
  std::optional<int64_t> size = v[3].getConstant();
  if (grouped) {
    Value last = size ? c.ints(*size) : split ? c.ints(-1) : dim(op.getV(), 3);
    y = c.op<ReshapeOp>({y, vector({batch, qCount, queries, last})});
  }
  y = c.cast(y, getElementTypeOrSelf(op.getY()));
  if (split) {
    y = transpose(y, {0, 2, 1, 3});
    y = c.op<ReshapeOp>({y, c.ints({0, 0, size ? *size * qHeads : -1})});
  }
  replace(op.getY(), y);
  return success();
}

} // namespace

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXEXPANDATTENTIONPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

class ONNXExpandAttentionPass final
    : public impl::ONNXExpandAttentionPassBase<ONNXExpandAttentionPass> {
public:
  using ONNXExpandAttentionPassBase::ONNXExpandAttentionPassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(expandFunction(function)))
        signalPassFailure();
  }

private:
  LogicalResult expandFunction(func::FuncOp function) {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (isa<AttentionOp, RotaryEmbeddingOp>(op))
        ops.push_back(op);
    });
    if (ops.empty())
      return success();
    ShapeAnalysis shapes(function);
    if (!shapes.isValid())
      return failure();
    PatternRewriter rewriter(&getContext());
    Replacements replacements;
    SmallVector<Operation *> expanded;
    for (Operation *op : ops) {
      rewriter.setInsertionPoint(op);
      Composer composer(rewriter, op);
      LogicalResult outcome = success();
      auto attention = dyn_cast<AttentionOp>(op);
      if (attention && kernels &&
          fuseAttention(attention, shapes, composer, replacements)) {
        ++numKernels;
      } else if (attention) {
        outcome = AttentionExpander(attention, shapes, composer, replacements)
                      .expand();
        numAttention += succeeded(outcome);
      } else {
        outcome = expandRotaryEmbedding(cast<RotaryEmbeddingOp>(op), shapes,
                                        composer, replacements);
        numRotary += succeeded(outcome);
      }
      // What is left is reported by the conversion, node by node.
      if (succeeded(outcome))
        expanded.push_back(op);
    }
    for (auto [result, value] : replacements)
      substitute(rewriter, result, value);
    for (Operation *op : llvm::reverse(expanded))
      rewriter.eraseOp(op);
    return success();
  }

  /// A new value takes the type of the result; a value that was there before
  /// keeps its own.
  void substitute(PatternRewriter &rewriter, Value result, Value value) {
    if (isa<UnrankedTensorType>(value.getType())) {
      value.setType(result.getType());
    } else if (value.getType() != result.getType()) {
      rewriter.setInsertionPointAfterValue(value);
      value = IdentityOp::create(rewriter, result.getLoc(), result.getType(),
                                 value);
    }
    rewriter.replaceAllUsesWith(result, value);
  }
};

} // namespace
} // namespace mlir::onnx
