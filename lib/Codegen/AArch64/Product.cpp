//===- Product.cpp - integer products on AArch64 --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of accumulators over the whole of K, in steps of 16 codes of each
// row, one load. The three forms differ in what an accumulator is: four columns
// of a row (sdot), two columns of two rows (smmla), four partial sums of one
// element (smull, sadalp).
//===----------------------------------------------------------------------===//

#include "Arm.h"
#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::aarch64;
using kernels::ArmDot;
using kernels::callIntrinsic;

VectorType aarch64::i8x16(KernelBuilder &b) {
  return VectorType::get({16}, b.getI8Type());
}
VectorType aarch64::i32x4(KernelBuilder &b) {
  return VectorType::get({4}, b.getI32Type());
}

Value aarch64::loadPair(KernelBuilder &b, Value rhs, Value kBlock, Value group,
                        Value column) {
  Value inPanel = arith::RemUIOp::create(b, column, b.index(32));
  Value byte = b.mul(arith::RemUIOp::create(b, inPanel, b.index(16)), kDepth);
  return b.load(
      rhs,
      {arith::DivUIOp::create(b, column, b.index(32)), kBlock,
       arith::DivUIOp::create(b, inPanel, b.index(16)),
       b.add(b.mul(group, 2), arith::DivUIOp::create(b, byte, b.index(64))),
       arith::RemUIOp::create(b, byte, b.index(64))},
      16, 16);
}

/// A shuffle of two vectors of 16 codes in lanes of `bits`.
static Value shuffle(KernelBuilder &b, Value first, Value second, int64_t bits,
                     ArrayRef<int64_t> mask) {
  auto type = VectorType::get({128 / bits}, b.getIntegerType(bits));
  Value shuffled = vector::ShuffleOp::create(
      b, vector::BitCastOp::create(b, type, first),
      vector::BitCastOp::create(b, type, second), mask);
  return vector::BitCastOp::create(b, i8x16(b), shuffled);
}

Value aarch64::quadsOf(KernelBuilder &b, Value first, Value second,
                       int64_t part) {
  return shuffle(b, first, second, 32, {part, part + 2, part + 4, part + 6});
}

Value aarch64::repeatQuad(KernelBuilder &b, Value codes, int64_t lane) {
  return shuffle(b, codes, codes, 32, {lane, lane, lane, lane});
}

Value aarch64::addPairwise(KernelBuilder &b, Value first, Value second) {
  return callIntrinsic(b, "llvm.aarch64.neon.addp", i32x4(b), {first, second});
}

static Value half(KernelBuilder &b, Value codes, int64_t index) {
  return vector::ExtractStridedSliceOp::create(
      b, codes, ArrayRef<int64_t>{8 * index}, ArrayRef<int64_t>{8},
      ArrayRef<int64_t>{1});
}

/// Eight products, added in pairs: four lanes.
static Value longPairs(KernelBuilder &b, Value first, Value second,
                       int64_t index) {
  Value products = callIntrinsic(
      b, "llvm.aarch64.neon.smull", VectorType::get({8}, b.getI16Type()),
      {half(b, first, index), half(b, second, index)});
  return callIntrinsic(b, "llvm.aarch64.neon.saddlp", i32x4(b), {products});
}

Value aarch64::addDot(KernelBuilder &b, const Isa &isa, Value sum, Value first,
                      Value second) {
  if (isa.arm != ArmDot::Long)
    return callIntrinsic(b, "llvm.aarch64.neon.sdot", i32x4(b),
                         {sum, first, second});
  return b.add(sum, addPairwise(b, longPairs(b, first, second, 0),
                                longPairs(b, first, second, 1)));
}

Value aarch64::addLong(KernelBuilder &b, Value sum, Value first, Value second) {
  for (int64_t i = 0; i < 2; ++i)
    sum = b.add(sum, longPairs(b, first, second, i));
  return sum;
}

namespace {

class Product {
public:
  Product(KernelBuilder &b, const Isa &isa, const Operands &in,
          const Tile &block)
      : b(b), isa(isa), in(in), block(block), vectors(block.vectors(isa)),
        matrix(isa.arm == ArmDot::Matrix && block.rows > 1) {
    assert((!matrix || block.rows % 2 == 0) && "smmla takes pairs of rows");
  }

  Accumulators emit() {
    int64_t blocksOfK = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
    int64_t perSet = isa.arm == ArmDot::Long ? 4 * block.rows * vectors
                                             : block.rows * vectors;
    int64_t sets = kernels::accumulatorSets(perSet, isa.registers());
    SmallVector<Value> initial(sets * perSet, b.splat(i32x4(b), 0));
    SmallVector<Value> sums =
        b.loop(b.index(0), b.index(blocksOfK), 1, initial,
               [&](Value kBlock, ValueRange carried) {
                 b.disableUnrolling();
                 return sets == 1 ? loopOfSteps(kBlock, carried)
                                  : allSteps(kBlock, carried, sets);
               });
    return finish(kernels::sumSets(b, sums, sets));
  }

private:
  Value column(int64_t offset) { return b.add(block.column, offset); }

  static constexpr int64_t kStepsOfBlock = 4;

