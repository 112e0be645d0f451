//===- ProductsGrouped.cpp - integer products with scales per group -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two sets of accumulators: i32 sums of the current group, which are exact, and
// f32 sums of the groups so far. Both stay in registers, hence blocks of fewer
// rows than without groups. A group is any multiple of 4 codes: what matters is
// where its quads lie in the packed form, which knows nothing of groups.
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

namespace {

class GroupedProduct {
public:
  GroupedProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
                 Value widened, const Tile &block, bool hasOffset)
      : b(b), isa(isa), in(in), widened(widened), block(block),
        hasOffset(hasOffset), vectors(block.vectors(isa)),
        words(VectorType::get({isa.lanes}, b.getI32Type())) {}

  Accumulators emit() {
    return sumGroups(b, isa, in, block,
                     [&](Value group, int64_t size, int64_t count) {
                       Value quad = b.mul(group, size / 4);
                       return isa.vnni ? vnniSums(group, quad, count / 4)
                                       : wideSums(quad, count / 4);
                     });
  }

private:
  /// Half of the registers are f32 sums.
  int64_t setsOf(int64_t accumulators) const {
    return accumulatorSets(accumulators, isa.registers() / 2);
  }

  /// `count` bytes of packed rhs: quad `quad` of the columns from `column` on.
  Value loadQuads(Value quad, Value column, int64_t count) {
    Value inPanel = arith::RemUIOp::create(b, column, b.index(32));
    return b.load(in.rhs,
                  {arith::DivUIOp::create(b, column, b.index(32)),
                   arith::DivUIOp::create(b, quad, b.index(16)),
                   arith::DivUIOp::create(b, inPanel, b.index(16)),
                   arith::RemUIOp::create(b, quad, b.index(16)),
                   b.mul(arith::RemUIOp::create(b, inPanel, b.index(16)), 4)},
                  count, count);
  }

  /// Quads [quad, quad + count) by vpdpbusd. The offset of the codes is taken
  /// off before the first product.
  Accumulators vnniSums(Value group, Value quad, int64_t count) {
    int64_t perSet = block.rows * vectors, sets = setsOf(perSet);
    SmallVector<Value> initial(sets * perSet, b.splat(words, 0));
    for (int64_t v = 0; v < vectors; ++v) {
      Value sum = b.load(in.sums, {group, b.add(block.column, v * isa.lanes)},
                         isa.lanes, isa.lanes);
      Value start = b.mul(sum, b.splat(words, -128));
      for (int64_t i = 0; i < block.rows; ++i)
        initial[i * vectors + v] = start;
    }
    SmallVector<Value> sums = b.unrolled(
        count, /*unroll=*/8, initial,
        [&](Value base, int64_t offset, ValueRange carried) {
          SmallVector<Value> next(carried), rhs;
          Value position = b.add(b.add(quad, base), offset);
          for (int64_t v = 0; v < vectors; ++v)
            rhs.push_back(loadQuads(
                position, b.add(block.column, v * isa.lanes), 4 * isa.lanes));
          for (int64_t i = 0; i < block.rows; ++i) {
            Value codes = broadcastQuad(b, isa, in.lhs, b.add(block.row, i),
                                        b.mul(position, 4));
            if (!hasOffset)
              codes = arith::XOrIOp::create(
                  b, codes, b.splat(cast<VectorType>(codes.getType()), -128));
            for (int64_t v = 0; v < vectors; ++v) {
              Value &sum = next[offset % sets * perSet + i * vectors + v];
              sum = dotBytes(b, isa, sum, codes, rhs[v]);
            }
          }
          return next;
        });
    return sumSets(b, sums, sets);
  }

  /// Four codes of row i of the block as 16 bits, repeated over a register.
  Value wideQuad(int64_t i, Value k) {
    if (widened)
      return broadcastQuad(b, isa, widened, b.index(i), k);
    Value quad = b.load(in.lhs, {b.add(block.row, i), k}, 4, 4);
    Value word = vector::BitCastOp::create(
        b, VectorType::get({1}, b.getI32Type()), quad);
    Value scalar = vector::ExtractOp::create(b, word, ArrayRef<int64_t>{0});
    Value codes = vector::BitCastOp::create(
        b, VectorType::get({16}, b.getI8Type()), b.broadcast(scalar, 4));
    return arith::ExtSIOp::create(b, VectorType::get({16}, b.getI16Type()),
                                  codes);
  }

  /// The same in products of 16 bits. Steps are not unrolled, for the reason
  /// given at wideProduct.
  Accumulators wideSums(Value quad, int64_t count) {
    int64_t perSet = 2 * block.rows, sets = setsOf(perSet);
    auto halves = VectorType::get({16}, b.getI16Type());
    auto step = [&](Value position, int64_t set, SmallVector<Value> &sums) {
      Value rhs[2];
      for (int64_t v = 0; v < 2; ++v)
        rhs[v] = arith::ExtSIOp::create(
            b, halves, loadQuads(position, b.add(block.column, 4 * v), 16));
      for (int64_t i = 0; i < block.rows; ++i) {
        Value codes = wideQuad(i, b.mul(position, 4));
        for (int64_t v = 0; v < 2; ++v) {
          Value &sum = sums[set * perSet + 2 * i + v];
          sum = b.add(sum, callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", words,
                                         {codes, rhs[v]}));
        }
      }
    };
    int64_t whole = count / sets * sets;
    SmallVector<Value> sums(sets * perSet, b.splat(words, 0));
    sums = b.loop(quad, b.add(quad, whole), sets, sums,
                  [&](Value position, ValueRange carried) {
                    SmallVector<Value> next(carried);
                    for (int64_t set = 0; set < sets; ++set)
                      step(b.add(position, set), set, next);
                    b.disableUnrolling();
                    return next;
                  });
    for (int64_t rest = whole; rest < count; ++rest)
      step(b.add(quad, rest), 0, sums);
    sums = sumSets(b, sums, sets);
    Accumulators columns;
    for (int64_t i = 0; i < block.rows; ++i)
      columns.push_back(addPairs(b, sums[2 * i], sums[2 * i + 1]));
    return columns;
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  Value widened;
  const Tile &block;
  bool hasOffset;
  int64_t vectors;
  VectorType words;
};

} // namespace

Accumulators x86::groupedProduct(KernelBuilder &b, const Isa &isa,
                                 const Operands &in, Value widened,
                                 const Tile &block, bool hasOffset) {
  return GroupedProduct(b, isa, in, widened, block, hasOffset).emit();
}
