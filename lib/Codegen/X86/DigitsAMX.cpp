//===- DigitsAMX.cpp - float rows by codes on integer tiles ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Digits: groups of 16 rows, each [digit][K/64][16][64]: tiles in order. The
// last group repeats the last row.
//===----------------------------------------------------------------------===//

#include "DigitsAMX.h"
#include "../Kernels/Instructions.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

constexpr int64_t kDigits = 3, kLanes = 16;
constexpr float kBase = 254, kLargest = 127;
/// Rows of smaller magnitudes are multiplied by a power of two first, so that
/// the inverse is finite.
constexpr float kSmall = 0x1p-60f, kFactor = 0x1p90f;
/// Rows that go through the epilogue at once.
constexpr int64_t kFinishRows = 4;

static int64_t stepsOf(const Operands &in) {
  int64_t depth = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
  return llvm::divideCeil(depth, kTileDepth);
}

/// NaN if an element is not finite.
static Value magnitudeOfRow(KernelBuilder &b, Value lhs, Value row, int64_t k) {
  auto words = VectorType::get({kLanes}, b.getI32Type());
  auto larger = [&](Value column, int64_t count, Value most) -> Value {
    Value bits = arith::BitcastOp::create(
        b, words, b.load(lhs, {row, column}, kLanes, count));
    bits = arith::AndIOp::create(b, bits, b.splat(words, 0x7fffffff));
    return arith::MaxSIOp::create(b, most, bits);
  };
  int64_t whole = k / kLanes * kLanes;
  Value most =
      b.loop(b.index(0), b.index(whole), kLanes, ValueRange{b.splat(words, 0)},
             [&](Value column, ValueRange carried) {
               return SmallVector<Value>{larger(column, kLanes, carried[0])};
             })[0];
  if (whole != k)
    most = larger(b.index(whole), k - whole, most);
  Value bits =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, most);
  Value infinite =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(0x7f800000));
  Value finite =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits, infinite);
  Value magnitude = arith::BitcastOp::create(b, b.getF32Type(), bits);
  return arith::SelectOp::create(
      b, finite, magnitude, b.f32(std::numeric_limits<float>::quiet_NaN()));
}

/// Groups [begin, end) of rows.
static void emitRows(KernelBuilder &b, Value lhs, Value digits, Value ranges,
                     Value begin, Value end) {
  int64_t k = cast<MemRefType>(lhs.getType()).getDimSize(1);
  int64_t steps = llvm::divideCeil(k, kTileDepth);
  auto floats = VectorType::get({kLanes}, b.getF32Type());
  Value last = b.sub(b.dim(lhs, 0), b.index(1));
  b.loop(begin, end, 1, [&](Value group) {
    Value first = b.mul(group, kTileRows);
    b.loop(b.index(0), b.index(kTileRows), 1, [&](Value i) {
      Value row = b.min(b.add(first, i), last);
      Value magnitude = magnitudeOfRow(b, lhs, row, k);
      memref::StoreOp::create(b, magnitude, ranges,
                              ValueRange{b.add(first, i)});
      Value small = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                          magnitude, b.f32(kSmall));
      Value factor =
          arith::SelectOp::create(b, small, b.f32(kFactor), b.f32(1));
      Value inverse = arith::DivFOp::create(
          b, b.f32(kLargest), arith::MulFOp::create(b, magnitude, factor));
      Value some = arith::CmpFOp::create(b, arith::CmpFPredicate::ONE,
                                         magnitude, b.f32(0));
      inverse = arith::SelectOp::create(b, some, inverse, b.f32(0));
      inverse = b.broadcast(inverse, kLanes);
      factor = b.broadcast(factor, kLanes);
      auto emitStep = [&](Value step, int64_t count) {
        SmallVector<Value> words[kDigits];
        for (int64_t v = 0; v < kTileDepth; v += kLanes) {
          Value value = b.splat(floats, 0);
          if (v < count)
            value = b.load(lhs, {row, b.add(b.mul(step, kTileDepth), v)},
                           kLanes, std::min(kLanes, count - v));
          value = arith::MulFOp::create(b, value, factor);
          value = arith::MulFOp::create(b, value, inverse);
          for (auto [digit, own] : llvm::enumerate(words)) {
            own.push_back(roundToWords(b, value));
            if (digit + 1 == kDigits)
              break;
            Value rest = arith::SubFOp::create(
                b, value, arith::SIToFPOp::create(b, floats, own.back()));
            value = arith::MulFOp::create(b, rest, b.splat(floats, kBase));
          }
        }
        Value at = b.add(b.mul(step, kTileBytes), b.mul(i, kTileDepth));
        for (auto [digit, own] : llvm::enumerate(words))
          b.store(packWords(b, own), digits,
                  {group, b.add(at, digit * steps * kTileBytes)}, kTileDepth);
      };
      int64_t whole = k / kTileDepth;
      b.loop(b.index(0), b.index(whole), 1,
             [&](Value step) { emitStep(step, kTileDepth); });
      if (k % kTileDepth)
        emitStep(b.index(whole), k % kTileDepth);
    });
  });
}

