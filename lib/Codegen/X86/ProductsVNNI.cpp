//===- ProductsVNNI.cpp - integer products by vpdpbusd --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Four unsigned by four signed codes per lane and instruction: codes of rows
// are stored as code + 128, whose share of the sum is taken off in advance.
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

Value x86::dotBytes(KernelBuilder &b, const Isa &isa, Value sum, Value lhs,
                    Value rhs) {
  return callIntrinsic(b,
                       isa.lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512"
                                       : "llvm.x86.avx512.vpdpbusd.256",
                       sum.getType(), {sum, lhs, rhs});
}

void x86::fetchNext(KernelBuilder &b, const Isa &isa, Value rhs,
                    const Tile &block, Value kBlock, Value part) {
  int64_t panels = cast<MemRefType>(rhs.getType()).getDimSize(0);
  Value column = b.add(block.column, isa.integerColumns);
  Value panel = arith::RemUIOp::create(
      b, arith::DivUIOp::create(b, column, b.index(32)), b.index(panels));
  int64_t lines = block.count <= 16 ? 4 : 8;
  Value first = b.mul(part, lines), half;
  if (block.count <= 16)
    half = arith::DivUIOp::create(
        b, arith::RemUIOp::create(b, block.column, b.index(32)), b.index(16));
  else
    half = arith::DivUIOp::create(b, first, b.index(16));
  Value quad = arith::RemUIOp::create(b, first, b.index(16));
  Value early =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, part, b.index(4));
  b.ifElse(
      early,
      [&] {
        for (int64_t line = 0; line < lines; ++line)
          memref::PrefetchOp::create(
              b, rhs,
              ValueRange{panel, kBlock, half, b.add(quad, line), b.index(0)},
              /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
      },
      [] {});
}

/// Blocks of K from a load to the fetch of the line that is loaded later.
constexpr int64_t kBlocksAhead = 4;

void x86::fetchAhead(KernelBuilder &b, Value rhs, const Tile &block,
                     Value kBlock, Value quad) {
  int64_t blocksOfK = cast<MemRefType>(rhs.getType()).getDimSize(1);
  // Behind the last block of K are the next columns.
  Value ahead = b.add(kBlock, std::min(kBlocksAhead, blocksOfK));
  Value behind = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, ahead,
                                       b.index(blocksOfK));
  Value column = b.add(
      block.column,
      arith::SelectOp::create(b, behind, b.index(block.count), b.index(0)));
  ahead = arith::SelectOp::create(b, behind, b.sub(ahead, b.index(blocksOfK)),
                                  ahead);
  Value panel = arith::DivUIOp::create(b, column, b.index(32));
  Value half = arith::DivUIOp::create(
      b, arith::RemUIOp::create(b, column, b.index(32)), b.index(16));
  for (int64_t line = 0; 16 * line < block.count; ++line)
    memref::PrefetchOp::create(
        b, rhs,
        ValueRange{b.add(panel, line / 2), ahead,
                   block.count > 16 ? b.index(line % 2) : half, quad,
                   b.index(0)},
        /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

void x86::fetchResults(KernelBuilder &b, ArrayRef<Value> results,
                       const Tile &block, Value kBlock) {
  Value row = b.add(block.row, b.min(kBlock, b.index(block.rows - 1)));
  for (Value result : results) {
    int64_t bits = cast<MemRefType>(result.getType()).getElementTypeBitWidth();
    for (int64_t column = 0; column < block.count; column += 512 / bits)
      memref::PrefetchOp::create(
          b, result, ValueRange{row, b.add(block.column, column)},
          /*isWrite=*/true, /*localityHint=*/3, /*isDataCache=*/true);
  }
}

Accumulators x86::vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs,
                              Value rhs, Value sums, const Tile &block,
                              bool hasOffset, const Fetch &fetch) {
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
    if (fetch.streamed)
      fetchAhead(b, rhs, block, kBlock, quad);
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
               fetchResults(b, fetch.results, block, kBlock);
               if (fetch.part)
                 fetchNext(b, isa, rhs, block, kBlock, fetch.part);
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
