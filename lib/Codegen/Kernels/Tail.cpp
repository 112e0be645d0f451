//===- Tail.cpp - outlier columns of a product ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A few columns of float activations times as many rows of weights: kept in
// float beside the codes, or taken out of the packed codes themselves.
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Dialect/QOpt/IR/TailLayout.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// The index that `columns` holds at j.
static Value columnAt(KernelBuilder &b, Value columns, Value j) {
  Value column = memref::LoadOp::create(b, columns, ValueRange{j});
  return arith::IndexCastOp::create(b, b.getIndexType(), column);
}

/// next += lhs[rows of the block, j] * rhs.
static void addOuterProduct(KernelBuilder &b, const Isa &isa, Value lhs,
                            Value j, const Tile &block, ArrayRef<Value> rhs,
                            Accumulators &next) {
  for (int64_t i = 0; i < block.rows; ++i) {
    Value scalar =
        memref::LoadOp::create(b, lhs, ValueRange{b.add(block.row, i), j});
    Value factor = b.broadcast(scalar, isa.lanes);
    for (auto [v, vector] : llvm::enumerate(rhs)) {
      Value &sum = next[i * rhs.size() + v];
      sum = vector::FMAOp::create(b, factor, vector, sum);
    }
  }
}

/// Row k of packed codes, as floats without their scale. Each lane holds four
/// or eight codes of its column, one of which is wanted.
static Value loadCodeRow(KernelBuilder &b, const Isa &isa, Value rhs, Value k,
                         Value shift, Value column) {
  int64_t depth = isa.packedDepth();
  auto words = VectorType::get({isa.lanes}, b.getI32Type());
  auto groups = VectorType::get({isa.lanes}, b.getIntegerType(8 * depth));
  Value inPanel = arith::RemUIOp::create(b, column, b.index(32));
  Value inBlock = arith::RemUIOp::create(b, k, b.index(64));
  // The codes of sixteen columns take one row of 64 bytes, or two.
  Value byte = b.mul(arith::RemUIOp::create(b, inPanel, b.index(16)), depth);
  Value at = b.add(
      b.mul(arith::DivUIOp::create(b, inBlock, b.index(depth)), depth / 4),
      arith::DivUIOp::create(b, byte, b.index(64)));
  Value bytes = b.load(rhs,
                       {arith::DivUIOp::create(b, column, b.index(32)),
                        arith::DivUIOp::create(b, k, b.index(64)),
                        arith::DivUIOp::create(b, inPanel, b.index(16)), at,
                        arith::RemUIOp::create(b, byte, b.index(64))},
                       depth * isa.lanes, depth * isa.lanes);
  Value codes = vector::BitCastOp::create(b, groups, bytes);
  Value high = arith::ShLIOp::create(b, codes, shift);
  Value code = arith::ShRSIOp::create(b, high, b.splat(groups, 8 * depth - 8));
  if (groups != words)
    code = arith::TruncIOp::create(b, words, code);
  return arith::SIToFPOp::create(
      b, VectorType::get({isa.lanes}, b.getF32Type()), code);
}

Accumulators kernels::addCodeTail(KernelBuilder &b, const Isa &isa,
                                  const Operands &in, const Tile &block,
                                  ArrayRef<Value> accumulators) {
  int64_t vectors = block.vectors(isa);
  auto scaleOf = [&](Value group, int64_t v) {
    SmallVector<Value> at{b.add(block.column, v * isa.lanes)};
    if (group)
      at.insert(at.begin(), group);
    return b.load(in.rhsScale, at, isa.lanes, block.lanesOf(isa, v));
  };
  SmallVector<Value> scales;
  if (!in.groupRows)
    for (int64_t v = 0; v < vectors; ++v)
      scales.push_back(scaleOf(Value(), v));
  return b.loop(b.index(0), b.dim(in.tailLhs, 1), 1, accumulators,
                [&](Value j, ValueRange carried) {
                  Accumulators next(carried);
                  Value k = columnAt(b, in.columns, j), group;
                  if (in.groupRows)
                    group = arith::DivUIOp::create(b, k, b.index(in.groupRows));
                  // The code of row k is byte k % depth of its group: up it
                  // goes to the top.
                  int64_t depth = isa.packedDepth();
                  Value byte = arith::RemUIOp::create(b, k, b.index(depth));
                  Value bits = b.mul(b.sub(b.index(depth - 1), byte), 8);
                  Value shift =
                      b.broadcast(arith::IndexCastOp::create(
                                      b, b.getIntegerType(8 * depth), bits),
                                  isa.lanes);
                  SmallVector<Value> rhs;
                  for (int64_t v = 0; v < vectors; ++v)
                    rhs.push_back(arith::MulFOp::create(
                        b,
                        loadCodeRow(b, isa, in.rhs, k, shift,
                                    b.add(block.column, v * isa.lanes)),
                        group ? scaleOf(group, v) : scales[v]));
                  addOuterProduct(b, isa, in.tailLhs, j, block, rhs, next);
                  return next;
                });
}