void x86::makeDigits(KernelBuilder &b, Operands &views, KernelTable &kernels) {
  int64_t k = cast<MemRefType>(views.lhs.getType()).getDimSize(1);
  Value m = b.dim(views.lhs, 0);
  Value many = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, m,
                                     b.index(kDigitRows));
  Value groups = arith::SelectOp::create(
      b, many, b.ceilDiv(m, b.index(kTileRows)), b.index(0));
  views.digits = memref::AllocOp::create(
      b,
      MemRefType::get(
          {ShapedType::kDynamic, kDigits * stepsOf(views) * kTileBytes},
          b.getI8Type()),
      groups);
  views.digitRanges = memref::AllocOp::create(
      b, MemRefType::get({ShapedType::kDynamic}, b.getF32Type()),
      b.mul(groups, kTileRows));
  SmallVector<Value> captures{views.lhs, views.digits, views.digitRanges};
  func::FuncOp kernel = kernels.get(
      b.getLoc(), "digits_" + std::to_string(k), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        emitRows(inner, arguments[0], arguments[1], arguments[2], begin, end);
      });
  ParallelCallOp::create(b, kernel.getSymName(), groups,
                         b.index(std::max<int64_t>(1, (16 << 10) / k)),
                         captures);
}

Value x86::hasDigits(KernelBuilder &b, const Operands &in) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, b.dim(in.digits, 0),
                               b.index(0));
}

DigitMemory x86::allocateDigits(KernelBuilder &b, const Operands &in) {
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element),
                                    b.getI64IntegerAttr(64));
  };
  return {allocate({stepsOf(in) * kTileStepBytes}, b.getI8Type()),
          allocate({kDigits * kTileBlock, kTileBlock}, b.getI32Type())};
}

/// Four rows of codes become the quads of two tiles, 16 columns each, by
/// instructions that join lanes of 128 bits.
static void packPanel(KernelBuilder &b, Value rhs, Value panel, Value target) {
  int64_t depth = cast<MemRefType>(rhs.getType()).getDimSize(1);
  auto type = VectorType::get({kTileBlock}, b.getI8Type());
  /// The lower (0) or upper (1) halves of the lanes, `unit` bytes of x and of y
  /// in turn.
  auto join = [&](Value x, Value y, int64_t unit, int64_t upper) -> Value {
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < kTileBlock; ++i) {
      int64_t lane = i / 16 * 16, at = i % 16 / unit;
      order.push_back((at % 2 ? kTileBlock : 0) + lane + 8 * upper +
                      at / 2 * unit + i % unit);
    }
    return vector::ShuffleOp::create(b, x, y, order);
  };
  auto emitQuad = [&](Value quad, int64_t count) {
    Value rows[4];
    for (int64_t i = 0; i < 4; ++i)
      rows[i] = i < count
                    ? b.load(rhs, {panel, b.add(b.mul(quad, 4), i), b.index(0)},
                             kTileBlock, kTileBlock)
                    : b.splat(type, 0);
    // Of a step: the tile of the first 16 columns, then the other.
    Value step = arith::DivUIOp::create(b, quad, b.index(kTileRows));
    Value row = arith::RemUIOp::create(b, quad, b.index(kTileRows));
    Value at = b.add(b.mul(step, kTileStepBytes), b.mul(row, kTileDepth));
    for (int64_t i = 0; i < 4; ++i) {
      Value first = join(rows[0], rows[1], 1, i / 2),
            second = join(rows[2], rows[3], 1, i / 2);
      Value columns = join(first, second, 2, i % 2);
      for (int64_t half = 0; half < 2; ++half)
        b.store(vector::ExtractStridedSliceOp::create(
                    b, columns, ArrayRef<int64_t>{16 * half},
                    ArrayRef<int64_t>{16}, ArrayRef<int64_t>{1}),
                target, {b.add(at, half * kTileBytes + 16 * i)}, 16);
    }
  };
  int64_t whole = depth / 4,
          padded = llvm::divideCeil(depth, kTileDepth) * kTileRows;
  b.loop(b.index(0), b.index(whole), 1, [&](Value quad) { emitQuad(quad, 4); });
  for (int64_t quad = whole; quad < padded; ++quad)
    emitQuad(b.index(quad), std::max<int64_t>(0, depth - 4 * quad));
}

