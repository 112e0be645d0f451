//===- Attention.cpp - TensorScatter, LinearAttention, causal convolution -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What carries a state from token to token. Attention itself is basic operators
// by now (onnx-expand-attention).
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Indices.h"
#include "Reduction.h"
#include "Reshape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;
using onnx::DimExpr;

//===----------------------------------------------------------------------===//
// TensorScatter
//===----------------------------------------------------------------------===//

/// One copy per batch row, or where indices wrap around one per batch row and
/// token, so that every copy is a box. Buffers are updated in place where
/// nobody else reads the cache.
static LogicalResult lowerTensorScatter(onnx::TensorScatterOp op, Lowering &l) {
  auto &b = l.b;
  Value cache = op.getPastCache(), update = op.getUpdate(),
        indices = op.getWriteIndices();
  int64_t rank = l.rankOf(cache), axis = wrapAxis(op.getAxis(), rank);
  bool circular = op.getMode() == "circular";
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis &&
        failed(l.requireEqual(cache, i, update, i, "dims of the update")))
      return failure();
  Value room = l.dimValue(cache, axis), tokens = l.dimValue(update, axis);
  l.require(l.compare(CmpIPredicate::sle, tokens, room),
            "an update of {0} tokens exceeds the cache of {1}", {tokens, room});
  bool given = l.present(indices);
  if (given) {
    if (failed(l.requireEqual(indices, 0, cache, 0, "write_indices")))
      return failure();
    if (!circular) {
      auto [low, high] = rangeOf(l, indices);
      Type i64 = b.getI64Type();
      Value last = arith::IndexCastOp::create(b, i64, l.subtract(room, tokens));
      Value fits = arith::AndIOp::create(
          b, l.compare(CmpIPredicate::sge, low, l.number(i64, 0)),
          l.compare(CmpIPredicate::sle, high, last));
      Value highest = arith::IndexCastOp::create(b, b.getIndexType(), high);
      l.require(fits, "{0} tokens from index {1} on do not fit the cache",
                {tokens, highest});
    }
  }

  SmallVector<Value> sizes{l.dimValue(cache, 0)};
  if (circular)
    sizes.push_back(tokens);
  Value source = l.get(update);
  SmallVector<OpFoldResult> box = l.dims(update);
  box[0] = b.getIndexAttr(1);
  if (circular)
    box[axis] = b.getIndexAttr(1);
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1));
  Value result = l.loopNest(
      sizes, l.get(cache), [&](ArrayRef<Value> loops, Value tensor) -> Value {
        SmallVector<OpFoldResult> from(rank, b.getIndexAttr(0));
        from[0] = loops[0];
        SmallVector<OpFoldResult> to = from;
        Value start = l.index(0);
        if (given)
          start = arith::IndexCastOp::create(b, b.getIndexType(),
                                             l.read(l.get(indices), loops[0]));
        if (circular) {
          Value position =
              arith::RemSIOp::create(b, l.add(start, loops[1]), room);
          Value isNegative =
              l.compare(CmpIPredicate::slt, position, l.index(0));
          start = l.select(isNegative, l.add(position, room), position);
          from[axis] = loops[1];
        }
        to[axis] = start;
        Value piece =
            tensor::ExtractSliceOp::create(b, source, from, box, ones);
        return tensor::InsertSliceOp::create(b, piece, tensor, to, box, ones);
      });
  l.set(op.getPresentCache(), result);
  return success();
}

//===----------------------------------------------------------------------===//
// LinearAttention
//===----------------------------------------------------------------------===//

namespace {
/// One step per token; a step is a few loops over the state. Dims of the state
/// are b (batch), h (head of the keys), d (key size), m (value size).
class LinearAttention {
public:
  LinearAttention(onnx::LinearAttentionOp op, Lowering &l)
      : op(op), l(l), context(l.b.getContext()), f32(l.b.getF32Type()) {}

