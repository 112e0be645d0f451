//===- LinearAttention.cpp - attention by a recurrent state ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop over the tokens around a few loops over the state, which is a matrix
// per head and stays in f32.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Elementwise.h"
#include "Reshape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;
using onnx::DimExpr;

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

void qopt::registerLinearAttention(Registry &registry) {
  registry.add(lowerLinearAttention);
}