namespace {

/// Blocks of rows by one panel.
class Digits {
public:
  Digits(KernelBuilder &b, const Isa &isa, const Operands &in,
         const DigitMemory &memory, bool fetches, FinishBlock finish)
      : b(b), isa(isa), in(in), memory(memory), fetches(fetches),
        finish(finish), tiles(b), steps(stepsOf(in)),
        digits(tiles.pointerTo(in.digits)),
        panel(tiles.pointerTo(memory.panel)),
        sums(tiles.pointerTo(memory.sums)) {}

  void emit(Value row, Value rowEnd, Value column, int64_t count) {
    Value groups = b.ceilDiv(b.sub(rowEnd, row), b.index(kTileRows));
    Value odd = arith::AndIOp::create(b, groups, b.index(1));
    Value pairs = b.mul(b.sub(groups, odd), kTileRows);
    auto block = [&](Value offset, int64_t ofTiles) {
      Value first = b.add(row, offset);
      if (fetches)
        next = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, offset,
                                     b.index(0));
      multiply(first, column, ofTiles);
      finishRows(first, b.min(b.add(first, ofTiles * kTileRows), rowEnd),
                 column, count);
    };
    b.loop(b.index(0), pairs, kTileBlock,
           [&](Value offset) { block(offset, 2); });
    b.loop(pairs, b.mul(groups, kTileRows), kTileRows,
           [&](Value offset) { block(offset, 1); });
  }

private:
  /// A tile of rows: a digit of a group.
  struct RowTile {
    int64_t digit, group;
  };

  /// Four sums at a time, which do not wait for each other.
  void multiply(Value row, Value column, int64_t ofTiles) {
    SmallVector<SmallVector<RowTile>> passes;
    if (ofTiles == 1)
      passes = {{{0, 0}, {1, 0}}, {{2, 0}}};
    else
      for (int64_t digit = 0; digit < kDigits; ++digit)
        passes.push_back({{digit, 0}, {digit, 1}});
    // A block of half the work has no time for more passes over the lines.
    int64_t parts = ofTiles == 1 ? 1 : kDigits;
    for (auto [i, pass] : llvm::enumerate(passes))
      multiplyTiles(row, pass, [&, i = int64_t(i)](Value step) {
        if (i < parts)
          fetchNext(column, step, i, parts);
      });
  }

