//===- Attention.cpp - attention kernels, caches, causal convolution ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention has a kernel or is basic operators by now (onnx-expand-attention).
// The rest carries a state from token to token.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Elementwise.h"
#include "Indices.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

//===----------------------------------------------------------------------===//
// FlashAttention
//===----------------------------------------------------------------------===//

static LogicalResult lowerFlashAttention(onnx::FlashAttentionOp op,
                                         Lowering &l) {
  bool tokensFirst[] = {op.getQTokensFirst(), op.getKTokensFirst(),
                        op.getVTokensFirst(), op.getYTokensFirst()};
  auto headsOf = [&](unsigned i) { return tokensFirst[i] ? 2 : 1; };
  auto tokensOf = [&](unsigned i) { return tokensFirst[i] ? 1 : 2; };
  Value q = op.getQ(), k = op.getK(), v = op.getV(), mask = op.getAttnMask();
  if (failed(l.requireEqual(q, 0, k, 0, "batches of Q and K")) ||
      failed(l.requireEqual(k, 0, v, 0, "batches of K and V")) ||
      failed(
          l.requireEqual(k, headsOf(1), v, headsOf(2), "heads of K and V")) ||
      failed(
          l.requireEqual(k, tokensOf(1), v, tokensOf(2), "keys and values")) ||
      failed(l.requireEqual(q, 3, k, 3, "head sizes")))
    return failure();
  if (!l.expr(q, headsOf(0)).isConstant() ||
      !l.expr(k, headsOf(1)).isConstant()) {
    Value heads = l.dimValue(q, headsOf(0)), groups = l.dimValue(k, headsOf(1)),
          zero = l.index(0);
    Value safe = l.maximum(groups, l.index(1));
    Value rest = arith::RemSIOp::create(l.b, heads, safe);
    Value fits =
        arith::AndIOp::create(l.b, l.compare(CmpIPredicate::ne, groups, zero),
                              l.compare(CmpIPredicate::eq, rest, zero));
    l.require(fits, "{0} heads of Q are no multiple of {1} heads of K",
              {heads, groups});
  }
  Value maskTensor, lengths, past;
  if (l.present(mask)) {
    if (failed(l.requireEqual(mask, 3, k, tokensOf(1), "keys and the mask")))
      return failure();
    maskTensor = l.get(mask);
  }
  if (l.present(op.getLengths())) {
    if (failed(l.requireEqual(op.getLengths(), 0, q, 0, "nonpad_kv_seqlen")))
      return failure();
    lengths = l.get(op.getLengths());
  }
  if (l.present(op.getPast()))
    past = l.get(op.getPast());
  auto number = [&](APFloat value) {
    return l.b.getF32FloatAttr(value.convertToFloat());
  };
  FloatAttr softcap, fill;
  if (!op.getSoftcap().isZero())
    softcap = number(op.getSoftcap());
  if (maskTensor && op.getMaskFilterValue())
    fill = number(*op.getMaskFilterValue());
  Value init = l.emptyFor(op.getY());
  auto kernel = AttentionOp::create(
      l.b, init.getType(), l.get(q), l.get(k), l.get(v), maskTensor, lengths,
      past, init, number(op.getScale()), softcap, fill,
      op.getZeroMaskedRows() ? l.b.getUnitAttr() : nullptr,
      l.b.getDenseBoolArrayAttr(tokensFirst));
  if (Attribute products = op->getAttr(kAttentionProductsAttrName))
    kernel->setAttr(kAttentionProductsAttrName, products);
  l.set(op.getY(), kernel.getResult(0));
  return success();
}

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
  registry.add(lowerFlashAttention);
  registry.add(lowerTensorScatter);
  registerLinearAttention(registry);
  registry.add(lowerCausalConv);
}
