//===- ProductsAMX.cpp - integer products on AMX tiles --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 32 x 32 sums is 2 x 2 tiles, which stay in registers over the
// whole of K: four loads feed four products. Tiles reach the vector epilogue
// through memory, as there is no other way. Fewer than 16 rows cannot fill a
// tile; they are multiplied by vectors. Any larger number is covered by whole
// tiles that overlap: the rows of the overlap are computed twice, and finished
// once, since an epilogue may read what it overwrites.
//===----------------------------------------------------------------------===//

#include "AMX.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

/// Bytes of a tile, and of the two tiles that are a k step of a panel.
constexpr int64_t kTileBytes = 1024, kStepBytes = 2 * kTileBytes;
/// Bytes of weights that stay in the L2 cache while the rows pass.
constexpr int64_t kChunkBytes = 768 << 10;
/// Rows that go through the epilogue at once.
constexpr int64_t kFinishRows = 8;

namespace {

class TiledProduct {
public:
  TiledProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
               int64_t columns, Value m, FinishBlock finish)
      : b(b), isa(isa), in(in), columns(columns), m(m), finish(finish),
        rhsType(cast<MemRefType>(in.rhs.getType())),
        tileType(LLVM::LLVMX86AMXType::get(b.getContext())),
        tileRows(b.create<arith::ConstantOp>(b.getI16IntegerAttr(16))),
        tileWidth(b.create<arith::ConstantOp>(b.getI16IntegerAttr(64))) {
    // Rows of 32 sums.
    scratch = allocate(b.getI32Type());
    if (in.groupRows)
      groupSums = allocate(b.getF32Type());
    scratchPointer = pointerTo(scratch);
    rhsPointer = pointerTo(in.rhs);
    lhsPointer = pointerTo(in.lhs, &lhsStride);
  }

  void emitTasks(Value begin, Value end) {
    Value few =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, m, b.index(16));
    b.ifElse(
        few,
        [&] {
          b.loop(begin, end, 1, [&](Value task) { emitVectorTask(task); });
        },
        [&] {
          Value rowBlocks = b.ceilDiv(m, b.index(kTileTaskRows));
          b.loop(begin, end, 1,
                 [&](Value task) { emitTileTask(task, rowBlocks); });
        });
  }

