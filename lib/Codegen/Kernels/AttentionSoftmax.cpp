//===- AttentionSoftmax.cpp - masks and exponentials of scores ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two passes over the scores of a block: the final ones with the largest of
// each row, then their exponentials relative to it.
//===----------------------------------------------------------------------===//

#include "AttentionGenerator.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// One instruction; a NaN in `a` gives b.
static Value larger(KernelBuilder &b, Value a, Value c) {
  Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, a, c);
  return arith::SelectOp::create(b, greater, a, c);
}

/// The largest lane, in all lanes.
static Value largestLane(KernelBuilder &b, Value vector) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t width = lanes / 2; width > 0; width /= 2) {
    SmallVector<int64_t> other;
    for (int64_t i = 0; i < lanes; ++i)
      other.push_back(i ^ width);
    vector =
        larger(b, vector::ShuffleOp::create(b, vector, vector, other), vector);
  }
  return vector;
}

SmallVector<Value> AttentionGenerator::maskedScores(Rows rows, Keys keys,
                                                    Value column,
                                                    ArrayRef<Value> limits,
                                                    MaskRows maskRows) {
  VectorType type = vectorType(b.getF32Type());
  Value scale = b.splat(type, op.getScale().convertToFloat());
  Value hidden = b.splat(type, kMinusInfinity);
  Value first = b.add(keys.from, column), positions, sharedMask;
  if (!limits.empty()) {
    VectorType integers = vectorType(b.getI32Type());
    SmallVector<int32_t> lanes =
        llvm::to_vector(llvm::seq<int32_t>(0, static_cast<int32_t>(isa.lanes)));
    Value base = arith::IndexCastOp::create(b, b.getI32Type(), first);
    positions = arith::AddIOp::create(
        b, b.broadcast(base, isa.lanes),
        arith::ConstantOp::create(
            b, DenseElementsAttr::get(integers, ArrayRef<int32_t>(lanes))));
  }
  if (maskRows.size() == 1)
    sharedMask = maskVector(maskRows.front(), first);
  SmallVector<Value> result;
  Value visible;
  for (int64_t i = 0; i < rows.count; ++i) {
    Value x = b.load(scores, {slotOf(rows, i), column}, isa.lanes, isa.lanes);
    Value own = sharedMask;
    if (mask && !own)
      own = maskVector(maskRows[i], first);
    bool adds = mask && !op.getFill();
    if (std::optional<APFloat> softcap = op.getSoftcap()) {
      Value cap = b.splat(type, softcap->convertToFloat());
      x = arith::MulFOp::create(b, x, scale);
      x = math::TanhOp::create(b, arith::DivFOp::create(b, x, cap));
      x = arith::MulFOp::create(b, x, cap);
      if (adds)
        x = arith::AddFOp::create(b, x, own);
    } else if (adds) {
      x = vector::FMAOp::create(b, x, scale, own);
    } else {
      x = arith::MulFOp::create(b, x, scale);
    }
    if (mask && op.getFill()) {
      Value zero = b.splat(cast<VectorType>(own.getType()), 0);
      Value seen =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ne, own, zero);
      x = arith::SelectOp::create(
          b, seen, x, b.splat(type, op.getFill()->convertToFloat()));
    }
    if (!limits.empty()) {
      if (i < int64_t(limits.size()))
        visible = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, positions,
                                        limits[i]);
      x = arith::SelectOp::create(b, visible, x, hidden);
    }
    result.push_back(x);
  }
  return result;
}