  /// `ahead` is told of each step.
  void multiplyTiles(Value row, ArrayRef<RowTile> rowTiles,
                     function_ref<void(Value step)> ahead) {
    int64_t digitBytes = steps * kTileBytes;
    Value group = arith::DivUIOp::create(b, row, b.index(kTileRows));
    Value lhs = tiles.advance(digits, b.mul(group, kDigits * digitBytes));
    Value stride = tiles.i64(kTileDepth);
    SmallVector<Value> zeros;
    for (size_t i = 0; i < 2 * rowTiles.size(); ++i)
      zeros.push_back(tiles.zero());
    SmallVector<Value> products = b.loop(
        b.index(0), b.index(steps), 1, zeros,
        [&](Value step, ValueRange carried) {
          b.disableUnrolling();
          SmallVector<Value> next(carried), weights;
          for (int64_t half = 0; half < 2; ++half)
            weights.push_back(tiles.load(
                tiles.advance(panel, b.add(b.mul(step, kTileStepBytes),
                                           half * kTileBytes)),
                stride, /*streamed=*/false));
          for (auto [i, tile] : llvm::enumerate(rowTiles)) {
            int64_t at = (tile.group * kDigits + tile.digit) * digitBytes;
            Value rows = tiles.load(
                tiles.advance(lhs, b.add(b.mul(step, kTileBytes), at)), stride,
                /*streamed=*/true);
            for (int64_t half = 0; half < 2; ++half)
              next[2 * i + half] =
                  tiles.dot(next[2 * i + half], rows, weights[half]);
          }
          ahead(step);
          return next;
        });
    for (auto [i, tile] : llvm::enumerate(rowTiles))
      tiles.storeBlock(
          ArrayRef(products).slice(2 * i, 2),
          {b.index(tile.digit * kTileBlock + tile.group * kTileRows)},
          b.index(0), sums);
  }

  /// Asks for a step of the panel behind, part `part` of its lines.
  void fetchNext(Value column, Value step, int64_t part, int64_t parts) {
    if (!fetches)
      return;
    auto type = cast<MemRefType>(in.rhs.getType());
    int64_t panels = type.getDimSize(0), depth = type.getDimSize(1);
    b.ifElse(
        next,
        [&] {
          Value panel =
              b.add(arith::DivUIOp::create(b, column, b.index(kTileBlock)), 1);
          panel = b.min(panel, b.index(panels - 1));
          Value k = b.mul(step, kTileDepth);
          for (int64_t i = 2 * part; i < kTileDepth; i += 2 * parts)
            memref::PrefetchOp::create(
                b, in.rhs,
                ValueRange{panel, b.min(b.add(k, i), b.index(depth - 1)),
                           b.index(0)},
                /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
        },
        [] {});
  }

  void finishRows(Value first, Value end, Value column, int64_t count) {
    auto rows = [&](Value row, int64_t number) {
      Tile block{row, column, number, count};
      Value at = b.sub(row, first);
      Accumulators values;
      auto floats = VectorType::get({isa.lanes}, b.getF32Type());
      for (int64_t i = 0; i < number; ++i) {
        Value magnitude =
            b.broadcast(memref::LoadOp::create(b, in.digitRanges,
                                               ValueRange{b.add(row, i)}),
                        isa.lanes);
        for (int64_t v = 0; v < block.vectors(isa); ++v) {
          Value value = b.splat(floats, 0);
          for (int64_t digit = kDigits; digit-- > 0;) {
            Value own = arith::SIToFPOp::create(
                b, floats,
                b.load(memory.sums,
                       {b.add(b.add(at, i), digit * kTileBlock),
                        b.index(v * isa.lanes)},
                       isa.lanes, isa.lanes));
            double weight = 1 / (kLargest * std::pow(double(kBase), digit));
            value =
                vector::FMAOp::create(b, own, b.splat(floats, weight), value);
          }
          values.push_back(arith::MulFOp::create(b, value, magnitude));
        }
      }
      finish(block, values, {});
    };
    Value whole = b.sub(end, arith::RemUIOp::create(b, b.sub(end, first),
                                                    b.index(kFinishRows)));
    b.loop(first, whole, kFinishRows,
           [&](Value row) { rows(row, kFinishRows); });
    b.loop(whole, end, 1, [&](Value row) { rows(row, 1); });
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const DigitMemory &memory;
  bool fetches;
  FinishBlock finish;
  TileOps tiles;
  int64_t steps;
  Value digits, panel, sums;
  /// Whether the block at hand asks for the next panel.
  Value next;
};

} // namespace

void x86::emitDigits(KernelBuilder &b, const Isa &isa, const Operands &in,
                     const DigitMemory &memory, Value row, Value rowEnd,
                     Value column, int64_t count, bool fetches,
                     FinishBlock finish) {
  packPanel(b, in.rhs, arith::DivUIOp::create(b, column, b.index(kTileBlock)),
            memory.panel);
  Digits(b, isa, in, memory, fetches, finish).emit(row, rowEnd, column, count);
}