  LogicalResult lower();

private:
  AffineMap onto(int64_t rank, ArrayRef<int64_t> loops) {
    return mapOnto(context, rank, loops);
  }
  /// The last dim of an input cut into the given parts.
  Value split(Value graph, ArrayRef<DimExpr> parts);
  /// A tensor whose last dim has a width that run time decides: [b, t, h, d]
  /// where it is one per head or one per key element (`size` of them), [b, t,
  /// h] where it is one or one per head.
  Value spread(Value graph, int64_t heads, Value size);
  /// One token of a tensor with dims [b, t, ..].
  Value token(Value tensor, Value t);
  Value step(Value t, Value state, Value &output);

  onnx::LinearAttentionOp op;
  Lowering &l;
  MLIRContext *context;
  Type f32;
  Value q, k, v, decay, beta;
  bool decayPerKey = false, betaShared = false;
  double fixedScale = 0;
  Value scale;
  SmallVector<OpFoldResult> stateDims;
};
} // namespace

Value LinearAttention::split(Value graph, ArrayRef<DimExpr> parts) {
  ArrayRef<DimExpr> from = l.shapes.getShape(graph);
  SmallVector<DimExpr> to(from.drop_back());
  SmallVector<OpFoldResult> sizes = l.dims(graph);
  Value whole = l.value(sizes.pop_back_val()), product = l.index(1);
  for (const DimExpr &part : parts) {
    to.push_back(part);
    sizes.push_back(l.materialize(part));
    product = l.b.createOrFold<arith::MulIOp>(product, l.value(sizes.back()));
  }
  if (onnx::product(parts) != from.back())
    l.require(l.compare(CmpIPredicate::eq, whole, product),
              "a hidden size of {0} does not divide into heads ({1})",
              {whole, product});
  return reshape(l, l.get(graph), from, to, sizes);
}

Value LinearAttention::spread(Value graph, int64_t heads, Value size) {
  auto &b = l.b;
  Value tensor = l.get(graph), width = l.dimValue(graph, 2);
  Value few = size ? l.index(heads) : l.index(1);
  Value many = size ? b.createOrFold<arith::MulIOp>(size, l.index(heads))
                    : l.index(heads);
  Value isFew = l.compare(CmpIPredicate::eq, width, few);
  l.require(
      arith::OrIOp::create(b, isFew, l.compare(CmpIPredicate::eq, width, many)),
      "a decay or beta of {0} columns", width);
  SmallVector<OpFoldResult> dims{l.dim(graph, 0), l.dim(graph, 1),
                                 b.getIndexAttr(heads)};
  if (size)
    dims.push_back(size);
  return l.parallel(
      dims, l.typeOf(graph).getElementType(), {}, {},
      [&](ImplicitLocOpBuilder &nested, ValueRange) -> Value {
        auto loop = [&](int64_t i) -> Value {
          return linalg::IndexOp::create(nested, i);
        };
        Value one = loop(2), other;
        if (size)
          other = arith::AddIOp::create(
              nested, arith::MulIOp::create(nested, one, size), loop(3));
        else
          other = std::exchange(one, arith::ConstantIndexOp::create(nested, 0));
        Value column = arith::SelectOp::create(nested, isFew, one, other);
        return tensor::ExtractOp::create(nested, tensor,
                                         ValueRange{loop(0), loop(1), column});
      });
}

Value LinearAttention::token(Value tensor, Value t) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(l.b, l.b.getLoc(), tensor);
  SmallVector<OpFoldResult> offsets(sizes.size(), l.b.getIndexAttr(0)),
      ones(sizes.size(), l.b.getIndexAttr(1));
  offsets[1] = t;
  sizes[1] = l.b.getIndexAttr(1);
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + 1);
  return tensor::ExtractSliceOp::create(
      l.b, RankedTensorType::get(shape, type.getElementType()), tensor, offsets,
      sizes, ones);
}