void AttentionGenerator::exponentials(Rows rows, Keys keys) {
  VectorType type = vectorType(b.getF32Type());
  Value zero = b.index(0);
  int64_t step = stepOfKeys();
  Value end = b.mul(b.ceilDiv(keys.count, b.index(step)), step);
  // Per row, or one for all.
  SmallVector<Value> limitVectors;
  auto addLimit = [&](Value limit) {
    limit = arith::IndexCastOp::create(b, b.getI32Type(), limit);
    limitVectors.push_back(b.broadcast(limit, isa.lanes));
  };
  int64_t staticKeys =
      cast<MemRefType>(key.getType()).getDimSize(op.getTokensDim(1));
  if (past) {
    for (int64_t i = 0; i < rows.count; ++i)
      addLimit(
          memref::LoadOp::create(b, limits, ValueRange{b.add(rows.row, i)}));
  } else if (lengths || ShapedType::isDynamic(staticKeys) ||
             staticKeys % step) {
    addLimit(length);
  }
  SmallVector<SmallVector<Value>> places = maskRows(rows);
  SmallVector<Value> least(rows.count, b.splat(type, kMinusInfinity));
  SmallVector<Value> largest = b.loop(
      zero, end, isa.lanes, least, [&](Value column, ValueRange carried) {
        SmallVector<Value> next(carried);
        SmallVector<Value> x =
            maskedScores(rows, keys, column, limitVectors, places);
        for (int64_t i = 0; i < rows.count; ++i) {
          b.store(x[i], scores, {slotOf(rows, i), column}, isa.lanes);
          next[i] = larger(b, x[i], next[i]);
        }
        return next;
      });

  // Where nothing is seen yet, anything finite may be taken off.
  SmallVector<Value> bases, sumsSoFar;
  for (int64_t i = 0; i < rows.count; ++i) {
    Value row = b.add(rows.row, i);
    Value before = broadcastAt(maxima, row);
    Value now = larger(b, largestLane(b, largest[i]), before);
    memref::StoreOp::create(
        b, vector::ExtractOp::create(b, now, ArrayRef<int64_t>{0}), maxima,
        row);
    Value nothing = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, now,
                                          b.splat(type, kMinusInfinity));
    Value base = arith::SelectOp::create(b, nothing, b.splat(type, 0), now);
    Value factor = expOfNonPositive(b, arith::SubFOp::create(b, before, base));
    memref::StoreOp::create(
        b, vector::ExtractOp::create(b, factor, ArrayRef<int64_t>{0}), factors,
        slotOf(rows, i));
    bases.push_back(base);
    // Early: tiles do not see stores that are still under way.
    if (tiled)
      scaleSums(row, factor);
    sumsSoFar.push_back(arith::MulFOp::create(
        b, b.load(totals, {row, zero}, isa.lanes, isa.lanes), factor));
  }

  ExpAccuracy accuracy = inBytes     ? ExpAccuracy::Half
                         : !tiled    ? ExpAccuracy::Float
                         : parts > 1 ? ExpAccuracy::TwoHalves
                                     : ExpAccuracy::Half;
  // As many rows side by side as leave registers for the polynomial.
  int64_t together = std::max<int64_t>(1, isa.registers() / 4);
  if (inBytes)
    together = std::max<int64_t>(1, together / 3);
  for (int64_t i = 0; i < rows.count; i += together) {
    int64_t count = std::min(together, rows.count - i);
    SmallVector<Value> own(ArrayRef(sumsSoFar).slice(i, count));
    own = b.loop(zero, end, step, own, [&](Value column, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t j = 0; j < count; ++j) {
        Value slot = slotOf(rows, i + j);
        auto exponential = [&](Value at) {
          Value x = b.load(scores, {slot, at}, isa.lanes, isa.lanes);
          x = arith::SubFOp::create(b, x, bases[i + j]);
          x = expOfNonPositive(b, x, accuracy);
          if (inBytes)
            return toCode(x, next[j]);
          next[j] = arith::AddFOp::create(b, next[j], x);
          return x;
        };
        if (inBytes) {
          SmallVector<Value> codes;
          for (int64_t v = 0; v < 4; ++v)
            codes.push_back(exponential(b.add(column, v * isa.lanes)));
          storeCodes(slot, column, codes);
          continue;
        }
        Value x = exponential(column);
        if (!tiled) {
          b.store(x, scores, {slot, column}, isa.lanes);
          continue;
        }
        // In front of the scores that are still to be read.
        Value place = parts > 1 ? column : div(column, b.index(2));
        for (auto [part, halves] : llvm::enumerate(
                 toHalves(x, exponential(b.add(column, isa.lanes)))))
          b.store(vector::BitCastOp::create(b, type, halves), scores,
                  {slot, b.add(place, part * isa.lanes)}, isa.lanes);
      }
      return next;
    });
    for (int64_t j = 0; j < count; ++j)
      b.store(own[j], totals, {b.add(rows.row, i + j), zero}, isa.lanes);
  }
}
