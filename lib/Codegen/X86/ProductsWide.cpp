//===- ProductsWide.cpp - integer products in words ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes are widened to 16 bits and multiplied by vpmaddwd, which is exact for
// every code. Rows are widened a block at a time, weights as they are loaded.
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

Value x86::addPairs(KernelBuilder &b, Value first, Value second) {
  Value even = vector::ShuffleOp::create(
      b, first, second, ArrayRef<int64_t>{0, 2, 4, 6, 8, 10, 12, 14});
  Value odd = vector::ShuffleOp::create(
      b, first, second, ArrayRef<int64_t>{1, 3, 5, 7, 9, 11, 13, 15});
  return b.add(even, odd);
}

/// 16 codes in 16 bits each.
static Value widen(KernelBuilder &b, Value codes) {
  return arith::ExtSIOp::create(b, VectorType::get({16}, b.getI16Type()),
                                codes);
}

void x86::widenRows(KernelBuilder &b, Value lhs, Value row, int64_t rows,
                    Value widened) {
  int64_t depth = cast<MemRefType>(lhs.getType()).getDimSize(1);
  b.loop(b.index(0), b.index(depth), 16, [&](Value k) {
    for (int64_t i = 0; i < rows; ++i)
      b.store(widen(b, b.load(lhs, {b.add(row, i), k}, 16, 16)), widened,
              {b.index(i), k}, 16);
  });
}

Accumulators x86::wideProduct(KernelBuilder &b, const Isa &isa, Value widened,
                              Value rhs, const Tile &block) {
  int64_t blocksOfK = cast<MemRefType>(rhs.getType()).getDimSize(1);
  // A vector holds 4 codes of 4 columns.
  int64_t vectors = 2 * block.vectors(isa), perSet = block.rows * vectors,
          sets = accumulatorSets(perSet, isa.registers());
  auto type = VectorType::get({8}, b.getI32Type());

  // Steps are not unrolled, beyond the sets: LLVM would join the additions of
  // several steps to trees, for which there are no registers.
  auto step = [&](Value kBlock, Value quad, Value k,
                  MutableArrayRef<Value> accumulators) {
    SmallVector<Value> rhsVectors;
    for (int64_t v = 0; v < vectors; ++v)
      rhsVectors.push_back(
          widen(b, loadPacked(b, rhs, block, 4 * v, kBlock, quad, 16)));
    for (int64_t i = 0; i < block.rows; ++i) {
      Value codes = broadcastQuad(b, isa, widened, b.index(i), k);
      for (int64_t v = 0; v < vectors; ++v) {
        Value pairs = callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", type,
                                    {codes, rhsVectors[v]});
        Value &sum = accumulators[i * vectors + v];
        sum = b.add(sum, pairs);
      }
    }
  };
  SmallVector<Value> result =
      b.loop(b.index(0), b.index(blocksOfK), 1,
             SmallVector<Value>(sets * perSet, b.splat(type, 0)),
             [&](Value kBlock, ValueRange outer) {
               Value base = b.mul(kBlock, 64);
               return b.loop(b.index(0), b.index(16), sets, outer,
                             [&](Value quad, ValueRange carried) {
                               SmallVector<Value> accumulators(carried);
                               for (int64_t set = 0; set < sets; ++set) {
                                 Value position = b.add(quad, set);
                                 step(kBlock, position,
                                      b.add(base, b.mul(position, 4)),
                                      MutableArrayRef<Value>(accumulators)
                                          .slice(set * perSet, perSet));
                               }
                               b.disableUnrolling();
                               return accumulators;
                             });
             });
  result = sumSets(b, result, sets);
  // Each column has two sums side by side.
  Accumulators sums;
  for (size_t i = 0; i < result.size(); i += 2)
    sums.push_back(addPairs(b, result[i], result[i + 1]));
  return sums;
}