  /// A loop, as LLVM would load ahead over several steps and spill for it.
  SmallVector<Value> loopOfSteps(Value kBlock, ValueRange carried) {
    return b.loop(b.index(0), b.index(kStepsOfBlock), 1, carried,
                  [&](Value i, ValueRange current) {
                    SmallVector<Value> next(current);
                    step(kBlock, i, next);
                    b.disableUnrolling();
                    return next;
                  });
  }

  /// Sets of sums take turns.
  SmallVector<Value> allSteps(Value kBlock, ValueRange carried, int64_t sets) {
    SmallVector<Value> next(carried);
    int64_t perSet = carried.size() / sets;
    for (int64_t i = 0; i < kStepsOfBlock; ++i)
      step(kBlock, b.index(i),
           MutableArrayRef<Value>(next).slice(i % sets * perSet, perSet));
    return next;
  }

  /// Codes [16 * i, 16 * i + 16) of a K block.
  void step(Value kBlock, Value i, MutableArrayRef<Value> sums) {
    SmallVector<Value> rows;
    for (int64_t row = 0; row < block.rows; ++row)
      rows.push_back(b.load(
          in.lhs,
          {b.add(block.row, row), b.add(b.mul(kBlock, 64), b.mul(i, 16))}, 16,
          16));
    if (isa.arm == ArmDot::Long)
      return stepLong(kBlock, b.mul(i, 2), rows, sums);
    for (int64_t part = 0; part < 2; ++part) {
      Value group = b.add(b.mul(i, 2), part);
      if (matrix)
        stepMatrix(kBlock, group, part, rows, sums);
      else
        stepDot(kBlock, group, part, rows, sums);
    }
  }

  void stepDot(Value kBlock, Value group, int64_t part, ArrayRef<Value> rows,
               MutableArrayRef<Value> sums) {
    for (int64_t v = 0; v < vectors; ++v) {
      Value first = loadPair(b, in.rhs, kBlock, group, column(4 * v));
      Value second = loadPair(b, in.rhs, kBlock, group, column(4 * v + 2));
      for (int64_t quad = 0; quad < 2; ++quad) {
        Value rhs = quadsOf(b, first, second, quad);
        for (int64_t row = 0; row < block.rows; ++row) {
          Value &sum = sums[row * vectors + v];
          sum = addDot(b, isa, sum, rhs,
                       repeatQuad(b, rows[row], 2 * part + quad));
        }
      }
    }
  }

  void stepMatrix(Value kBlock, Value group, int64_t part, ArrayRef<Value> rows,
                  MutableArrayRef<Value> sums) {
    SmallVector<Value> lhs;
    for (int64_t row = 0; row < block.rows; row += 2)
      lhs.push_back(shuffle(b, rows[row], rows[row + 1], 64, {part, part + 2}));
    int64_t pairs = 2 * vectors;
    for (int64_t pair = 0; pair < pairs; ++pair) {
      Value rhs = loadPair(b, in.rhs, kBlock, group, column(2 * pair));
      for (auto [i, codes] : llvm::enumerate(lhs)) {
        Value &sum = sums[i * pairs + pair];
        sum = callIntrinsic(b, "llvm.aarch64.neon.smmla", i32x4(b),
                            {sum, codes, rhs});
      }
    }
  }

  void stepLong(Value kBlock, Value group, ArrayRef<Value> rows,
                MutableArrayRef<Value> sums) {
    for (int64_t pair = 0; pair < 2 * vectors; ++pair) {
      Value halves[2];
      for (int64_t i = 0; i < 2; ++i)
        halves[i] =
            loadPair(b, in.rhs, kBlock, b.add(group, i), column(2 * pair));
      for (int64_t i = 0; i < 2; ++i) {
        Value codes = shuffle(b, halves[0], halves[1], 64, {i, i + 2});
        for (int64_t row = 0; row < block.rows; ++row) {
          Value &sum = sums[row * 4 * vectors + 2 * pair + i];
          sum = addLong(b, sum, rows[row], codes);
        }
      }
    }
  }

  /// Vector v of row i at [i * vectors + v].
  Accumulators finish(Accumulators sums) {
    Accumulators result(block.rows * vectors);
    if (isa.arm == ArmDot::Long) {
      for (size_t i = 0; i < result.size(); ++i)
        result[i] =
            addPairwise(b, addPairwise(b, sums[4 * i], sums[4 * i + 1]),
                        addPairwise(b, sums[4 * i + 2], sums[4 * i + 3]));
      return result;
    }
    if (!matrix)
      return sums;
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t v = 0; v < vectors; ++v) {
        int64_t first = row / 2 * 2 * vectors + 2 * v, low = row % 2 * 2;
        result[row * vectors + v] = vector::ShuffleOp::create(
            b, sums[first], sums[first + 1],
            ArrayRef<int64_t>{low, low + 1, low + 4, low + 5});
      }
    return result;
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const Tile &block;
  int64_t vectors;
  bool matrix;
};

} // namespace

Accumulators aarch64::integerProduct(KernelBuilder &b, const Isa &isa,
                                     const Operands &in, const Tile &block) {
  if (in.groupRows)
    return addGroups(b, isa, in, block);
  return Product(b, isa, in, block).emit();
}
