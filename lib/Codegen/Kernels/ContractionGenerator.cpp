//===- ContractionGenerator.cpp - blocks of a contraction -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ContractionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Depth of a copied panel: 32 KiB, which L1 holds beside the rows of lhs.
constexpr int64_t kDepth = 256;
/// Rows of a task: the copy of a panel serves all of them.
constexpr int64_t kMaxRows = 192;
/// Copied rows are apart by more than kDepth: at 1 KiB they would meet in few
/// sets of L1.
constexpr int64_t kRowPitch = kDepth + 16;

Value ContractionGenerator::extent(std::optional<unsigned> loop) {
  if (!loop)
    return b.index(1);
  for (auto [map, operand] : llvm::zip(maps, operands))
    if (std::optional<unsigned> position =
            map.getResultPosition(b.getAffineDimExpr(*loop)))
      return b.dim(operand, *position);
  llvm_unreachable("every loop of a contraction has an operand");
}

Value ContractionGenerator::rowsPerTask() {
  Value m = extent(roles.m);
  Value parts =
      arith::MaxUIOp::create(b, b.ceilDiv(m, b.index(kMaxRows)), b.index(1));
  Value rows = b.ceilDiv(b.ceilDiv(m, parts), b.index(isa.floatRows));
  return b.mul(arith::MaxUIOp::create(b, rows, b.index(1)), isa.floatRows);
}

Value ContractionGenerator::numTasks() {
  Value tasks = b.ceilDiv(extent(roles.m), rowsPerTask());
  for (unsigned loop : roles.outer)
    tasks = b.mul(tasks, extent(loop));
  return tasks;
}

Value ContractionGenerator::workPerTask() {
  return b.mul(b.mul(b.mul(rowsPerTask(), extent(roles.n)), extent(roles.k)),
               2);
}

void ContractionGenerator::generate(Value begin, Value end) {
  if (!roles.inPlace)
    panel = memref::AllocaOp::create(
        b, MemRefType::get({kDepth, kPanel}, b.getF32Type()),
        b.getI64IntegerAttr(64));
  if (roles.copyRows)
    copiedRows = memref::AllocaOp::create(
        b, MemRefType::get({isa.floatRows, kRowPitch}, b.getF32Type()),
        b.getI64IntegerAttr(64));
  n = extent(roles.n);
  k = extent(roles.k);
  Value m = extent(roles.m), rows = rowsPerTask();
  Value rowTasks = b.ceilDiv(m, rows);
  SmallVector<Value> extents = llvm::map_to_vector(
      roles.outer, [&](unsigned loop) { return extent(loop); });
  b.loop(begin, end, 1, [&](Value task) {
    Value row = b.mul(arith::RemUIOp::create(b, task, rowTasks), rows);
    Value rest = arith::DivUIOp::create(b, task, rowTasks);
    for (size_t i = roles.outer.size(); i-- > 0;) {
      indices[roles.outer[i]] = arith::RemUIOp::create(b, rest, extents[i]);
      rest = arith::DivUIOp::create(b, rest, extents[i]);
    }
    generateTask(row, b.min(b.add(row, rows), m));
  });
}

void ContractionGenerator::generateTask(Value row, Value rowEnd) {
  int64_t width = isa.floatVectors * isa.lanes;
  auto atDepth = [&](Value depth, Value depthEnd) {
    if (roles.inPlace) {
      b.loop(b.index(0), n, width, [&](Value column) {
        addBlocks(row, rowEnd, column, depth, depthEnd);
      });
      return;
    }
    b.loop(b.index(0), n, kPanel, [&](Value column) {
      if (roles.transposed)
        copyTransposed(column, depth, depthEnd);
      else
        copyElements(column, depth, depthEnd);
      for (int64_t first = 0; first < kPanel; first += width) {
        panelColumn = first;
        addBlocks(row, rowEnd, b.add(column, first), depth, depthEnd);
      }
    });
  };
  oneDepth = (roles.inPlace && !roles.copyRows) ||
             (!ShapedType::isDynamic(staticK) && staticK <= kDepth);
  if (oneDepth)
    return atDepth(b.index(0), k);
  // Once even for k = 0, where the result is zeros.
  Value end = arith::MaxUIOp::create(b, k, b.index(1));
  b.loop(b.index(0), end, kDepth,
         [&](Value depth) { atDepth(depth, b.min(b.add(depth, kDepth), k)); });
}

SmallVector<Value> ContractionGenerator::access(unsigned operand) {
  SmallVector<Value> result;
  for (AffineExpr expr : maps[operand].getResults())
    result.push_back(indices[cast<AffineDimExpr>(expr).getPosition()]);
  return result;
}

Value ContractionGenerator::columnMask(Value column) {
  if (!ShapedType::isDynamic(staticN) && staticN % kPanel == 0)
    return nullptr;
  return vector::CreateMaskOp::create(
      b, VectorType::get({isa.lanes}, b.getI1Type()), b.sub(n, column));
}

