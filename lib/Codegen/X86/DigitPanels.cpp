//===- DigitPanels.cpp - codes in rows as quads of columns ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Digits.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Bytes of a row of codes, and of two of them: a vector.
constexpr int64_t kRowBytes = 32, kVectorBytes = 64;

/// The lower (0) or upper (1) halves of the lanes of 128 bits, `unit` bytes of
/// x and of y in turn.
static Value joinLanes(KernelBuilder &b, Value x, Value y, int64_t unit,
                       int64_t upper) {
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < kVectorBytes; ++i) {
    int64_t lane = i / 16 * 16, at = i % 16 / unit;
    order.push_back((at % 2 ? kVectorBytes : 0) + lane + 8 * upper +
                    at / 2 * unit + i % unit);
  }
  return vector::ShuffleOp::create(b, x, y, order);
}

/// Two rows, or what exists of them, zeros behind.
static Value loadRows(KernelBuilder &b, Value pointer, int64_t bytes) {
  auto type = VectorType::get({kVectorBytes}, b.getI8Type());
  if (bytes <= 0)
    return b.splat(type, 0);
  auto own = VectorType::get({std::min(bytes, kVectorBytes)}, b.getI8Type());
  Value rows = LLVM::LoadOp::create(b, own, pointer, /*alignment=*/1);
  if (own == type)
    return rows;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < kVectorBytes; ++i)
    order.push_back(i < bytes ? i : bytes);
  return vector::ShuffleOp::create(b, rows, b.splat(own, 0), order);
}

SmallVector<Value> x86::loadOctet(KernelBuilder &b, Value pointer,
                                  int64_t count,
                                  function_ref<Value(Value)> change) {
  TileOps tiles(b);
  SmallVector<Value> pairs, quads;
  for (int64_t i = 0; i < 4; ++i)
    pairs.push_back(
        change(loadRows(b, tiles.advance(pointer, b.index(i * kVectorBytes)),
                        count * kRowBytes - i * kVectorBytes)));
  for (int64_t i = 0; i < 4; ++i) {
    Value first = joinLanes(b, pairs[0], pairs[1], 1, i / 2),
          second = joinLanes(b, pairs[2], pairs[3], 1, i / 2);
    quads.push_back(joinLanes(b, first, second, 2, i % 2));
  }
  return quads;
}

void x86::packDigitPanel(KernelBuilder &b, Value pointer, int64_t depth,
                         Value target) {
  TileOps tiles(b);
  constexpr int64_t ofStep = kTileDepth / kDigitOctet;
  auto emit = [&](Value octet, int64_t count) {
    SmallVector<Value> quads = loadOctet(
        b, tiles.advance(pointer, b.mul(octet, kDigitOctet * kRowBytes)), count,
        [](Value rows) { return rows; });
    // Of a step: the tile of the first 16 columns, then the other.
    Value step = arith::DivUIOp::create(b, octet, b.index(ofStep));
    Value row = arith::RemUIOp::create(b, octet, b.index(ofStep));
    Value at = b.add(b.mul(step, kTileStepBytes), b.mul(row, 2 * kTileDepth));
    for (auto [i, vector] : llvm::enumerate(quads))
      for (int64_t lane = 0; lane < 4; ++lane)
        b.store(vector::ExtractStridedSliceOp::create(
                    b, vector, ArrayRef<int64_t>{16 * lane},
                    ArrayRef<int64_t>{16}, ArrayRef<int64_t>{1}),
                target,
                {b.add(at, lane % 2 * kTileBytes + lane / 2 * kTileDepth +
                               16 * int64_t(i))},
                16);
  };
  int64_t whole = depth / kDigitOctet,
          padded = llvm::divideCeil(depth, kTileDepth) * ofStep;
  b.loop(b.index(0), b.index(whole), 1,
         [&](Value octet) { emit(octet, kDigitOctet); });
  for (int64_t octet = whole; octet < padded; ++octet)
    emit(b.index(octet), std::max<int64_t>(0, depth - kDigitOctet * octet));
}
