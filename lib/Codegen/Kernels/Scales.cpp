//===- Scales.cpp - zero points and scales of integer products ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exact sums become floats here. Their order of operations is fixed, so that
// results are equal on all instruction sets:
//   one group:  float(sum - zero * colsum) * (row scale * column scale)
//   several:    fma(float(sum - zero * colsum), column scale, ...) * row scale
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// The vectors of a row of `memref`, [columns] or [groups, columns], at a
/// block.
static SmallVector<Value> loadColumns(KernelBuilder &b, const Isa &isa,
                                      Value memref, Value group,
                                      const Tile &block, bool padded) {
  SmallVector<Value> vectors;
  for (int64_t v = 0; v < block.vectors(isa); ++v) {
    SmallVector<Value> at{b.add(block.column, v * isa.lanes)};
    if (group)
      at.insert(at.begin(), group);
    vectors.push_back(b.load(memref, at, isa.lanes,
                             padded ? isa.lanes : block.lanesOf(isa, v)));
  }
  return vectors;
}

/// One number per row of the block, each repeated over a vector.
static Value loadRow(KernelBuilder &b, const Isa &isa, Value memref,
                     const Tile &block, int64_t i) {
  Value scalar =
      memref::LoadOp::create(b, memref, ValueRange{b.add(block.row, i)});
  return b.broadcast(scalar, isa.lanes);
}

/// sums -= zero point * column sum, exact modulo 2^32.
static void subtractZeros(KernelBuilder &b, const Isa &isa, const Operands &in,
                          Value group, const Tile &block, Accumulators &sums) {
  if (!in.lhsZero)
    return;
  SmallVector<Value> columns =
      loadColumns(b, isa, in.sums, group, block, /*padded=*/true);
  for (int64_t i = 0; i < block.rows; ++i) {
    Value zero = loadRow(b, isa, in.lhsZero, block, i);
    for (auto [v, column] : llvm::enumerate(columns)) {
      Value &sum = sums[i * columns.size() + v];
      sum = b.sub(sum, b.mul(zero, column));
    }
  }
}

void kernels::applyScales(KernelBuilder &b, const Isa &isa, const Operands &in,
                          const Tile &block, Accumulators &sums) {
  auto type = VectorType::get({isa.lanes}, b.getF32Type());
  int64_t vectors = block.vectors(isa);
  SmallVector<Value> columns;
  if (!in.groupRows) {
    subtractZeros(b, isa, in, Value(), block, sums);
    columns =
        loadColumns(b, isa, in.rhsScale, Value(), block, /*padded=*/false);
  }
  for (int64_t i = 0; i < block.rows; ++i) {
    Value rowScale = loadRow(b, isa, in.lhsScale, block, i);
    for (int64_t v = 0; v < vectors; ++v) {
      Value &sum = sums[i * vectors + v];
      Value scale = rowScale;
      if (!in.groupRows) {
        scale = arith::MulFOp::create(b, rowScale, columns[v]);
        sum = arith::SIToFPOp::create(b, type, sum);
      }
      sum = arith::MulFOp::create(b, sum, scale);
    }
  }
}

Accumulators kernels::addGroup(KernelBuilder &b, const Isa &isa,
                               const Operands &in, Value group,
                               const Tile &block, Accumulators sums,
                               ValueRange floats) {
  auto type = VectorType::get({isa.lanes}, b.getF32Type());
  subtractZeros(b, isa, in, group, block, sums);
  SmallVector<Value> columns =
      loadColumns(b, isa, in.rhsScale, group, block, /*padded=*/false);
  Accumulators next;
  for (auto [i, sum] : llvm::enumerate(sums))
    next.push_back(
        vector::FMAOp::create(b, arith::SIToFPOp::create(b, type, sum),
                              columns[i % columns.size()], floats[i]));
  return next;
}

Accumulators kernels::sumGroups(KernelBuilder &b, const Isa &isa,
                                const Operands &in, const Tile &block,
                                GroupSums sums) {
  int64_t depth = cast<MemRefType>(in.rhs.getType()).getDimSize(1) * 64;
  int64_t groups = cast<MemRefType>(in.rhsScale.getType()).getDimSize(0);
  int64_t size = std::min(in.groupRows, depth);
  // Codes are padded: the last group may end behind K.
  int64_t last = std::min(size, depth - (groups - 1) * size);
  int64_t whole = last == size ? groups : groups - 1;
  auto add = [&](Value group, int64_t count, ValueRange floats) {
    return addGroup(b, isa, in, group, block, sums(group, size, count), floats);
  };
  auto type = VectorType::get({isa.lanes}, b.getF32Type());
  SmallVector<Value> floats(block.rows * block.vectors(isa), b.splat(type, 0));
  floats = b.loop(b.index(0), b.index(whole), 1, floats,
                  [&](Value group, ValueRange carried) {
                    return add(group, size, carried);
                  });
  if (whole < groups)
    floats = add(b.index(whole), last, floats);
  return floats;
}

void kernels::scaleColumns(KernelBuilder &b, const Isa &isa, const Operands &in,
                           const Tile &block, Accumulators &sums) {
  SmallVector<Value> columns =
      loadColumns(b, isa, in.rhsScale, Value(), block, /*padded=*/false);
  for (auto [i, sum] : llvm::enumerate(sums))
    sum = arith::MulFOp::create(b, sum, columns[i % columns.size()]);
}
