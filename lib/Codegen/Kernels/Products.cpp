//===- Products.cpp - what the loops over K have in common ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One block of accumulators stays in registers over the whole of K. A block of
// few rows would wait for the latency of its products: it gets several sets of
// accumulators, which take turns and are added at the end.
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Independent chains that hide the latency of a product: 4 or 5 cycles at two
/// a cycle.
constexpr int64_t kChains = 10;

/// Products of a step of the loop over K. Longer steps gain nothing, and LLVM's
/// scheduler then moves so many loads up that it has to spill.
constexpr int64_t kProductsOfStep = 96;

int64_t kernels::accumulatorSets(int64_t accumulators, int64_t registers) {
  int64_t sets = 1;
  while (sets < 4 && sets * accumulators < kChains &&
         2 * sets * accumulators <= registers)
    sets *= 2;
  return sets;
}

Value kernels::broadcastQuad(KernelBuilder &b, const Isa &isa, Value lhs,
                             Value row, Value k) {
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

Accumulators kernels::sumSets(KernelBuilder &b, ArrayRef<Value> values,
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

Value kernels::loadPacked(KernelBuilder &b, Value rhs, const Tile &block,
                          int64_t offset, Value kBlock, Value quad,
                          int64_t bytes) {
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

int64_t kernels::unrolledQuads(int64_t products, int64_t sets) {
  int64_t quads = std::max<int64_t>(sets, 2);
  while (quads < 16 && 2 * quads * products <= kProductsOfStep)
    quads *= 2;
  return quads;
}
