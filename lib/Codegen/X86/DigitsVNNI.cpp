//===- DigitsVNNI.cpp - digits of few rows by vpdpbusd --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes are the unsigned operand, as code + 128: what that adds to a sum is 128
// times the sum of the digits, which is known from the row.
//===----------------------------------------------------------------------===//

#include "Digits.h"
#include "Dot.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Rows whose sums have registers.
constexpr int64_t kBlockRows = 2;
/// Vectors of quads of eight rows of codes.
constexpr int64_t kQuadVectors = 4;
/// Bytes of eight rows, and from a load to the fetch of what is loaded later.
constexpr int64_t kOctetBytes = 256, kAheadBytes = 128 << 10;

namespace {

class FewDigits {
public:
  FewDigits(KernelBuilder &b, const Isa &isa, const Operands &in, bool fetches)
      : b(b), isa(isa), in(in), fetches(fetches), tiles(b),
        steps(digitSteps(in)),
        depth(cast<MemRefType>(in.rhs.getType()).getDimSize(1)),
        words(VectorType::get({isa.lanes}, b.getI32Type())),
        codes(VectorType::get({4 * isa.lanes}, b.getI8Type())),
        digits(tiles.pointerTo(in.digits)), weights(tiles.pointerTo(in.rhs)) {}

  /// f32 sums of a block of at most two vectors.
  Accumulators emit(const Tile &block) {
    Value panel = arith::DivUIOp::create(b, block.column, b.index(kTileBlock));
    Value own = tiles.advance(weights, b.mul(panel, depth * kTileBlock));
    SmallVector<Value> sums(block.rows * kDigits * kQuadVectors,
                            b.splat(words, 0));
    int64_t whole = depth / kDigitOctet;
    sums = b.loop(b.index(0), b.index(whole), 1, sums,
                  [&](Value octet, ValueRange carried) {
                    b.disableUnrolling();
                    if (fetches)
                      fetchAhead(panel, octet);
                    return add(own, octet, kDigitOctet, block, carried);
                  });
    if (int64_t rest = depth % kDigitOctet)
      sums = add(own, b.index(whole), rest, block, sums);
    return finish(block, sums);
  }

private:
  /// `carried` plus the products of `count` rows of codes.
  SmallVector<Value> add(Value panel, Value octet, int64_t count,
                         const Tile &block, ValueRange carried) {
    SmallVector<Value> next(carried);
    SmallVector<Value> quads =
        loadOctet(b, tiles.advance(panel, b.mul(octet, kOctetBytes)), count,
                  [&](Value rows) -> Value {
                    return arith::XOrIOp::create(b, rows, b.splat(codes, -128));
                  });
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t digit = 0; digit < kDigits; ++digit) {
        Value own = loadDigits(b.add(block.row, i), digit, octet);
        for (int64_t v = 0; v < kQuadVectors; ++v) {
          Value &sum = next[(i * kDigits + digit) * kQuadVectors + v];
          sum = dotBytes(b, isa, sum, quads[v], own);
        }
      }
    return next;
  }

  /// The quad of even elements in the lower half of a vector, that of odd ones
  /// in the upper.
  Value loadDigits(Value row, int64_t digit, Value octet) {
    Value at = b.add(b.mul(row, kDigits), digit);
    at = b.add(b.mul(at, steps * kTileDepth), b.mul(octet, kDigitOctet));
    Value both = LLVM::LoadOp::create(b, VectorType::get({2}, b.getI32Type()),
                                      tiles.advance(digits, at),
                                      /*alignment=*/8);
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < isa.lanes; ++lane)
      lanes.push_back(2 * lane / isa.lanes);
    return vector::BitCastOp::create(
        b, codes, vector::ShuffleOp::create(b, both, both, lanes));
  }

  /// Into L2: a panel is a single stream, and the buffers in front of L1 hold
  /// fewer lines than are on their way from memory. Panels follow each other.
  void fetchAhead(Value panel, Value octet) {
    int64_t panels = cast<MemRefType>(in.rhs.getType()).getDimSize(0);
    Value row = b.add(b.mul(panel, depth), b.mul(octet, kDigitOctet));
    row = b.min(b.add(row, kAheadBytes / kTileBlock),
                b.index(panels * depth - kDigitOctet));
    for (int64_t i = 0; i < kDigitOctet; i += 2)
      memref::PrefetchOp::create(
          b, in.rhs, ValueRange{b.index(0), b.add(row, i), b.index(0)},
          /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }

  Accumulators finish(const Tile &block, ArrayRef<Value> sums) {
    Accumulators results;
    for (int64_t i = 0; i < block.rows; ++i) {
      Value row = b.add(block.row, i);
      auto number = [&](int64_t column) {
        return b.broadcast(
            memref::LoadOp::create(b, in.digitRanges,
                                   ValueRange{row, b.index(column)}),
            isa.lanes);
      };
      SmallVector<Value> columns[2];
      for (int64_t digit = 0; digit < kDigits; ++digit) {
        Value offset = arith::FPToSIOp::create(b, words, number(1 + digit));
        SmallVector<Value> ordered = orderColumns(
            sums.slice((i * kDigits + digit) * kQuadVectors, kQuadVectors));
        for (int64_t half = 0; half < 2; ++half)
          columns[half].push_back(b.sub(ordered[half], offset));
      }
      for (int64_t v = 0; v < block.vectors(isa); ++v)
        results.push_back(joinDigits(b, columns[v], number(0)));
    }
    return results;
  }

  /// Sums over both halves, of columns 0 to 15 and of 16 to 31.
  SmallVector<Value> orderColumns(ArrayRef<Value> sums) {
    SmallVector<int64_t> swapped, lanes, lower, upper;
    for (int64_t i = 0; i < 16; ++i) {
      swapped.push_back(i ^ 8);
      // Lane 0 of both, then lane 1.
      lanes.push_back(i / 8 * 4 + i / 4 % 2 * 16 + i % 4);
      lower.push_back(i / 8 * 16 + i % 8);
      upper.push_back(i / 8 * 16 + 8 + i % 8);
    }
    SmallVector<Value> both, pairs;
    for (Value sum : sums)
      both.push_back(
          b.add(sum, vector::ShuffleOp::create(b, sum, sum, swapped)));
    for (int64_t i = 0; i < kQuadVectors; i += 2)
      pairs.push_back(
          vector::ShuffleOp::create(b, both[i], both[i + 1], lanes));
    return {vector::ShuffleOp::create(b, pairs[0], pairs[1], lower),
            vector::ShuffleOp::create(b, pairs[0], pairs[1], upper)};
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  bool fetches;
  TileOps tiles;
  int64_t steps, depth;
  VectorType words, codes;
  Value digits, weights;
};

} // namespace

void x86::emitFewDigits(KernelBuilder &b, const Isa &isa, const Operands &in,
                        Value row, Value rowEnd, Value column, int64_t count,
                        bool fetches, FinishBlock finish) {
  FewDigits product(b, isa, in, fetches);
  b.rowBlocks(row, rowEnd, kBlockRows, [&](Value first, int64_t rows) {
    Tile block{first, column, rows, count};
    finish(block, product.emit(block), {});
  });
}
