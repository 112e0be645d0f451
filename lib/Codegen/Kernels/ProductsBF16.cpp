//===- ProductsBF16.cpp - products of bfloat16 on vectors -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bfloat16 is the upper half of an f32: of 32-bit lanes that hold two
// consecutive k of a column, a shift gives the even one and a mask the odd one.
// AVX512-BF16 has a product of pairs, which runs at half the rate of f32 FMA.
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Rows of pairs in a k step, and columns of its half.
static constexpr int64_t kPairs = 16, kHalf = 16;

void kernels::widenHalves(KernelBuilder &b, const Isa &isa, Value lhs,
                          Value row, int64_t rows, Value widened) {
  int64_t depth = cast<MemRefType>(widened.getType()).getDimSize(1);
  auto type = VectorType::get({isa.lanes}, b.getF32Type());
  for (int64_t i = 0; i < rows; ++i)
    b.loop(b.index(0), b.index(depth), isa.lanes, [&](Value k) {
      Value halves = b.load(lhs, {b.add(row, i), k}, isa.lanes, isa.lanes);
      b.store(arith::ExtFOp::create(b, type, halves), widened, {b.index(i), k},
              isa.lanes);
    });
}

namespace {

class BF16Product {
public:
  BF16Product(KernelBuilder &b, const Isa &isa, const Operands &in,
              Value widened, const Tile &block)
      : b(b), isa(isa), in(in), widened(widened), block(block),
        vectors(block.vectors(isa)), perSet(block.rows * vectors),
        sets(accumulatorSets(perSet, isa.registers())),
        panel(arith::DivUIOp::create(b, block.column, b.index(2 * kHalf))),
        half(arith::DivUIOp::create(
            b, arith::RemUIOp::create(b, block.column, b.index(2 * kHalf)),
            b.index(kHalf))) {}

  Accumulators emit() {
    auto type = VectorType::get({isa.lanes}, b.getF32Type());
    SmallVector<Value> initial(sets * perSet, b.splat(type, 0));
    int64_t depth = cast<MemRefType>(in.lhs.getType()).getDimSize(1);
    return sumSets(b,
                   b.unrolled(depth / 2, /*unroll=*/4, initial,
                              [&](Value base, int64_t offset, ValueRange sums) {
                                return addPair(base, offset, sums);
                              }),
                   sets);
  }

private:
  /// Adds the products of the two k of pair `base` + `offset`; `base` is a
  /// multiple of the unrolling, which divides the pairs of a step.
  SmallVector<Value> addPair(Value base, int64_t offset, ValueRange carried) {
    SmallVector<Value> next(carried);
    Value step = arith::DivUIOp::create(b, base, b.index(kPairs));
    Value pair =
        b.add(arith::RemUIOp::create(b, base, b.index(kPairs)), offset);
    SmallVector<Value> rhs[2];
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t column = v * isa.lanes;
      Value pairs = b.load(in.rhs,
                           {panel, step, b.add(half, column / kHalf), pair,
                            b.index(column % kHalf * 2)},
                           2 * isa.lanes, 2 * isa.lanes);
      auto [even, odd] = split(pairs);
      rhs[0].push_back(even);
      rhs[1].push_back(odd);
    }
    Value k = b.mul(b.add(base, offset), 2);
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t odd : {0, 1}) {
        Value factor = b.broadcast(element(i, b.add(k, odd)), isa.lanes);
        for (int64_t v = 0; v < vectors; ++v) {
          Value &sum = next[offset % sets * perSet + i * vectors + v];
          sum = vector::FMAOp::create(b, factor, rhs[odd][v], sum);
        }
      }
    return next;
  }

  /// The even and the odd elements as f32.
  std::pair<Value, Value> split(Value pairs) {
    auto bits = VectorType::get({isa.lanes}, b.getI32Type());
    auto floats = VectorType::get({isa.lanes}, b.getF32Type());
    auto constant = [&](int64_t value) {
      return arith::ConstantOp::create(
          b, DenseElementsAttr::get(bits, b.getI32IntegerAttr(value)));
    };
    Value both = vector::BitCastOp::create(b, bits, pairs);
    Value even = arith::ShLIOp::create(b, both, constant(16));
    Value odd = arith::AndIOp::create(b, both, constant(int32_t(0xffff0000)));
    return {arith::BitcastOp::create(b, floats, even),
            arith::BitcastOp::create(b, floats, odd)};
  }

  Value element(int64_t i, Value k) {
    if (widened)
      return memref::LoadOp::create(b, widened, ValueRange{b.index(i), k});
    Value narrow =
        memref::LoadOp::create(b, in.lhs, ValueRange{b.add(block.row, i), k});
    return arith::ExtFOp::create(b, b.getF32Type(), narrow);
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  Value widened;
  const Tile &block;
  int64_t vectors, perSet, sets;
  Value panel, half;
};

} // namespace

Accumulators kernels::bf16Product(KernelBuilder &b, const Isa &isa,
                                  const Operands &in, Value widened,
                                  const Tile &block) {
  return BF16Product(b, isa, in, widened, block).emit();
}