private:
  int64_t panels() const { return rhsType.getDimSize(0); }
  int64_t stepsOfK() const { return rhsType.getDimSize(1); }
  int64_t groups() const {
    return llvm::divideCeil(columns, isa.integerColumns);
  }

  /// All rows, by the columns of a task.
  void emitVectorTask(Value group) {
    int64_t width = isa.integerColumns, whole = columns / width;
    auto cover = [&](Value column, int64_t count) {
      auto emit = [&](Value row, int64_t rows) {
        Tile block{row, column, rows, count};
        finish(block, in.groupRows
                          ? groupedProduct(b, isa, in, Value(), block,
                                           /*hasOffset=*/false)
                          : vnniProduct(b, isa, in.lhs, in.rhs, in.sums, block,
                                        /*hasOffset=*/false));
      };
      // Blocks of 4, 2 and 1 rows: each size is code of its own, and so few
      // rows wait for the weights anyway.
      Value bits[3];
      for (int64_t i : {0, 1, 2})
        bits[i] = arith::AndIOp::create(b, m, b.index(~int64_t(0) << i));
      b.loop(b.index(0), bits[2], 4, [&](Value row) { emit(row, 4); });
      b.loop(bits[2], bits[1], 2, [&](Value row) { emit(row, 2); });
      b.loop(bits[1], bits[0], 1, [&](Value row) { emit(row, 1); });
    };
    choose(
        group, whole, groups(), [&] { cover(b.mul(group, width), width); },
        [&] { cover(b.index(whole * width), columns - whole * width); });
  }

  /// `inner` for i < limit, `last` for limit <= i < end, where both can be.
  void choose(Value i, int64_t limit, int64_t end, function_ref<void()> inner,
              function_ref<void()> last) {
    if (limit == end)
      return inner();
    if (limit == 0)
      return last();
    Value condition =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, i, b.index(limit));
    b.ifElse(condition, inner, last);
  }

  /// Tasks walk through a chunk of the weights for one block of rows after the
  /// other, then through the next chunk: a chunk stays in L2, the rows in L1.
  void emitTileTask(Value task, Value rowBlocks) {
    int64_t width = isa.integerColumns;
    int64_t chunk =
        std::max<int64_t>(1, kChunkBytes / (width * 64 * stepsOfK()));
    Value groupsOfChunk = b.index(std::min(chunk, groups()));
    Value firstGroup = b.index(0), rest = task;
    if (chunk < groups()) {
      Value perChunk = b.mul(rowBlocks, chunk);
      Value index = arith::DivUIOp::create(b, task, perChunk);
      rest = b.sub(task, b.mul(index, perChunk));
      firstGroup = b.mul(index, chunk);
      groupsOfChunk =
          b.min(groupsOfChunk, b.sub(b.index(groups()), firstGroup));
    }
    Value rowBlock = arith::DivUIOp::create(b, rest, groupsOfChunk);
    Value group =
        b.add(firstGroup, b.sub(rest, b.mul(rowBlock, groupsOfChunk)));
    Value row = b.mul(rowBlock, kTileTaskRows);
    Value rowEnd = b.min(b.add(row, kTileTaskRows), m);
    Value panel = b.mul(group, width / 32);
    Value panelEnd = b.add(panel, width / 32);
    if (panels() % (width / 32))
      panelEnd = b.min(panelEnd, b.index(panels()));
    b.loop(panel, panelEnd, 1,
           [&](Value current) { emitBlock(row, rowEnd, current); });
  }

  /// 17 to 32 rows by two tiles, fewer by one; both end within m rows.
  void emitBlock(Value row, Value rowEnd, Value panel) {
    // The row that the first row of scratch belongs to: with two tiles row <=
    // lastTile, so that base is row.
    Value lastTile = b.sub(m, b.index(16)), base = b.min(row, lastTile);
    Value two = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt,
                                      b.sub(rowEnd, row), b.index(16));
    auto multiplySteps = [&](Value begin, Value end) {
      b.ifElse(
          two,
          [&] {
            multiply({row, b.min(b.add(row, 16), lastTile)}, row, panel, begin,
                     end);
          },
          [&] { multiply({base}, base, panel, begin, end); });
    };
    auto forRows = [&](function_ref<void(const Tile &, Value)> body) {
      Value column = b.mul(panel, 32);
      auto cover = [&](int64_t count) {
        Value rows = b.sub(rowEnd, row);
        Value rest = arith::RemUIOp::create(b, rows, b.index(kFinishRows));
        Value middle = b.sub(rowEnd, rest);
        auto step = [&](Value first, int64_t rows) {
          body(Tile{first, column, rows, count}, b.sub(first, base));
        };
        b.loop(row, middle, kFinishRows,
               [&](Value first) { step(first, kFinishRows); });
        b.loop(middle, rowEnd, 1, [&](Value first) { step(first, 1); });
      };
      choose(
          panel, columns / 32, panels(), [&] { cover(32); },
          [&] { cover(columns % 32); });
    };

    if (!in.groupRows) {
      multiplySteps(b.index(0), b.index(stepsOfK()));
      return forRows([&](const Tile &block, Value first) {
        finish(block, loadSums(scratch, first, block));
      });
    }
    Value zero = b.splat(VectorType::get({isa.lanes}, b.getF32Type()), 0);
    b.loop(b.index(0), b.index(kTileTaskRows), 1, [&](Value i) {
      for (int64_t column = 0; column < 32; column += isa.lanes)
        b.store(zero, groupSums, {i, b.index(column)}, isa.lanes);
    });
    int64_t steps = in.groupRows / kTileDepth;
    int64_t groups = cast<MemRefType>(in.rhsScale.getType()).getDimSize(0);
    b.loop(b.index(0), b.index(groups), 1, [&](Value group) {
      Value begin = b.mul(group, steps);
      multiplySteps(begin, b.min(b.add(begin, steps), b.index(stepsOfK())));
      forRows([&](const Tile &block, Value first) {
        storeSums(addGroup(b, isa, in, group, block,
                           loadSums(scratch, first, block),
                           loadSums(groupSums, first, block)),
                  first, block);
      });
    });
    forRows([&](const Tile &block, Value first) {
      finish(block, loadSums(groupSums, first, block));
    });
  }

  /// Sums of 16 rows from each of `rows` on to scratch, whose first row is
  /// `base`, over k steps [begin, end).
  void multiply(ArrayRef<Value> rows, Value base, Value panel, Value begin,
                Value end) {
    Value rhs = advance(rhsPointer, b.mul(panel, stepsOfK() * kStepBytes));
    SmallVector<Value> lhs;
    for (Value row : rows)
      lhs.push_back(advance(lhsPointer, b.mul(row, lhsStride)));
    Value rhsStride = b.create<arith::ConstantOp>(b.getI64IntegerAttr(64));
    Value lhsStride64 = toI64(lhsStride);

    SmallVector<Value> zeros;
    for (size_t i = 0; i < 2 * rows.size(); ++i)
      zeros.push_back(
          call("llvm.x86.tilezero.internal", tileType, {tileRows, tileWidth}));
    SmallVector<Value> sums =
        b.loop(begin, end, 1, zeros, [&](Value step, ValueRange carried) {
          SmallVector<Value> next(carried), rhsTiles;
          Value rhsStep = advance(rhs, b.mul(step, kStepBytes));
          for (int64_t half = 0; half < 2; ++half)
            rhsTiles.push_back(
                load("llvm.x86.tileloaddt164.internal",
                     advance(rhsStep, b.index(half * kTileBytes)), rhsStride));
          for (auto [i, row] : llvm::enumerate(lhs)) {
            Value lhsTile = load("llvm.x86.tileloadd64.internal",
                                 advance(row, b.mul(step, 64)), lhsStride64);
            for (int64_t half = 0; half < 2; ++half) {
              Value &sum = next[2 * i + half];
              sum = call("llvm.x86.tdpbssd.internal", tileType,
                         {tileRows, tileWidth, tileWidth, sum, lhsTile,
                          rhsTiles[half]});
            }
          }
          return next;
        });

    constexpr int64_t rowBytes = 32 * 4;
    Value rowStride =
        b.create<arith::ConstantOp>(b.getI64IntegerAttr(rowBytes));
    for (auto [i, row] : llvm::enumerate(rows)) {
      Value target = advance(scratchPointer, b.mul(b.sub(row, base), rowBytes));
      for (int64_t half = 0; half < 2; ++half)
        LLVM::CallIntrinsicOp::create(
            b, b.getStringAttr("llvm.x86.tilestored64.internal"),
            {tileRows, tileWidth, advance(target, b.index(64 * half)),
             rowStride, sums[2 * i + half]});
    }
  }

  Accumulators loadSums(Value from, Value row, const Tile &block) {
    Accumulators sums;
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t v = 0; v < block.vectors(isa); ++v)
        sums.push_back(b.load(from, {b.add(row, i), b.index(v * isa.lanes)},
                              isa.lanes, isa.lanes));
    return sums;
  }
  void storeSums(ArrayRef<Value> sums, Value row, const Tile &block) {
    int64_t vectors = block.vectors(isa);
    for (auto [i, sum] : llvm::enumerate(sums))
      b.store(sum, groupSums,
              {b.add(row, i / vectors), b.index(i % vectors * isa.lanes)},
              isa.lanes);
  }
  Value allocate(Type element) {
    return memref::AllocaOp::create(
        b, MemRefType::get({kTileTaskRows, 32}, element),
        b.getI64IntegerAttr(64));
  }

  /// The first element, and the distance of rows: elements are bytes, or the
  /// layout is trivial.
  Value pointerTo(Value memref, Value *rowStride = nullptr) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
    if (rowStride)
      *rowStride = metadata.getStrides()[0];
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
    Value pointer = LLVM::IntToPtrOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), toI64(address));
    return advance(pointer, metadata.getOffset());
  }
  Value advance(Value pointer, Value bytes) {
    return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                               ValueRange{toI64(bytes)});
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(b, b.getI64Type(), index);
  }
  Value load(StringRef intrinsic, Value pointer, Value stride) {
    return call(intrinsic, tileType, {tileRows, tileWidth, pointer, stride});
  }
  Value call(StringRef intrinsic, Type result, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(intrinsic),
                                         operands)
        .getResult(0);
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  int64_t columns;
  Value m;
  FinishBlock finish;
  MemRefType rhsType;
  Type tileType;
  Value tileRows, tileWidth, scratch, groupSums;
  Value lhsPointer, lhsStride, rhsPointer, scratchPointer;
};

} // namespace

void x86::emitTiledTasks(KernelBuilder &b, const Isa &isa,
                         const Operands &operands, int64_t columns, Value m,
                         Value begin, Value end, FinishBlock finish) {
  TiledProduct(b, isa, operands, columns, m, finish).emitTasks(begin, end);
}
