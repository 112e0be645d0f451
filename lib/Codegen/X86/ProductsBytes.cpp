//===- ProductsBytes.cpp - exact products of bytes without VNNI -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// vpmaddubsw multiplies unsigned by signed bytes and adds the products of a
// pair, saturated to 16 bits. With weights + 128 as its unsigned operand a pair
// of codes of the row saturates only if it adds up to more than 128, up or
// down. Such pairs are rare. A kernel in front of the product splits each row:
// into near codes, whose pairs are all within bounds, and what is left of the
// others, the far codes, a list of quads. The sums of a block begin with its
// far codes, and with -128 times the sum of the row for the offset of the
// weights. Modulo 2^32 all of it is exact, whatever the codes are.
//===----------------------------------------------------------------------===//

#include "Bytes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Sums of pairs up to this are within bounds: 255 * 128 < 2^15.
constexpr int64_t kNear = 128;

/// Far quads of a row that are kept. A row with more of them is multiplied in
/// words, which then is as fast.
static int64_t mostFar(int64_t depth) { return depth / 16; }

Value x86::multiplyBytes(KernelBuilder &b, Value left, Value right) {
  return callIntrinsic(b, "llvm.x86.avx2.pmadd.ub.sw",
                       VectorType::get({16}, b.getI16Type()), {left, right});
}

Value x86::addWords(KernelBuilder &b, Value sum, Value words) {
  Value ones = b.splat(cast<VectorType>(words.getType()), 1);
  return b.add(sum, callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", sum.getType(),
                                  {words, ones}));
}

void x86::appendFar(KernelBuilder &b, const Operands &in, Value row, Value bits,
                    ArrayRef<int64_t> lanes,
                    function_ref<Value(int64_t)> entry) {
  SmallVector<Value> counter{row, b.index(kFarQuads)};
  // What does not fit overwrites an element that nobody reads.
  int64_t last = cast<MemRefType>(in.lhsFar.getType()).getDimSize(1) - 1;
  Value count = memref::LoadOp::create(b, in.lhsStart, counter);
  for (int64_t lane : lanes) {
    Value place =
        arith::IndexCastUIOp::create(b, b.getIndexType(), count).getResult();
    memref::StoreOp::create(b, entry(lane), in.lhsFar,
                            ValueRange{row, b.min(place, b.index(last))});
    Value bit = vector::ExtractOp::create(b, bits, ArrayRef<int64_t>{lane});
    count = b.add(count, arith::ExtUIOp::create(b, b.getI32Type(), bit));
  }
  memref::StoreOp::create(b, count, in.lhsStart, counter);
}

Value x86::anyOf(KernelBuilder &b, Value bits) {
  Value byte = vector::ExtractOp::create(
      b,
      vector::BitCastOp::create(b, VectorType::get({1}, b.getI8Type()), bits),
      ArrayRef<int64_t>{0});
  return arith::CmpIOp::create(
      b, arith::CmpIPredicate::ne, byte,
      arith::ConstantIntOp::create(b, b.getI8Type(), 0));
}

/// Appends the quads of `words` that are not 0: their codes, and above them
/// their number.
static void appendCodes(KernelBuilder &b, const Operands &in, Value row,
                        Value k, Value words, Value notZero) {
  Type i64 = b.getI64Type();
  Value first = arith::IndexCastOp::create(
      b, i64, arith::DivUIOp::create(b, k, b.index(4)));
  appendFar(b, in, row, notZero, {0, 1, 2, 3, 4, 5, 6, 7}, [&](int64_t lane) {
    Value quad = b.add(first, arith::ConstantIntOp::create(b, i64, lane));
    Value word = arith::ExtUIOp::create(
        b, i64, vector::ExtractOp::create(b, words, ArrayRef<int64_t>{lane}));
    Value high = arith::ShLIOp::create(
        b, quad, arith::ConstantIntOp::create(b, i64, 32));
    return arith::OrIOp::create(b, high, word).getResult();
  });
}