Value LinearAttention::step(Value t, Value state, Value &output) {
  using Loop = utils::IteratorType;
  AffineMap whole = l.b.getMultiDimIdentityMap(4), perKey = onto(4, {0, 1, 2}),
            perValue = onto(4, {0, 1, 3});
  Value key = token(k, t), value = token(v, t);
  SmallVector<OpFoldResult> valueDims{stateDims[0], stateDims[1], stateDims[3]};
  if (decay)
    state = l.parallel(stateDims, f32, {state, token(decay, t)},
                       {whole, decayPerKey ? perKey : onto(4, {0, 1})},
                       [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                         Value factor =
                             math::ExpOp::create(b, extendHalf(b, a[1]));
                         return arith::MulFOp::create(b, a[0], factor);
                       });
  if (beta) {
    Value known = l.generic(
        {state, key}, l.filled(valueDims, l.number(f32, 0)),
        {whole, perKey, perValue},
        {Loop::parallel, Loop::parallel, Loop::reduction, Loop::parallel},
        [](ImplicitLocOpBuilder &b, ValueRange a) {
          Value term = arith::MulFOp::create(b, a[0], extendHalf(b, a[1]));
          return SmallVector<Value>{arith::AddFOp::create(b, a[2], term)};
        })[0];
    AffineMap identity = l.b.getMultiDimIdentityMap(3);
    AffineMap rate = betaShared
                         ? AffineMap::get(3, 0,
                                          {getAffineDimExpr(0, context),
                                           getAffineConstantExpr(0, context)},
                                          context)
                         : onto(3, {0, 1});
    value =
        l.parallel(valueDims, f32, {value, known, token(beta, t)},
                   {identity, identity, rate},
                   [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     Value rest =
                         arith::SubFOp::create(b, extendHalf(b, a[0]), a[1]);
                     return arith::MulFOp::create(b, extendHalf(b, a[2]), rest);
                   });
  }
  state =
      l.parallel(stateDims, f32, {state, key, value}, {whole, perKey, perValue},
                 [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                   Value product = arith::MulFOp::create(b, extendHalf(b, a[1]),
                                                         extendHalf(b, a[2]));
                   return arith::AddFOp::create(b, a[0], product);
                 });

  // Loops b, h, g (query of a key), d, m.
  Value query = token(q, t);
  auto outType = cast<RankedTensorType>(output.getType());
  SmallVector<OpFoldResult> dims =
      tensor::getMixedSizes(l.b, l.b.getLoc(), output);
  dims.erase(dims.begin() + 1);
  Value sum = l.generic(
      {query, state}, l.filled(dims, l.number(f32, 0)),
      {onto(5, {0, 1, 2, 3}), onto(5, {0, 1, 3, 4}), onto(5, {0, 1, 2, 4})},
      {Loop::parallel, Loop::parallel, Loop::parallel, Loop::reduction,
       Loop::parallel},
      [](ImplicitLocOpBuilder &b, ValueRange a) {
        Value term = arith::MulFOp::create(b, extendHalf(b, a[0]), a[1]);
        return SmallVector<Value>{arith::AddFOp::create(b, a[2], term)};
      })[0];
  Type element = outType.getElementType();
  Value read = l.parallel(
      dims, element, sum, l.b.getMultiDimIdentityMap(4),
      [&](ImplicitLocOpBuilder &b, ValueRange a) {
        return convertFloat(b, arith::MulFOp::create(b, a[0], scale), element);
      });
  SmallVector<OpFoldResult> offsets(5, l.b.getIndexAttr(0)),
      ones(5, l.b.getIndexAttr(1));
  offsets[1] = t;
  dims.insert(dims.begin() + 1, l.b.getIndexAttr(1));
  output =
      tensor::InsertSliceOp::create(l.b, read, output, offsets, dims, ones);
  return state;
}

