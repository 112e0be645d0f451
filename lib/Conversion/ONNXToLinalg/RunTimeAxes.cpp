//===- RunTimeAxes.cpp - axes that are data of the run --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RunTimeAxes.h"
#include "Indices.h"
#include "Loops.h"

using namespace mlir;
using namespace mlir::qopt;

/// Sets the flag that `axis` names.
static void setFlag(Lowering &l, Value axis, int64_t rank,
                    MutableArrayRef<Value> flags) {
  Value bound = l.index(rank);
  Value fits = arith::AndIOp::create(
      l.b, l.compare(arith::CmpIPredicate::sge, axis, l.index(-rank)),
      l.compare(arith::CmpIPredicate::slt, axis, bound));
  l.require(fits, "axis {0} is outside [-{1}, {1})", {axis, bound});
  axis = wrapIndex(l.b, axis, bound);
  Value yes = l.number(l.b.getI1Type(), 1),
        twice = l.number(l.b.getI1Type(), 0);
  for (int64_t i = 0; i < rank; ++i) {
    Value named = l.compare(arith::CmpIPredicate::eq, axis, l.index(i));
    twice = arith::OrIOp::create(l.b, twice,
                                 arith::AndIOp::create(l.b, named, flags[i]));
    flags[i] = arith::OrIOp::create(l.b, flags[i], named);
  }
  l.require(arith::XOrIOp::create(l.b, twice, yes), "axis {0} occurs twice",
            axis);
}

FailureOr<SmallVector<Value>> qopt::axisFlags(Lowering &l, Value axes,
                                              int64_t rank, bool emptyIsAll) {
  Value no = l.number(l.b.getI1Type(), 0);
  SmallVector<Value> flags(rank, no);
  RankedTensorType type = l.typeOf(axes);
  if (type.hasStaticShape()) {
    auto elements = l.indexElements(axes);
    if (failed(elements))
      return failure();
    for (OpFoldResult axis : *elements)
      setFlag(l, l.value(axis), rank, flags);
    if (elements->empty() && emptyIsAll)
      flags.assign(rank, l.number(l.b.getI1Type(), 1));
    return flags;
  }
  if (type.getRank() != 1)
    return l.fail("axes are not a vector");
  Value length = l.dimValue(axes, 0), tensor = l.get(axes);
  // A loop carries at least one value.
  if (rank == 0)
    return flags;
  flags =
      forLoop(l, l.index(0), length, flags, [&](Value i, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value axis = arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                                l.read(tensor, i));
        setFlag(l, axis, rank, next);
        return next;
      });
  if (emptyIsAll) {
    Value none = l.compare(arith::CmpIPredicate::eq, length, l.index(0));
    for (Value &flag : flags)
      flag = arith::OrIOp::create(l.b, flag, none);
  }
  return flags;
}

SmallVector<Value> qopt::keptSizes(Lowering &l, ArrayRef<Value> sizes,
                                   ArrayRef<Value> flags, int64_t count) {
  Value zero = l.index(0), one = l.index(1), position = zero;
  SmallVector<Value> kept(count, zero);
  for (auto [size, flag] : llvm::zip_equal(sizes, flags)) {
    for (int64_t i = 0; i < count; ++i) {
      Value here = l.compare(arith::CmpIPredicate::eq, position, l.index(i));
      // What comes later at the same place is the next one that stays.
      kept[i] = l.select(here, size, kept[i]);
    }
    position = l.add(position, l.select(flag, zero, one));
  }
  Value wanted = l.index(count);
  l.require(l.compare(arith::CmpIPredicate::eq, position, wanted),
            "the axes leave {0} dims, {1} are declared", {position, wanted});
  return kept;
}

SmallVector<Value> qopt::spreadSizes(Lowering &l, ArrayRef<Value> sizes,
                                     ArrayRef<Value> flags) {
  Value zero = l.index(0), one = l.index(1), position = zero;
  SmallVector<Value> spread;
  for (Value flag : flags) {
    Value size = one;
    for (auto [i, candidate] : llvm::enumerate(sizes))
      size = l.select(l.compare(arith::CmpIPredicate::eq, position, l.index(i)),
                      candidate, size);
    spread.push_back(l.select(flag, one, size));
    position = l.add(position, l.select(flag, zero, one));
  }
  Value wanted = l.index(sizes.size());
  l.require(l.compare(arith::CmpIPredicate::eq, position, wanted),
            "the axes leave {0} dims for {1}", {position, wanted});
  return spread;
}