Value ContractionGenerator::depthMask(Value position, Value depthEnd) {
  if (!ShapedType::isDynamic(staticK) && staticK % isa.lanes == 0)
    return nullptr;
  return vector::CreateMaskOp::create(
      b, VectorType::get({isa.lanes}, b.getI1Type()),
      b.sub(depthEnd, position));
}

Value ContractionGenerator::loadVector(Value memref, ValueRange at,
                                       Value mask) {
  if (!mask)
    return b.load(memref, at, isa.lanes, isa.lanes);
  auto type = VectorType::get({isa.lanes}, b.getF32Type());
  return vector::MaskedLoadOp::create(b, type, memref, at, mask,
                                      b.splat(type, 0));
}

void ContractionGenerator::addBlocks(Value row, Value rowEnd, Value column,
                                     Value depth, Value depthEnd) {
  SmallVector<Value> masks;
  for (int64_t v = 0; v < isa.floatVectors; ++v)
    masks.push_back(columnMask(b.add(column, v * isa.lanes)));
  b.rowBlocks(row, rowEnd, isa.floatRows, [&](Value first, int64_t rows) {
    if (roles.copyRows)
      copyRowsOf(first, rows, depth, depthEnd);
    SmallVector<Value> accumulators =
        initial(first, rows, column, depth, masks);
    auto step = [&](Value base, int64_t offset, ValueRange carried) {
      return multiply(first, rows, column, b.add(base, offset), depth, masks,
                      carried);
    };
    Value whole =
        b.sub(depthEnd,
              arith::RemUIOp::create(b, b.sub(depthEnd, depth), b.index(4)));
    accumulators = b.loop(depth, whole, 4, accumulators,
                          [&](Value base, ValueRange carried) {
                            SmallVector<Value> next(carried);
                            for (int64_t i = 0; i < 4; ++i)
                              next = step(base, i, next);
                            return next;
                          });
    accumulators = b.loop(
        whole, depthEnd, 1, accumulators,
        [&](Value base, ValueRange carried) { return step(base, 0, carried); });
    size_t next = 0;
    eachVector(first, rows, column, [&](int64_t v, ValueRange at) {
      Value value = accumulators[next++];
      if (masks[v])
        vector::MaskedStoreOp::create(b, operands[2], at, masks[v], value);
      else
        b.store(value, operands[2], at, isa.lanes);
    });
  });
}

SmallVector<Value> ContractionGenerator::initial(Value first, int64_t rows,
                                                 Value column, Value depth,
                                                 ArrayRef<Value> masks) {
  auto zeros = [&] {
    return SmallVector<Value>(
        rows * isa.floatVectors,
        b.splat(VectorType::get({isa.lanes}, b.getF32Type()), 0));
  };
  auto loaded = [&] {
    SmallVector<Value> values;
    eachVector(first, rows, column, [&](int64_t v, ValueRange at) {
      values.push_back(loadVector(operands[2], at, masks[v]));
    });
    return values;
  };
  if (!overwrite)
    return loaded();
  if (oneDepth)
    return zeros();
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, depth, b.index(0));
  SmallVector<Value> fresh = zeros();
  auto choice = scf::IfOp::create(b, ValueRange(fresh).getTypes(), isFirst,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, fresh);
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loaded());
  return choice.getResults();
}

void ContractionGenerator::eachVector(
    Value first, int64_t rows, Value column,
    function_ref<void(int64_t, ValueRange)> body) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t v = 0; v < isa.floatVectors; ++v) {
      if (roles.m)
        indices[*roles.m] = b.add(first, i);
      indices[roles.n] = b.add(column, v * isa.lanes);
      body(v, access(2));
    }
}

SmallVector<Value> ContractionGenerator::multiply(Value first, int64_t rows,
                                                  Value column, Value position,
                                                  Value depth,
                                                  ArrayRef<Value> masks,
                                                  ValueRange carried) {
  SmallVector<Value> next(carried), rhs;
  indices[roles.k] = position;
  for (int64_t v = 0; v < isa.floatVectors; ++v) {
    indices[roles.n] = b.add(column, v * isa.lanes);
    if (roles.inPlace)
      rhs.push_back(
          loadVector(operands[roles.rhs], access(roles.rhs), masks[v]));
    else
      rhs.push_back(b.load(
          panel, {b.sub(position, depth), b.index(panelColumn + v * isa.lanes)},
          isa.lanes, isa.lanes));
  }
  for (int64_t i = 0; i < rows; ++i) {
    if (roles.m)
      indices[*roles.m] = b.add(first, i);
    Value scalar;
    if (roles.copyRows)
      scalar = memref::LoadOp::create(
          b, copiedRows, ValueRange{b.index(i), b.sub(position, depth)});
    else
      scalar =
          memref::LoadOp::create(b, operands[roles.lhs], access(roles.lhs));
    Value factor = b.broadcast(scalar, isa.lanes);
    for (int64_t v = 0; v < isa.floatVectors; ++v) {
      Value &value = next[i * isa.floatVectors + v];
      value = vector::FMAOp::create(b, factor, rhs[v], value);
    }
  }
  return next;
}
