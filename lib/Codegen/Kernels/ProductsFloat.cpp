//===- ProductsFloat.cpp - the loops over K of float products -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Right operands of fewer bits are widened in registers as they are loaded:
// f16, and the 8-bit weights of weight-only products. One scale per column
// waits for the end of K; scales of groups meet the weights, since sums over K
// cannot be scaled in parts.
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

Value kernels::loadFloat(KernelBuilder &b, Value memref, ValueRange indices,
                         int64_t lanes, int64_t count) {
  Value vector = b.load(memref, indices, lanes, count);
  Type element = getElementTypeOrSelf(vector);
  auto type = VectorType::get({lanes}, b.getF32Type());
  if (element.isF32())
    return vector;
  if (element.isInteger(8))
    return arith::SIToFPOp::create(
        b, type,
        arith::ExtSIOp::create(b, VectorType::get({lanes}, b.getI32Type()),
                               vector));
  return arith::ExtFOp::create(b, type, vector);
}

/// Bytes of weights that are asked for ahead of their use: they wait in L2.
constexpr int64_t kAheadBytes = 128 << 10;
constexpr int64_t kLineBytes = 64;

namespace {

class FloatProduct {
public:
  FloatProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
               const Tile &block, Value fetches)
      : b(b), isa(isa), in(in), block(block), fetches(fetches),
        vectors(block.vectors(isa)), perSet(block.rows * vectors),
        sets(accumulatorSets(perSet, isa.registers())),
        depth(cast<MemRefType>(in.rhs.getType()).getDimSize(1)),
        // A block may be half a panel.
        panel(arith::DivUIOp::create(b, block.column, b.index(32))),
        first(arith::RemUIOp::create(b, block.column, b.index(32))) {}

  Accumulators emit() {
    auto type = VectorType::get({isa.lanes}, b.getF32Type());
    SmallVector<Value> initial(sets * perSet, b.splat(type, 0));
    if (!in.groupRows)
      return sumSets(b, addRange(b.index(0), depth, {}, initial), sets);

    int64_t size = std::min(in.groupRows, depth), whole = depth / size;
    auto addGroup = [&](Value group, int64_t rows, ValueRange carried) {
      SmallVector<Value> scales;
      for (int64_t v = 0; v < vectors; ++v)
        scales.push_back(b.load(in.rhsScale,
                                {group, b.add(block.column, v * isa.lanes)},
                                isa.lanes, block.lanesOf(isa, v)));
      return addRange(b.mul(group, size), rows, scales, carried);
    };
    SmallVector<Value> sums = b.loop(b.index(0), b.index(whole), 1, initial,
                                     [&](Value group, ValueRange carried) {
                                       return addGroup(group, size, carried);
                                     });
    if (depth % size)
      sums = addGroup(b.index(whole), depth % size, sums);
    return sumSets(b, sums, sets);
  }

private:
  /// `carried` plus the products of rows [begin, begin + rows) of rhs, times
  /// `scales` if there are any.
  SmallVector<Value> addRange(Value begin, int64_t rows, ArrayRef<Value> scales,
                              ValueRange carried) {
    return b.unrolled(
        rows, kUnroll, carried,
        [&](Value base, int64_t offset, ValueRange current) {
          SmallVector<Value> next(current), rhs;
          Value position = b.add(b.add(begin, base), offset);
          if (fetches && offset % kUnroll == 0)
            fetchAhead(position, std::min(kUnroll, rows - offset));
          for (int64_t v = 0; v < vectors; ++v) {
            rhs.push_back(loadFloat(b, in.rhs,
                                    {b.add(panel, v * isa.lanes / 32), position,
                                     b.add(first, v * isa.lanes % 32)},
                                    isa.lanes, isa.lanes));
            if (!scales.empty())
              rhs.back() = arith::MulFOp::create(b, rhs.back(), scales[v]);
          }
          for (int64_t i = 0; i < block.rows; ++i) {
            Value scalar = memref::LoadOp::create(
                b, in.lhs, ValueRange{b.add(block.row, i), position});
            Value factor = b.broadcast(scalar, isa.lanes);
            for (int64_t v = 0; v < vectors; ++v) {
              Value &sum = next[offset % sets * perSet + i * vectors + v];
              sum = vector::FMAOp::create(b, factor, rhs[v], sum);
            }
          }
          return next;
        });
  }

  /// Asks for the weights of as many steps as there are `rows`, kAheadBytes or
  /// a panel further on; where nothing is to be fetched, for those at hand.
  void fetchAhead(Value position, int64_t rows) {
    auto type = cast<MemRefType>(in.rhs.getType());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    int64_t panels = type.getDimSize(0), width = type.getDimSize(2);
    int64_t ahead = std::min(depth, kAheadBytes / (width * bytes));
    Value distance =
        arith::SelectOp::create(b, fetches, b.index(ahead), b.index(0));
    Value at = b.add(b.add(b.mul(panel, depth), position), distance);
    at = b.min(at, b.index(panels * depth - rows));
    Value ofPanel = arith::DivUIOp::create(b, at, b.index(depth));
    Value row = arith::RemUIOp::create(b, at, b.index(depth));
    int64_t ofLine = kLineBytes / bytes;
    for (int64_t i = 0; i < rows; i += std::max<int64_t>(1, ofLine / width))
      for (int64_t column = 0; column < vectors * isa.lanes; column += ofLine)
        memref::PrefetchOp::create(
            b, in.rhs, ValueRange{ofPanel, b.add(row, i), b.add(first, column)},
            /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }

  static constexpr int64_t kUnroll = 8;

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const Tile &block;
  Value fetches;
  int64_t vectors, perSet, sets, depth;
  Value panel, first;
};

} // namespace

Accumulators kernels::floatProduct(KernelBuilder &b, const Isa &isa,
                                   const Operands &in, const Tile &block,
                                   Value fetches) {
  Accumulators sums = FloatProduct(b, isa, in, block, fetches).emit();
  if (in.rhsScale && !in.groupRows)
    scaleColumns(b, isa, in, block, sums);
  return sums;
}