LogicalResult LinearAttention::lower() {
  auto &b = l.b;
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  onnx::DimSymbols &symbols = l.shapes.getSymbols();
  int64_t heads = op.getKvNumHeads(), group = op.getQNumHeads() / heads;
  DimExpr dk = symbols.floorDiv(l.expr(key, 2), heads);
  DimExpr dv = symbols.floorDiv(l.expr(value, 2), heads);
  for (Value other : {key, value})
    for (unsigned i : {0, 1})
      if (failed(l.requireEqual(query, i, other, i, "batch and sequence")))
        return failure();
  q = split(query, {heads, group, dk});
  k = split(key, {heads, dk});
  v = split(value, {heads, dv});
  if (l.present(op.getDecay())) {
    const DimExpr &width = l.expr(op.getDecay(), 2);
    decayPerKey = width == dk * heads && !dk.isConstant(1);
    if (decayPerKey) {
      decay = split(op.getDecay(), {heads, dk});
    } else if (width.isConstant(heads)) {
      decay = l.get(op.getDecay());
    } else if (width.isConstant()) {
      return l.fail("decay has " + Twine(*width.getConstant()) + " columns");
    } else {
      decayPerKey = true;
      decay = spread(op.getDecay(), heads, l.value(l.materialize(dk)));
    }
  }
  if (l.present(op.getBeta())) {
    const DimExpr &width = l.expr(op.getBeta(), 2);
    betaShared = width.isConstant(1) && heads != 1;
    if (width.isConstant() && !width.isConstant(1) && !width.isConstant(heads))
      return l.fail("beta needs 1 or " + Twine(heads) + " columns");
    beta = width.isConstant() ? l.get(op.getBeta())
                              : spread(op.getBeta(), heads, Value());
  }
  if (op.getScale().isZero()) {
    Value size = arith::IndexCastOp::create(b, b.getI64Type(),
                                            l.value(l.materialize(dk)));
    scale = math::RsqrtOp::create(b, arith::SIToFPOp::create(b, f32, size));
  } else {
    scale = l.number(f32, op.getScale().convertToFloat());
  }

  stateDims = {l.dim(query, 0), b.getIndexAttr(heads), l.materialize(dk),
               l.materialize(dv)};
  Value state;
  if (l.present(op.getPastState())) {
    for (unsigned i = 0; i < 4; ++i)
      if (failed(l.requireEqual(op.getPastState(), i, op.getPresentState(), i,
                                "past_state")))
        return failure();
    state =
        l.parallel(stateDims, f32, l.fitTo(l.get(op.getPastState()), stateDims),
                   b.getMultiDimIdentityMap(4),
                   [](ImplicitLocOpBuilder &nested, ValueRange a) {
                     return extendHalf(nested, a[0]);
                   });
  } else {
    state = l.filled(stateDims, l.number(f32, 0));
  }
  SmallVector<OpFoldResult> outDims{l.dim(query, 0), l.dim(query, 1),
                                    b.getIndexAttr(heads),
                                    b.getIndexAttr(group), stateDims[3]};
  Value output = l.empty(outDims, l.typeOf(op.getOutput()).getElementType());
  auto loop = scf::ForOp::create(b, l.index(0), l.dimValue(query, 1),
                                 l.index(1), ValueRange{state, output});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next = loop.getRegionIterArg(1);
    Value last = step(loop.getInductionVar(), loop.getRegionIterArg(0), next);
    scf::YieldOp::create(b, ValueRange{last, next});
  }
  Type stored = l.typeOf(op.getPresentState()).getElementType();
  l.set(op.getPresentState(),
        l.parallel(stateDims, stored, loop.getResult(0),
                   b.getMultiDimIdentityMap(4),
                   [&](ImplicitLocOpBuilder &nested, ValueRange a) {
                     return convertFloat(nested, a[0], stored);
                   }));
  SmallVector<DimExpr> outShape{l.expr(query, 0), l.expr(query, 1), heads,
                                group, dv};
  l.set(op.getOutput(),
        reshape(l, loop.getResult(1), outShape,
                l.shapes.getShape(op.getOutput()), l.dims(op.getOutput())));
  return success();
}

static LogicalResult lowerLinearAttention(onnx::LinearAttentionOp op,
                                          Lowering &l) {
  return LinearAttention(op, l).lower();
}

//===----------------------------------------------------------------------===//
// CausalConvWithState
//===----------------------------------------------------------------------===//

