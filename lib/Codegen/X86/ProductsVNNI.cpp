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

/// Bytes of weights that a single row asks for ahead at most, and bytes that
/// stay in L2 between runs, so that there is nothing to ask for.
constexpr int64_t kAheadBytes = 128 << 10, kNearBytes = 1 << 20;

/// Asks for one block of K as far ahead as the next block of columns, or as
/// kAheadBytes: a row alone waits for every line of its weights.
static void fetchFarAhead(KernelBuilder &b, Value rhs, const Tile &block,
                          Value kBlock) {
  ArrayRef<int64_t> shape = cast<MemRefType>(rhs.getType()).getShape();
  int64_t panels = llvm::divideCeil(block.count, 32), blocksOfK = shape[1];
  int64_t ahead = std::min(panels * blocksOfK, kAheadBytes / 2048);
  for (int64_t panel = 0; panel < panels; ++panel) {
    Value first = arith::DivUIOp::create(b, block.column, b.index(32));
    Value at = b.add(b.mul(b.add(first, panel), blocksOfK), kBlock);
    at = b.min(b.add(at, ahead), b.index(shape[0] * blocksOfK - 1));
    Value ofPanel = arith::DivUIOp::create(b, at, b.index(blocksOfK));
    Value ofBlock = arith::RemUIOp::create(b, at, b.index(blocksOfK));
    for (int64_t line = 0; line < 32; ++line)
      memref::PrefetchOp::create(
          b, rhs,
          ValueRange{ofPanel, ofBlock, b.index(line / 16), b.index(line % 16),
                     b.index(0)},
          /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }
}

/// Blocks of K from a load to the fetch of the line that is loaded later: about
/// 100 ns of work.
constexpr int64_t kBlocksAhead = 2;

void x86::fetchAhead(KernelBuilder &b, Value rhs, const Tile &block,
                     Value kBlock, Value quad) {
  Value panel = arith::DivUIOp::create(b, block.column, b.index(32));
  Value half = arith::DivUIOp::create(
      b, arith::RemUIOp::create(b, block.column, b.index(32)), b.index(16));
  for (int64_t line = 0; line < llvm::divideCeil(block.count, 16); ++line)
    memref::PrefetchOp::create(
        b, rhs,
        ValueRange{b.add(panel, line / 2), b.add(kBlock, kBlocksAhead),
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
    // A single row has asked for all of them already.
    if (fetch.streamed && block.rows > 1)
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
  SmallVector<Value> result = b.loop(
      b.index(0), b.index(blocksOfK), 1, initial,
      [&](Value kBlock, ValueRange outer) {
        fetchResults(b, fetch.results, block, kBlock);
        if (fetch.part)
          fetchNext(b, isa, rhs, block, kBlock, fetch.part);
        else if (block.rows == 1 && block.count >= 32 &&
                 cast<MemRefType>(rhs.getType()).getNumElements() > kNearBytes)
          fetchFarAhead(b, rhs, block, kBlock);
        if (unroll == 16)
          return quads(kBlock, b.index(0), outer);
        return b.loop(b.index(0), b.index(16), unroll, outer,
                      [&](Value quad, ValueRange carried) {
                        SmallVector<Value> next = quads(kBlock, quad, carried);
                        b.disableUnrolling();
                        return next;
                      });
      });
  return sumSets(b, result, sets);
}
