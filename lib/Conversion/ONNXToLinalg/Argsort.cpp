//===- Argsort.cpp - sorted positions -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Argsort.h"
#include "Loops.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

Value qopt::readIndex(Lowering &l, Value positions, Value place) {
  return arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                    l.read(positions, place));
}

Value qopt::insertIndex(Lowering &l, Value index, Value positions,
                        Value place) {
  Value number = arith::IndexCastOp::create(l.b, l.b.getI64Type(), index);
  return tensor::InsertOp::create(l.b, number, positions, place);
}

/// Merges the sorted runs [start, middle) and [middle, end) of `from` into
/// `to`.
static Value merge(Lowering &l, Value from, Value to, Value start, Value middle,
                   Value end, llvm::function_ref<Value(Value, Value)> before) {
  auto &b = l.b;
  Value last = l.subtract(end, l.index(1));
  return forLoop(
      l, start, end, {to, start, middle},
      [&](Value place, ValueRange state) -> SmallVector<Value> {
        Value left = state[1], right = state[2];
        // Positions behind their run are not used; they only must be readable.
        auto read = [&](Value place) {
          return readIndex(l, from, l.minimum(place, last));
        };
        Value fromLeft = read(left), fromRight = read(right);
        Value leftEnded = l.compare(CmpIPredicate::sge, left, middle);
        Value rightOpen = l.compare(CmpIPredicate::slt, right, end);
        Value smaller = before(fromRight, fromLeft);
        Value takeRight = arith::AndIOp::create(
            b, rightOpen, arith::OrIOp::create(b, leftEnded, smaller));
        Value taken = l.select(takeRight, fromRight, fromLeft);
        Value next = insertIndex(l, taken, state[0], place);
        Value one = l.index(1);
        return {next, l.select(takeRight, left, l.add(left, one)),
                l.select(takeRight, l.add(right, one), right)};
      })[0];
}

Value qopt::argsort(Lowering &l, Value count,
                    llvm::function_ref<Value(Value, Value)> before) {
  auto &b = l.b;
  Type i64 = b.getI64Type();
  OpFoldResult size = count;
  Value positions = l.parallel(
      size, i64, {}, {}, [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
        Value i = linalg::IndexOp::create(inner, 0);
        return arith::IndexCastOp::create(inner, i64, i);
      });
  SmallVector<Value> start{l.index(1), positions, l.empty(size, i64)};
  auto passes = scf::WhileOp::create(b, ValueRange(start).getTypes(), start);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Location> locations(start.size(), b.getLoc());
  Block *condition = b.createBlock(&passes.getBefore(), {},
                                   ValueRange(start).getTypes(), locations);
  Value more = l.compare(CmpIPredicate::slt, condition->getArgument(0), count);
  scf::ConditionOp::create(b, more, condition->getArguments());

  Block *pass = b.createBlock(&passes.getAfter(), {},
                              ValueRange(start).getTypes(), locations);
  Value width = pass->getArgument(0), sorted = pass->getArgument(1);
  Value twice = l.add(width, width);
  Value pairs = arith::CeilDivSIOp::create(b, count, twice);
  Value merged =
      forLoop(l, l.index(0), pairs, pass->getArgument(2),
              [&](Value pair, ValueRange to) -> SmallVector<Value> {
                Value first = arith::MulIOp::create(b, pair, twice);
                Value middle = l.minimum(l.add(first, width), count);
                Value end = l.minimum(l.add(first, twice), count);
                return {merge(l, sorted, to[0], first, middle, end, before)};
              })[0];
  Value copied = linalg::CopyOp::create(b, merged, sorted).getResult(0);
  scf::YieldOp::create(b, ValueRange{twice, copied, merged});
  return passes.getResult(1);
}
