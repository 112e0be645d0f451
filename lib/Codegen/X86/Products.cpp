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

/// Products of a step of the loop over K. Longer steps gain nothing, and LLVM's
/// scheduler then moves so many loads up that it has to spill.
constexpr int64_t kProductsOfStep = 96;

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

Value x86::loadPacked(KernelBuilder &b, Value rhs, const Tile &block,
                      int64_t offset, Value kBlock, Value quad, int64_t bytes) {
  Value panel = arith::DivUIOp::create(b, block.column, b.index(32));
  Value half = b.index(offset % 32 / 16), byte = b.index(offset % 16 * 4);
  // Only blocks of whole panels are known to begin with one.
  if (block.count <= 16) {
    Value first = arith::RemUIOp::create(b, block.column, b.index(32));
    half = arith::DivUIOp::create(b, first, b.index(16));
    if (block.count <= 8)
      byte = b.add(b.mul(arith::RemUIOp::create(b, first, b.index(16)), 4),
                   offset * 4);
  }
  return b.load(rhs, {b.add(panel, offset / 32), kBlock, half, quad, byte},
                bytes, bytes);
}

Value x86::dotBytes(KernelBuilder &b, const Isa &isa, Value sum, Value lhs,
                    Value rhs) {
  return callIntrinsic(b,
                       isa.lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512"
                                       : "llvm.x86.avx512.vpdpbusd.256",
                       sum.getType(), {sum, lhs, rhs});
}

int64_t x86::unrolledQuads(int64_t products, int64_t sets) {
  int64_t quads = std::max<int64_t>(sets, 2);
  while (quads < 16 && 2 * quads * products <= kProductsOfStep)
    quads *= 2;
  return quads;
}

/// Fetches a quarter of the lines of one block of K that the next task reads
/// where this one reads `block`, each of the first four blocks of rows another
/// one: more at once would delay the loads of this task.
static void fetchNext(KernelBuilder &b, const Isa &isa, Value rhs,
                      const Tile &block, Value kBlock, Value part) {
  int64_t panels = cast<MemRefType>(rhs.getType()).getDimSize(0);
  Value column = b.add(block.column, isa.integerColumns);
  Value panel = arith::RemUIOp::create(
      b, arith::DivUIOp::create(b, column, b.index(32)), b.index(panels));
  int64_t lines = block.count <= 16 ? 4 : 8;
  Value first = b.mul(b.min(part, b.index(3)), lines), half;
  if (block.count <= 16)
    half = arith::DivUIOp::create(
        b, arith::RemUIOp::create(b, block.column, b.index(32)), b.index(16));
  else
    half = arith::DivUIOp::create(b, first, b.index(16));
  Value quad = arith::RemUIOp::create(b, first, b.index(16));
  for (int64_t line = 0; line < lines; ++line)
    memref::PrefetchOp::create(
        b, rhs, ValueRange{panel, kBlock, half, b.add(quad, line), b.index(0)},
        /*isWrite=*/false, /*localityHint=*/2,
        /*isDataCache=*/true);
}

Accumulators x86::vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs,
                              Value rhs, Value sums, const Tile &block,
                              bool hasOffset, Value part) {
  int64_t blocksOfK = cast<MemRefType>(rhs.getType()).getDimSize(1);
  int64_t vectors = block.vectors(isa), perSet = block.rows * vectors;
  int64_t sets = accumulatorSets(perSet, isa.registers());
  auto type = VectorType::get({isa.lanes}, b.getI32Type());

  // The offset of the codes is taken off before the first product.
  SmallVector<Value> initial(sets * perSet, b.splat(type, 0));
  for (int64_t v = 0; v < vectors; ++v) {
    Value sum = b.load(sums, {b.add(block.column, v * isa.lanes)}, isa.lanes,
                       isa.lanes);
    Value start = b.mul(sum, b.splat(type, -128));
    for (int64_t i = 0; i < block.rows; ++i)
      initial[i * vectors + v] = start;
  }

  auto step = [&](Value kBlock, Value quad, Value k,
                  MutableArrayRef<Value> accumulators) {
    SmallVector<Value> rhsVectors;
    for (int64_t v = 0; v < vectors; ++v)
      rhsVectors.push_back(loadPacked(b, rhs, block, v * isa.lanes, kBlock,
                                      quad, 4 * isa.lanes));
    for (int64_t i = 0; i < block.rows; ++i) {
      Value codes = broadcastQuad(b, isa, lhs, b.add(block.row, i), k);
      if (!hasOffset)
        codes = arith::XOrIOp::create(
            b, codes, b.splat(cast<VectorType>(codes.getType()), -128));
      for (int64_t v = 0; v < vectors; ++v) {
        Value &accumulator = accumulators[i * vectors + v];
        accumulator = dotBytes(b, isa, accumulator, codes, rhsVectors[v]);
      }
    }
  };
  int64_t unroll = unrolledQuads(perSet, sets);
  auto quads = [&](Value kBlock, Value first, ValueRange carried) {
    SmallVector<Value> accumulators(carried);
    Value k = b.add(b.mul(kBlock, 64), b.mul(first, 4));
    for (int64_t i = 0; i < unroll; ++i)
      step(kBlock, b.add(first, i), b.add(k, 4 * i),
           MutableArrayRef<Value>(accumulators)
               .slice(i % sets * perSet, perSet));
    return accumulators;
  };
  SmallVector<Value> result =
      b.loop(b.index(0), b.index(blocksOfK), 1, initial,
             [&](Value kBlock, ValueRange outer) {
               if (part)
                 fetchNext(b, isa, rhs, block, kBlock, part);
               if (unroll == 16)
                 return quads(kBlock, b.index(0), outer);
               return b.loop(b.index(0), b.index(16), unroll, outer,
                             [&](Value quad, ValueRange carried) {
                               SmallVector<Value> next =
                                   quads(kBlock, quad, carried);
                               b.disableUnrolling();
                               return next;
                             });
             });
  return sumSets(b, result, sets);
}
