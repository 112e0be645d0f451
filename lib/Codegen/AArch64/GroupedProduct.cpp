//===- GroupedProduct.cpp - scales per group on AArch64 -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// i32 sums of the current group beside f32 sums of the groups so far, in steps
// of four codes of each row. A group is any multiple of 4 codes, so one in two
// may begin in the middle of the eight that lie side by side.
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::aarch64;

namespace {

class GroupedProduct {
public:
  GroupedProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
                 const Tile &block)
      : b(b), isa(isa), in(in), block(block), vectors(block.vectors(isa)) {}

  Accumulators emit() {
    return kernels::sumGroups(b, isa, in, block,
                              [&](Value group, int64_t size, int64_t count) {
                                Value begin = b.mul(group, size);
                                return size % kDepth ? quadSums(begin, count)
                                                     : octetSums(begin, count);
                              });
  }

private:
  SmallVector<Value> zeros() {
    return SmallVector<Value>(block.rows * vectors, b.splat(i32x4(b), 0));
  }

  void multiply(Value k, int64_t v, Value rhs, SmallVector<Value> &sums) {
    for (int64_t row = 0; row < block.rows; ++row) {
      Value &sum = sums[row * vectors + v];
      Value lhs =
          kernels::broadcastQuad(b, isa, in.lhs, b.add(block.row, row), k);
      sum = addDot(b, isa, sum, rhs, lhs);
    }
  }

  /// The codes of vector v of the columns that lie with code k.
  std::pair<Value, Value> loadColumns(Value k, int64_t v) {
    Value kBlock = arith::DivUIOp::create(b, k, b.index(64));
    Value group = arith::DivUIOp::create(
        b, arith::RemUIOp::create(b, k, b.index(64)), b.index(kDepth));
    Value column = b.add(block.column, v * isa.lanes);
    return {loadPair(b, in.rhs, kBlock, group, column),
            loadPair(b, in.rhs, kBlock, group, b.add(column, 2))};
  }

  /// Codes [begin, begin + count), both multiples of 8.
  Accumulators octetSums(Value begin, int64_t count) {
    return b.loop(begin, b.add(begin, count), kDepth, zeros(),
                  [&](Value k, ValueRange carried) {
                    SmallVector<Value> next(carried);
                    for (int64_t v = 0; v < vectors; ++v) {
                      auto [first, second] = loadColumns(k, v);
                      for (int64_t part = 0; part < 2; ++part)
                        multiply(b.add(k, 4 * part), v,
                                 quadsOf(b, first, second, part), next);
                    }
                    b.disableUnrolling();
                    return next;
                  });
  }

  /// The same for multiples of 4: which half is wanted is known at run time.
  Accumulators quadSums(Value begin, int64_t count) {
    return b.loop(begin, b.add(begin, count), 4, zeros(),
                  [&](Value k, ValueRange carried) {
                    SmallVector<Value> next(carried);
                    Value odd = arith::CmpIOp::create(
                        b, arith::CmpIPredicate::ne,
                        arith::AndIOp::create(b, k, b.index(4)), b.index(0));
                    for (int64_t v = 0; v < vectors; ++v) {
                      auto [first, second] = loadColumns(k, v);
                      Value rhs = arith::SelectOp::create(
                          b, odd, quadsOf(b, first, second, 1),
                          quadsOf(b, first, second, 0));
                      multiply(k, v, rhs, next);
                    }
                    b.disableUnrolling();
                    return next;
                  });
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const Tile &block;
  int64_t vectors;
};

} // namespace

Accumulators aarch64::addGroups(KernelBuilder &b, const Isa &isa,
                                const Operands &in, const Tile &block) {
  return GroupedProduct(b, isa, in, block).emit();
}