/// Splits 32 codes of a row, and returns `sum` plus their sum.
static Value splitCodes(KernelBuilder &b, const Operands &in, Value row,
                        Value k, Value sum) {
  auto bytes = VectorType::get({32}, b.getI8Type());
  auto words = VectorType::get({16}, b.getI16Type());
  Value codes = b.load(in.lhs, {row, k}, 32, 32);
  Value pairs = multiplyBytes(b, b.splat(bytes, 1), codes);
  Value magnitude =
      arith::MaxSIOp::create(b, pairs, b.sub(b.splat(words, 0), pairs));
  Value beyond = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, magnitude,
                                       b.splat(words, kNear));
  Value mask = vector::BitCastOp::create(
      b, bytes, arith::ExtSIOp::create(b, words, beyond));
  Value least = arith::MaxSIOp::create(b, codes, b.splat(bytes, -kNear / 2));
  Value clamped = arith::MinSIOp::create(b, least, b.splat(bytes, kNear / 2));
  Value far = arith::AndIOp::create(b, b.sub(codes, clamped), mask);
  b.store(b.sub(codes, far), in.lhsNear, {row, k}, 32);

  Value quads =
      vector::BitCastOp::create(b, VectorType::get({8}, b.getI32Type()), far);
  Value notZero =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, quads,
                            b.splat(cast<VectorType>(quads.getType()), 0));
  b.ifElse(
      anyOf(b, notZero), [&] { appendCodes(b, in, row, k, quads, notZero); },
      [] {});
  return addWords(b, sum, pairs);
}

static void splitRow(KernelBuilder &b, const Operands &in, Value row,
                     int64_t depth) {
  auto sums = VectorType::get({8}, b.getI32Type());
  memref::StoreOp::create(b, arith::ConstantIntOp::create(b, b.getI32Type(), 0),
                          in.lhsStart, ValueRange{row, b.index(kFarQuads)});
  Value sum =
      b.loop(b.index(0), b.index(depth), 32, ValueRange{b.splat(sums, 0)},
             [&](Value k, ValueRange carried) {
               return SmallVector<Value>{splitCodes(b, in, row, k, carried[0])};
             })[0];
  Value all = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum);
  memref::StoreOp::create(
      b, b.mul(all, arith::ConstantIntOp::create(b, b.getI32Type(), -128)),
      in.lhsStart, ValueRange{row, b.index(kFirstSum)});
}

void x86::splitRows(KernelBuilder &b, Operands &views, KernelTable &kernels) {
  auto type = cast<MemRefType>(views.lhs.getType());
  int64_t depth = 64 * cast<MemRefType>(views.rhs.getType()).getDimSize(1);
  Value m = b.dim(views.lhs, 0);
  auto allocate = [&](Value rows, int64_t columns, Type element) {
    return memref::AllocOp::create(
        b, MemRefType::get({ShapedType::kDynamic, columns}, element), rows);
  };
  // One more: a single row takes two, its magnitudes and its signs.
  views.lhsNear =
      allocate(b.add(m, 1), type.getDimSize(1), type.getElementType());
  views.lhsFar = allocate(m, mostFar(depth) + 1, b.getI64Type());
  views.lhsStart = allocate(m, 2, b.getI32Type());
  SmallVector<Value> captures{views.lhs, views.lhsNear, views.lhsFar,
                              views.lhsStart};
  func::FuncOp kernel = kernels.get(
      b.getLoc(), "split_rows_" + std::to_string(depth), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        Operands in;
        in.lhs = arguments[0], in.lhsNear = arguments[1],
        in.lhsFar = arguments[2], in.lhsStart = arguments[3];
        inner.ifElse(
            isAlone(inner, in), [&] { splitAlone(inner, in, depth); },
            [&] {
              inner.loop(begin, end, 1,
                         [&](Value row) { splitRow(inner, in, row, depth); });
            });
      });
  ParallelCallOp::create(b, kernel.getSymName(), m,
                         b.index(std::max<int64_t>(1, (128 << 10) / depth)),
                         captures);
}

Value x86::areNear(KernelBuilder &b, const Operands &in, Value row,
                   int64_t rows) {
  Value most;
  for (int64_t i = 0; i < rows; ++i) {
    Value count = memref::LoadOp::create(
        b, in.lhsStart, ValueRange{b.add(row, i), b.index(kFarQuads)});
    most = most ? arith::MaxUIOp::create(b, most, count).getResult() : count;
  }
  int64_t kept = cast<MemRefType>(in.lhsFar.getType()).getDimSize(1) - 1;
  return arith::CmpIOp::create(
      b, arith::CmpIPredicate::ule, most,
      arith::ConstantIntOp::create(b, b.getI32Type(), kept));
}