static LogicalResult lowerCausalConv(onnx::CausalConvWithStateOp op,
                                     Lowering &l) {
  auto &b = l.b;
  Value input = op.getInput(), weight = op.getWeight(), result = op.getOutput();
  if (failed(l.requireEqual(input, 1, weight, 0, "channels of the weight")))
    return failure();
  Value past;
  if (l.present(op.getPastState())) {
    for (unsigned i = 0; i < 3; ++i)
      if (failed(l.requireEqual(op.getPastState(), i, op.getPresentState(), i,
                                "past_state")))
        return failure();
    past = l.get(op.getPastState());
  }
  Type element = l.typeOf(result).getElementType(), type = computeType(element);
  Value length = l.dimValue(input, 2);
  OpFoldResult width = l.dim(op.getPresentState(), 2);

  // The input with the state in front of it.
  SmallVector<OpFoldResult> paddedDims = l.dims(input);
  paddedDims[2] = l.b.createOrFold<arith::AddIOp>(length, l.value(width));
  SmallVector<OpFoldResult> none(3, b.getIndexAttr(0)),
      ones(3, b.getIndexAttr(1)), behind = none;
  behind[2] = width;
  Value padded = past ? l.empty(paddedDims, element)
                      : l.filled(paddedDims, l.number(element, 0));
  if (past)
    padded = tensor::InsertSliceOp::create(b, past, padded, none,
                                           l.dims(op.getPastState()), ones);
  padded = tensor::InsertSliceOp::create(b, l.get(input), padded, behind,
                                         l.dims(input), ones);
  MLIRContext *context = b.getContext();

  // Loops batch, channel, token, tap.
  SmallVector<OpFoldResult> dims = l.dims(result);
  SmallVector<utils::IteratorType> loops = parallelLoops(3);
  loops.push_back(utils::IteratorType::reduction);
  AffineMap weightMap = AffineMap::get(4, 0,
                                       {getAffineDimExpr(1, context),
                                        getAffineConstantExpr(0, context),
                                        getAffineDimExpr(3, context)},
                                       context);
  Value sum = l.generic(
      l.get(weight), l.filled(dims, l.number(type, 0)),
      {weightMap, mapOnto(context, 4, {0, 1, 2})}, loops,
      [&](ImplicitLocOpBuilder &nested, ValueRange a) {
        auto loop = [&](int64_t i) -> Value {
          return linalg::IndexOp::create(nested, i);
        };
        Value position = arith::AddIOp::create(nested, loop(2), loop(3));
        Value sample = tensor::ExtractOp::create(
            nested, padded, ValueRange{loop(0), loop(1), position});
        sample = extendHalf(nested, sample);
        Value term =
            arith::MulFOp::create(nested, sample, extendHalf(nested, a[0]));
        return SmallVector<Value>{arith::AddFOp::create(nested, a[1], term)};
      })[0];
  bool activates = op.getActivation() != "none";
  bool hasBias = l.present(op.getBias());
  SmallVector<Value> inputs{sum};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(3)};
  if (hasBias) {
    inputs.push_back(l.get(op.getBias()));
    maps.push_back(mapOnto(context, 3, {1}));
  }
  l.set(result,
        l.parallel(
            dims, element, inputs, maps,
            [&](ImplicitLocOpBuilder &nested, ValueRange a) -> Value {
              Value y = a[0];
              if (hasBias)
                y = arith::AddFOp::create(nested, y, extendHalf(nested, a[1]));
              if (activates) {
                Value one = constantNumber(nested, type, 1);
                Value power = math::ExpOp::create(
                    nested, arith::NegFOp::create(nested, y));
                y = arith::DivFOp::create(
                    nested, y, arith::AddFOp::create(nested, one, power));
              }
              return convertFloat(nested, y, element);
            }));

  SmallVector<OpFoldResult> last = none;
  last[2] = length;
  l.set(op.getPresentState(),
        tensor::ExtractSliceOp::create(b, padded, last,
                                       l.dims(op.getPresentState()), ones));
  return success();
}

void qopt::registerAttention(Registry &registry) {
  registry.add(lowerTensorScatter);
  registry.add(lowerLinearAttention);
  registry.add(lowerCausalConv);
}
