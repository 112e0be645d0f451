//===- AttentionMask.cpp - masks of scores --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mask is added to the scores, or chooses among them. Exporters hide keys by
// the least float or -inf, and so they write causality, too: as a mask of all
// queries by all keys. Where a block's last keys are hidden from all of its
// rows, they are left out.
//===----------------------------------------------------------------------===//

#include "AttentionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
/// A score that this has been added to is nothing beside one above kSeen: the
/// exponential of their difference is 0.
constexpr float kHidden = -1e37f, kSeen = -1e30f;

SmallVector<SmallVector<Value>> AttentionGenerator::maskRows(Rows rows) {
  if (!mask)
    return {};
  auto type = cast<MemRefType>(mask.getType());
  auto index = [&](int64_t i, Value full) -> Value {
    if (type.getDimSize(i) == 1)
      return b.index(0);
    if (!type.isDynamicDim(i))
      return full;
    Value one = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                      b.dim(mask, i), b.index(1));
    return arith::SelectOp::create(b, one, b.index(0), full);
  };
  bool shared = type.getDimSize(1) == 1 && type.getDimSize(2) == 1;
  SmallVector<SmallVector<Value>> places;
  for (int64_t i = 0; i < (shared ? 1 : rows.count); ++i) {
    auto own = [&](Value from) -> Value {
      return memref::LoadOp::create(b, from, ValueRange{b.add(rows.row, i)});
    };
    places.push_back(
        {index(0, batch), index(1, own(heads)), index(2, own(tokens))});
  }
  return places;
}

Value AttentionGenerator::maskVector(ArrayRef<Value> row, Value key) {
  auto type = cast<MemRefType>(mask.getType());
  SmallVector<Value> indices(row);
  indices.push_back(key);
  if (!type.isDynamicDim(3) && type.getDimSize(3) % shownKeys() == 0)
    return b.load(mask, indices, isa.lanes, isa.lanes);
  // What lies beyond is hidden. Masked loads are slow where the instruction set
  // lacks them.
  double beyond = op.getFill() ? 0 : kMinusInfinity;
  VectorType vector = vectorType(type.getElementType());
  Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                       b.add(key, isa.lanes), keyCount);
  auto choice = scf::IfOp::create(b, vector, inside, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, b.load(mask, indices, isa.lanes, isa.lanes));
  b.setInsertionPointToStart(choice.elseBlock());
  Value lanes = vector::CreateMaskOp::create(b, vectorType(b.getI1Type()),
                                             b.sub(keyCount, key));
  scf::YieldOp::create(
      b, ValueRange{vector::MaskedLoadOp::create(
             b, vector, mask, indices, lanes, b.splat(vector, beyond))});
  return choice.getResult(0);
}

Value AttentionGenerator::shownLanes(Value mask) {
  auto type = cast<VectorType>(mask.getType());
  if (op.getFill())
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, mask,
                                 b.splat(type, 0));
  // A NaN is to show.
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, mask,
                               b.splat(type, kHidden));
}

Value AttentionGenerator::isShown(MaskRows places, Value from) {
  Value any;
  for (ArrayRef<Value> place : places)
    for (int64_t key = 0; key < shownKeys(); key += isa.lanes) {
      Value lanes = shownLanes(maskVector(place, b.add(from, key)));
      any = any ? arith::OrIOp::create(b, any, lanes) : lanes;
    }
  return vector::ReductionOp::create(b, vector::CombiningKind::OR, any);
}

Value AttentionGenerator::haveSeen(Rows rows, MaskRows places, Value from) {
  Value all;
  for (int64_t i = 0; i < rows.count; ++i) {
    ArrayRef<Value> place = places[places.size() == 1 ? 0 : i];
    Value before = memref::LoadOp::create(b, maxima, b.add(rows.row, i));
    Value seen = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, before,
                                       b.f32(kSeen));
    Value first = vector::ExtractOp::create(
        b, shownLanes(maskVector(place, from)), ArrayRef<int64_t>{0});
    seen = arith::OrIOp::create(b, seen, first);
    all = all ? arith::AndIOp::create(b, all, seen) : seen;
  }
  return all;
}

Value AttentionGenerator::countShown(Rows rows, Keys keys) {
  if (!mask || (op.getFill() && op.getFill()->convertToFloat() > kHidden))
    return keys.count;
  SmallVector<SmallVector<Value>> places = maskRows(rows);
  Value width = b.index(shownKeys());
  auto lastIsShown = [&](Value groups) {
    Value last =
        b.sub(arith::MaxUIOp::create(b, groups, b.index(1)), b.index(1));
    return isShown(places, b.add(keys.from, b.mul(last, width)));
  };
  auto choose = [&](Value condition, function_ref<Value()> then,
                    function_ref<Value()> otherwise) {
    auto choice = scf::IfOp::create(b, b.getIndexType(), condition,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, then());
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, otherwise());
    return choice.getResult(0);
  };
  Value groups = b.ceilDiv(keys.count, width);
  auto all = [&] { return groups; };
  auto shown = [&]() -> Value {
    auto loop = scf::WhileOp::create(
        b, b.getIndexType(), groups,
        [&](OpBuilder &, Location, ValueRange left) {
          Value some = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                             left[0], b.index(0));
          Value hidden = arith::XOrIOp::create(
              b, lastIsShown(left[0]),
              arith::ConstantOp::create(b, b.getBoolAttr(true)));
          scf::ConditionOp::create(b, arith::AndIOp::create(b, some, hidden),
                                   left);
        },
        [&](OpBuilder &, Location, ValueRange left) {
          scf::YieldOp::create(b, b.sub(left[0], b.index(1)));
        });
    return loop.getResult(0);
  };
  // Most masks hide nothing there, and cost one look.
  Value found = choose(lastIsShown(groups), all, [&] {
    return choose(haveSeen(rows, places, keys.from), shown, all);
  });
  return b.min(keys.count, b.mul(found, width));
}