/// Four weights of 8 columns, + 128.
static Value loadUnsigned(KernelBuilder &b, Value rhs, const Tile &block,
                          int64_t v, Value kBlock, Value quad) {
  Value codes = loadPacked(b, rhs, block, 8 * v, kBlock, quad, 32);
  return arith::XOrIOp::create(
      b, codes, b.splat(cast<VectorType>(codes.getType()), -128));
}

void x86::startBytes(KernelBuilder &b, const Isa &isa, const Operands &in,
                     const Tile &range, Value start) {
  int64_t vectors = range.vectors(isa);
  for (int64_t i = 0; i < range.rows; ++i) {
    Value row = b.add(range.row, i);
    auto startOf = [&](int64_t column) {
      return memref::LoadOp::create(b, in.lhsStart,
                                    ValueRange{row, b.index(column)});
    };
    Value count =
        arith::IndexCastUIOp::create(b, b.getIndexType(), startOf(kFarQuads));
    SmallVector<Value> sums(vectors,
                            b.broadcast(startOf(kFirstSum), isa.lanes));
    sums = b.loop(b.index(0), count, 1, sums, [&](Value j, ValueRange carried) {
      Value entry = memref::LoadOp::create(b, in.lhsFar, ValueRange{row, j});
      Value word = arith::TruncIOp::create(b, b.getI32Type(), entry);
      Value codes = vector::BitCastOp::create(
          b, VectorType::get({32}, b.getI8Type()), b.broadcast(word, 8));
      Value quad = arith::IndexCastUIOp::create(
          b, b.getIndexType(),
          arith::ShRUIOp::create(
              b, entry, arith::ConstantIntOp::create(b, b.getI64Type(), 32)));
      Value kBlock = arith::DivUIOp::create(b, quad, b.index(16));
      Value inBlock = arith::RemUIOp::create(b, quad, b.index(16));
      SmallVector<Value> next;
      for (int64_t v = 0; v < vectors; ++v)
        next.push_back(addWords(
            b, carried[v],
            multiplyBytes(b, loadUnsigned(b, in.rhs, range, v, kBlock, inBlock),
                          codes)));
      b.disableUnrolling();
      return next;
    });
    for (int64_t v = 0; v < vectors; ++v)
      b.store(sums[v], start, {b.index(i), b.index(8 * v)}, 8);
  }
}

Accumulators x86::byteProduct(KernelBuilder &b, const Isa &isa,
                              const Operands &in, Value start, Value offset,
                              const Tile &block, const Fetch &fetch) {
  int64_t blocksOfK = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
  int64_t vectors = block.vectors(isa);
  Accumulators initial;
  for (int64_t i = 0; i < block.rows; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      initial.push_back(
          b.load(start, {b.index(i), b.add(offset, 8 * v)}, 8, 8));

  auto step = [&](Value kBlock, Value quad, ValueRange carried) {
    Accumulators sums(carried);
    Value k = b.add(b.mul(kBlock, 64), b.mul(quad, 4));
    SmallVector<Value> rhs;
    for (int64_t v = 0; v < vectors; ++v)
      rhs.push_back(loadUnsigned(b, in.rhs, block, v, kBlock, quad));
    if (fetch.streamed)
      fetchAhead(b, in.rhs, block, kBlock, quad);
    for (int64_t i = 0; i < block.rows; ++i) {
      Value codes = broadcastQuad(b, isa, in.lhsNear, b.add(block.row, i), k);
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = sums[i * vectors + v];
        sum = addWords(b, sum, multiplyBytes(b, rhs[v], codes));
      }
    }
    return sums;
  };
  return b.loop(b.index(0), b.index(blocksOfK), 1, initial,
                [&](Value kBlock, ValueRange outer) {
                  if (fetch.part)
                    fetchNext(b, isa, in.rhs, block, kBlock, fetch.part);
                  return b.loop(b.index(0), b.index(16), 1, outer,
                                [&](Value quad, ValueRange carried) {
                                  Accumulators next =
                                      step(kBlock, quad, carried);
                                  b.unrollBy(2);
                                  return next;
                                });
                });
}
