//===- TileOps.cpp - tile instructions and the blocking for them ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "AMX.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Bytes of a block's rows that stay in L1 beside what streams through it.
constexpr int64_t kResidentBytes = 32 << 10;
/// Bytes of rows that stay in L2 beside weights and results.
constexpr int64_t kRowsBytes = 1 << 20;
/// More rows than that make a panel's way into L2 no cheaper.
constexpr int64_t kMostRows = 256;
/// Bytes of weights that stay in L2 while the rows pass; if they have to be
/// fetched, there is room for those of now and of next.
constexpr int64_t kChunkBytes = 768 << 10, kFetchedChunkBytes = 384 << 10;
/// Bytes between rows that leave them half of the sets of L1 or less.
constexpr int64_t kConflict = 2048;
/// Columns that are worth a copy of the rows.
constexpr int64_t kCopyColumns = 1024;
/// A product as large as this finds its weights in L2.
constexpr int64_t kNearBytes = 1 << 20;
/// One as large as this finds none of them there.
constexpr int64_t kOutsideBytes = 4 << 20;

TilePlan::TilePlan(int64_t steps, int64_t rowBytes, int64_t n)
    : n(n), panels(llvm::divideCeil(n, kTileBlock)), steps(steps) {
  int64_t panelBytes = steps * kTileStepBytes;
  resident = panelBytes <= kResidentBytes;
  maxRows = std::clamp<int64_t>(kRowsBytes / (steps * kTileDepth), kTileBlock,
                                kMostRows) /
            kTileBlock * kTileBlock;
  prefetch = panels * panelBytes > kNearBytes;
  prefetchesForFew = panels * panelBytes > kOutsideBytes;
  copiesRows = !resident && rowBytes % kConflict == 0 && n >= kCopyColumns;
  int64_t chunkBytes = prefetch || !resident ? kFetchedChunkBytes : kChunkBytes;
  chunkPanels = std::clamp<int64_t>(chunkBytes / panelBytes, 1, panels);
  // Few rows at a time, as many as share what they load of columns at most, and
  // a few steps at the end that have none. The first step stores the sums.
  constexpr int64_t rowsAtOnce = 8;
  int64_t free = steps - 1;
  finishRows =
      free ? llvm::alignTo(llvm::divideCeil(kTileBlock, free), rowsAtOnce)
           : kTileBlock;
  finishSteps = free / finishTimes();
}

void x86::emitTileCopy(KernelBuilder &b, Value rows, Value tiles, Value begin,
                       Value end) {
  Value last = b.sub(b.dim(rows, 0), b.index(1));
  auto type = cast<MemRefType>(tiles.getType());
  int64_t k = type.getDimSize(1);
  int64_t depth = kTileDepth * 8 / type.getElementTypeBitWidth();
  b.loop(begin, end, 1, [&](Value group) {
    Value first = b.mul(group, kTileRows);
    b.loop(b.index(0), b.index(k), depth, [&](Value column) {
      b.disableUnrolling();
      // As if they were rows: [step][row][64 bytes] within the group.
      Value at = b.mul(column, kTileRows);
      for (int64_t i = 0; i < kTileRows; ++i) {
        Value row =
            b.load(rows, {b.min(b.add(first, i), last), column}, depth, depth);
        b.store(row, tiles, {first, b.add(at, i * depth)}, depth);
      }
    });
  });
}

TileOps::TileOps(KernelBuilder &b)
    : b(b), tileType(LLVM::LLVMX86AMXType::get(b.getContext())),
      rows(b.create<arith::ConstantOp>(b.getI16IntegerAttr(kTileRows))),
      width(b.create<arith::ConstantOp>(b.getI16IntegerAttr(64))) {}

Value TileOps::zero() {
  return call("llvm.x86.tilezero.internal", {rows, width});
}

Value TileOps::load(Value pointer, Value stride, bool streamed) {
  return call(streamed ? "llvm.x86.tileloaddt164.internal"
                       : "llvm.x86.tileloadd64.internal",
              {rows, width, pointer, stride});
}

void TileOps::store(Value tile, Value pointer, Value stride) {
  LLVM::CallIntrinsicOp::create(
      b, b.getStringAttr("llvm.x86.tilestored64.internal"),
      {rows, width, pointer, stride, tile});
}

Value TileOps::dot(Value sums, Value lhs, Value rhs) {
  return call("llvm.x86.tdpbssd.internal",
              {rows, width, width, sums, lhs, rhs});
}

Value TileOps::dotHalf(Value sums, Value lhs, Value rhs) {
  return call("llvm.x86.tdpbf16ps.internal",
              {rows, width, width, sums, lhs, rhs});
}

void TileOps::storeBlock(ArrayRef<Value> sums, ArrayRef<Value> starts,
                         Value base, Value target) {
  constexpr int64_t rowBytes = 4 * kTileBlock;
  Value stride = i64(rowBytes);
  for (auto [i, row] : llvm::enumerate(starts)) {
    Value to = advance(target, b.mul(b.sub(row, base), rowBytes));
    for (int64_t half = 0; half < 2; ++half)
      store(sums[2 * i + half], advance(to, b.index(64 * half)), stride);
  }
}

Value TileOps::call(StringRef intrinsic, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, tileType, b.getStringAttr(intrinsic),
                                       operands)
      .getResult(0);
}

Value TileOps::pointerTo(Value memref, Value *rowStride) {
  int64_t bytes =
      cast<MemRefType>(memref.getType()).getElementTypeBitWidth() / 8;
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  if (rowStride)
    *rowStride = b.mul(metadata.getStrides()[0], bytes);
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  Value pointer = LLVM::IntToPtrOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext()), toI64(address));
  return advance(pointer, b.mul(metadata.getOffset(), bytes));
}

Value TileOps::advance(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                             ValueRange{toI64(bytes)});
}

Value TileOps::i64(int64_t value) {
  return b.create<arith::ConstantOp>(b.getI64IntegerAttr(value));
}

Value TileOps::toI64(Value index) {
  return arith::IndexCastOp::create(b, b.getI64Type(), index);
}
