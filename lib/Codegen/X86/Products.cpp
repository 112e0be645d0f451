//===- Products.cpp - the loops over K of integer products ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One block of accumulators stays in registers over the whole of K. A block of
// few rows would wait for the latency of its products: it gets several sets of
// accumulators, which take turns and are added at the end.
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

/// Independent chains that hide the latency of a product: 4 or 5 cycles at two
/// a cycle.
constexpr int64_t kChains = 10;

int64_t x86::accumulatorSets(int64_t accumulators, int64_t registers) {
  int64_t sets = 1;
  while (sets < 4 && sets * accumulators < kChains &&
         2 * sets * accumulators <= registers)
    sets *= 2;
  return sets;
}

Value x86::callIntrinsic(KernelBuilder &b, StringRef name, Type result,
                         ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value x86::broadcastQuad(KernelBuilder &b, const Isa &isa, Value lhs, Value row,
                         Value k) {
  Value quad = b.load(lhs, {row, k}, 4, 4);
  Type code = getElementTypeOrSelf(quad);
  int64_t bits = 4 * code.getIntOrFloatBitWidth();
  Value word = vector::BitCastOp::create(
      b, VectorType::get({1}, b.getIntegerType(bits)), quad);
  Value scalar = vector::ExtractOp::create(b, word, ArrayRef<int64_t>{0});
  int64_t count = 32 * isa.lanes / bits;
  return vector::BitCastOp::create(b, VectorType::get({4 * count}, code),
                                   b.broadcast(scalar, count));
}

Value x86::addPairs(KernelBuilder &b, Value first, Value second) {
  Value even = vector::ShuffleOp::create(
      b, first, second, ArrayRef<int64_t>{0, 2, 4, 6, 8, 10, 12, 14});
  Value odd = vector::ShuffleOp::create(
      b, first, second, ArrayRef<int64_t>{1, 3, 5, 7, 9, 11, 13, 15});
  return b.add(even, odd);
}

Accumulators x86::sumSets(KernelBuilder &b, ArrayRef<Value> values,
                          int64_t sets) {
  Accumulators sums(values);
  for (int64_t width = sets; width > 1; width /= 2) {
    size_t half = sums.size() / 2;
    for (size_t i = 0; i < half; ++i)
      sums[i] = isa<FloatType>(getElementTypeOrSelf(sums[i]))
                    ? arith::AddFOp::create(b, sums[i], sums[half + i])
                    : b.add(sums[i], sums[half + i]);
    sums.resize(half);
  }
  return sums;
}

Accumulators x86::vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs,
                              Value rhs, Value sums, const Tile &block,
                              bool hasOffset) {
  int64_t blocksOfK = cast<MemRefType>(rhs.getType()).getDimSize(1);
  int64_t vectors = block.vectors(isa), perSet = block.rows * vectors;
  int64_t sets = accumulatorSets(perSet, isa.registers());
  auto type = VectorType::get({isa.lanes}, b.getI32Type());
  Value panel = arith::DivUIOp::create(b, block.column, b.index(32));

  // The offset of the codes is taken off before the first product.
  SmallVector<Value> initial(sets * perSet, b.splat(type, 0));
  for (int64_t v = 0; v < vectors; ++v) {
    Value sum = b.load(sums, {b.add(block.column, v * isa.lanes)}, isa.lanes,
                       isa.lanes);
    Value start = b.mul(sum, b.splat(type, -128));
    for (int64_t i = 0; i < block.rows; ++i)
      initial[i * vectors + v] = start;
  }

  auto step = [&](Value kBlock, Value k, int64_t quad,
                  MutableArrayRef<Value> accumulators) {
    SmallVector<Value> rhsVectors;
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t n = v * isa.lanes;
      rhsVectors.push_back(
          b.load(rhs,
                 {b.add(panel, n / 32), kBlock, b.index(n % 32 / 16),
                  b.index(quad), b.index(0)},
                 64, 64));
    }
    for (int64_t i = 0; i < block.rows; ++i) {
      Value codes = broadcastQuad(b, isa, lhs, b.add(block.row, i), k);
      if (!hasOffset)
        codes = arith::XOrIOp::create(
            b, codes, b.splat(cast<VectorType>(codes.getType()), -128));
      for (int64_t v = 0; v < vectors; ++v) {
        Value &accumulator = accumulators[i * vectors + v];
        accumulator = callIntrinsic(b, "llvm.x86.avx512.vpdpbusd.512", type,
                                    {accumulator, codes, rhsVectors[v]});
      }
    }
  };
  SmallVector<Value> result =
      b.loop(b.index(0), b.index(blocksOfK), 1, initial,
             [&](Value kBlock, ValueRange carried) {
               SmallVector<Value> accumulators(carried);
               Value k = b.mul(kBlock, 64);
               for (int64_t quad = 0; quad < 16; ++quad)
                 step(kBlock, b.add(k, quad * 4), quad,
                      MutableArrayRef<Value>(accumulators)
                          .slice(quad % sets * perSet, perSet));
               return accumulators;
             });
  return sumSets(b, result, sets);
}

void x86::widenRows(KernelBuilder &b, Value lhs, Value row, int64_t rows,
                    Value widened) {
  int64_t depth = cast<MemRefType>(lhs.getType()).getDimSize(1);
  auto words = VectorType::get({16}, b.getI16Type());
  b.loop(b.index(0), b.index(depth), 16, [&](Value k) {
    for (int64_t i = 0; i < rows; ++i) {
      Value codes = b.load(lhs, {b.add(row, i), k}, 16, 16);
      b.store(arith::ExtSIOp::create(b, words, codes), widened, {b.index(i), k},
              16);
    }
  });
}

Accumulators x86::wideProduct(KernelBuilder &b, const Isa &isa, Value widened,
                              Value rhs, const Tile &block) {
  int64_t blocksOfK = cast<MemRefType>(rhs.getType()).getDimSize(1);
  int64_t perSet = 2 * block.rows,
          sets = accumulatorSets(perSet, isa.registers());
  auto type = VectorType::get({8}, b.getI32Type());
  auto words = VectorType::get({16}, b.getI16Type());
  Value panel = arith::DivUIOp::create(b, block.column, b.index(32));
  Value within = arith::RemUIOp::create(b, block.column, b.index(32));
  Value half = arith::DivUIOp::create(b, within, b.index(16));
  Value first = b.mul(arith::RemUIOp::create(b, within, b.index(16)), 4);

  // Steps are not unrolled, beyond the sets: LLVM would join the additions of
  // several steps to trees, for which there are no registers.
  auto step = [&](Value kBlock, Value quad, Value k,
                  MutableArrayRef<Value> accumulators) {
    // 4 codes of 4 columns each.
    Value rhsVectors[2];
    for (int64_t v = 0; v < 2; ++v)
      rhsVectors[v] = arith::ExtSIOp::create(
          b, words,
          b.load(rhs, {panel, kBlock, half, quad, b.add(first, 16 * v)}, 16,
                 16));
    for (int64_t i = 0; i < block.rows; ++i) {
      Value codes = broadcastQuad(b, isa, widened, b.index(i), k);
      for (int64_t v = 0; v < 2; ++v) {
        Value pairs = callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", type,
                                    {codes, rhsVectors[v]});
        accumulators[2 * i + v] = b.add(accumulators[2 * i + v], pairs);
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
  for (int64_t i = 0; i < block.rows; ++i)
    sums.push_back(addPairs(b, result[2 * i], result[2 * i + 1]));
  return sums;
}