/// Outliers of a fixed list: two of them share a word, whose halves are the
/// upper parts of floats. High and low part add up to the weight exactly.
static Accumulators addParts(KernelBuilder &b, const Isa &isa,
                             const Operands &in, const Tile &block,
                             ArrayRef<Value> accumulators) {
  int64_t count = cast<MemRefType>(in.tailLhs.getType()).getDimSize(1);
  TailLayout layout(count);
  int64_t inGroups = std::min(16 * layout.groups, count / 2);
  auto floats = VectorType::get({isa.lanes}, b.getF32Type());
  auto words = VectorType::get({isa.lanes}, b.getI32Type());
  auto panel = [&](Value column) {
    return arith::DivUIOp::create(b, column, b.index(32));
  };
  auto wordsAt = [&](Value pair, Value column) -> Value {
    Value inPanel = arith::RemUIOp::create(b, column, b.index(32));
    Value half = arith::DivUIOp::create(b, inPanel, b.index(16));
    Value element = b.mul(arith::RemUIOp::create(b, inPanel, b.index(16)), 2);
    Value parts =
        b.load(in.tailRhs,
               {panel(column), arith::DivUIOp::create(b, pair, b.index(16)),
                half, arith::RemUIOp::create(b, pair, b.index(16)), element},
               2 * isa.lanes, 2 * isa.lanes);
    return vector::BitCastOp::create(b, words, parts);
  };
  auto part = [&](Value pair, bool odd) -> Value {
    Value bits =
        odd ? Value(arith::AndIOp::create(b, pair,
                                          b.splat(words, int32_t(0xffff0000))))
            : Value(arith::ShLIOp::create(b, pair, b.splat(words, 16)));
    return arith::BitcastOp::create(b, floats, bits);
  };
  // Outliers j and j + 1, whose parts are pairs `high` and `low` of the panel.
  auto add = [&](Value j, Value high, Value low, int64_t number,
                 ValueRange carried) {
    Accumulators next(carried);
    SmallVector<Value> highs, lows;
    for (int64_t v = 0; v < block.vectors(isa); ++v) {
      Value column = b.add(block.column, v * isa.lanes);
      highs.push_back(wordsAt(high, column));
      lows.push_back(wordsAt(low, column));
    }
    for (int64_t i = 0; i < number; ++i) {
      SmallVector<Value> weights;
      for (auto [high, low] : llvm::zip(highs, lows))
        weights.push_back(
            arith::AddFOp::create(b, part(high, i), part(low, i)));
      addOuterProduct(b, isa, in.tailLhs, b.add(j, i), block, weights, next);
    }
    return next;
  };
  // Pairs of 16 in high and low tiles by turns.
  auto inGroup = [&](Value pair, int64_t number, ValueRange carried) {
    Value tile = b.mul(arith::DivUIOp::create(b, pair, b.index(16)), 16);
    Value high = b.add(pair, tile);
    return add(b.mul(pair, 2), high, b.add(high, 16), number, carried);
  };
  auto behind = [&](Value pair, int64_t number, ValueRange carried) {
    Value high = b.add(pair, 16 * layout.groups);
    return add(b.mul(pair, 2), high, b.add(high, layout.rest), number, carried);
  };
  Accumulators sums = b.loop(b.index(0), b.index(inGroups), 1, accumulators,
                             [&](Value pair, ValueRange carried) {
                               return inGroup(pair, 2, carried);
                             });
  sums = b.loop(
      b.index(inGroups), b.index(count / 2), 1, sums,
      [&](Value pair, ValueRange carried) { return behind(pair, 2, carried); });
  if (count % 2 == 0)
    return sums;
  Value last = b.index(count / 2);
  return layout.rest ? behind(last, 1, sums) : inGroup(last, 1, sums);
}

Accumulators kernels::addTail(KernelBuilder &b, const Isa &isa,
                              const Operands &in, const Tile &block,
                              ArrayRef<Value> accumulators) {
  Value lhs = in.tailLhs, rhs = in.tailRhs;
  if (cast<MemRefType>(rhs.getType()).getRank() == 5)
    return addParts(b, isa, in, block, accumulators);
  int64_t vectors = block.vectors(isa);
  // Packing widens rhs to whole panels; otherwise the last vector is masked.
  int64_t width = cast<MemRefType>(rhs.getType()).getDimSize(1);
  bool padded = width % 32 == 0;
  return b.loop(b.index(0), b.dim(lhs, 1), 1, accumulators,
                [&](Value j, ValueRange carried) {
                  Accumulators next(carried);
                  Value row = in.columns ? columnAt(b, in.columns, j) : j;
                  SmallVector<Value> rhsVectors;
                  for (int64_t v = 0; v < vectors; ++v)
                    rhsVectors.push_back(loadFloat(
                        b, rhs, {row, b.add(block.column, v * isa.lanes)},
                        isa.lanes, padded ? isa.lanes : block.lanesOf(isa, v)));
                  addOuterProduct(b, isa, lhs, j, block, rhsVectors, next);
                  return next;
                });
}
