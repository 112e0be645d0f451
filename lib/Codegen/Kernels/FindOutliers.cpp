//===- FindOutliers.cpp - kernels of qopt.find_outliers -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A first kernel marks the columns that hold an outlier in any row, blocks of
// columns as tasks; a second one lists them. The second is a loop over K, too
// short to share.
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Vectors of columns of a task: its accesses to a row are whole cache lines,
/// enough of them for the prefetcher.
constexpr int64_t kVectors = 8;

/// Marks columns [column, column + count) of the mask. `factors` may be null.
static void markColumns(KernelBuilder &b, const Isa &isa, float threshold,
                        Value input, Value mask, Value factors, Value column,
                        int64_t count) {
  int64_t vectors = llvm::divideCeil(count, isa.lanes);
  auto floats = VectorType::get({isa.lanes}, b.getF32Type());
  auto lanes = [&](int64_t v) {
    return std::min(isa.lanes, count - v * isa.lanes);
  };
  SmallVector<Value> columnFactors;
  for (int64_t v = 0; factors && v < vectors; ++v)
    columnFactors.push_back(
        b.load(factors, {b.add(column, v * isa.lanes)}, isa.lanes, lanes(v)));
  // A NaN is no outlier: the comparison leaves the maximum as it was.
  SmallVector<Value> maxima = b.loop(
      b.index(0), b.dim(input, 0), 1,
      SmallVector<Value>(vectors, b.splat(floats, 0)),
      [&](Value row, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < vectors; ++v) {
          Value value = b.load(input, {row, b.add(column, v * isa.lanes)},
                               isa.lanes, lanes(v));
          if (factors)
            value = arith::MulFOp::create(b, value, columnFactors[v]);
          Value magnitude = math::AbsFOp::create(b, value);
          Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                              magnitude, carried[v]);
          next.push_back(
              arith::SelectOp::create(b, above, magnitude, carried[v]));
        }
        return next;
      });
  for (int64_t v = 0; v < vectors; ++v) {
    Value outlier =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, maxima[v],
                              b.splat(floats, double(threshold)));
    Value factor = arith::SelectOp::create(b, outlier, b.splat(floats, 0),
                                           b.splat(floats, 1));
    b.store(factor, mask, {b.add(column, v * isa.lanes)}, lanes(v));
  }
}

static void generateMark(KernelBuilder &b, const Isa &isa, float threshold,
                         Value begin, Value end, Value input, Value mask,
                         Value factors) {
  int64_t k = cast<MemRefType>(input.getType()).getDimSize(1);
  int64_t width = kVectors * isa.lanes, full = k / width * width;
  b.loop(begin, end, 1, [&](Value task) {
    Value column = b.mul(task, width);
    auto whole = [&] {
      markColumns(b, isa, threshold, input, mask, factors, column, width);
    };
    auto last = [&] {
      markColumns(b, isa, threshold, input, mask, factors, b.index(full),
                  k - full);
    };
    if (full == k)
      return whole();
    if (full == 0)
      return last();
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, column,
                                         b.index(full));
    b.ifElse(inside, whole, last);
  });
}

/// Without a branch: each column is stored, and kept when the count moves on.
static void generateList(KernelBuilder &b, Value mask, Value columns,
                         Value count) {
  int64_t k = cast<MemRefType>(columns.getType()).getDimSize(0);
  SmallVector<Value> found = b.loop(
      b.index(0), b.index(k), 1, b.index(0),
      [&](Value column, ValueRange carried) -> SmallVector<Value> {
        Value number = arith::IndexCastOp::create(b, b.getI32Type(), column);
        memref::StoreOp::create(b, number, columns, carried);
        Value factor = memref::LoadOp::create(b, mask, ValueRange{column});
        Value outlier = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                              factor, b.f32(0));
        Value one = arith::SelectOp::create(b, outlier, b.index(1), b.index(0));
        return {b.add(carried[0], one)};
      });
  Value total = arith::IndexCastOp::create(b, b.getI32Type(), found[0]);
  memref::StoreOp::create(b, total, count, ValueRange{b.index(0)});
}

LogicalResult kernels::lowerFindOutliers(FindOutliersOp op, const Isa &isa,
                                         KernelTable &kernels) {
  KernelBuilder b(op.getLoc(), op);
  Value input = viewAsMatrix(b, op.getInput());
  if (!input)
    return op.emitOpError("works on contiguous buffers only");
  int64_t k = cast<MemRefType>(input.getType()).getDimSize(1);
  float threshold = op.getThreshold().convertToFloat();
  std::string key;
  llvm::raw_string_ostream(key) << op.getThresholdAttr();

  SmallVector<Value> captures{input, op.getMaskInit()};
  if (op.getFactors())
    captures.push_back(op.getFactors());
  func::FuncOp mark = kernels.get(
      op.getLoc(), "mark_outliers_" + std::to_string(k), key,
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        generateMark(inner, isa, threshold, begin, end, arguments[0],
                     arguments[1],
                     arguments.size() > 2 ? arguments[2] : Value());
      });
  int64_t width = kVectors * isa.lanes;
  Value rows = b.dim(input, 0);
  Value grain = b.ceilDiv(b.index((64 << 10) / width), b.add(rows, 1));
  ParallelCallOp::create(b, mark.getSymName(),
                         b.index(llvm::divideCeil(k, width)), grain, captures);

  captures = {op.getMaskInit(), op.getColumnsInit(), op.getCountInit()};
  func::FuncOp list = kernels.get(
      op.getLoc(), "list_outliers_" + std::to_string(k), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value, Value, ValueRange arguments) {
        generateList(inner, arguments[0], arguments[1], arguments[2]);
      });
  SmallVector<Value> operands{b.index(0), b.index(1)};
  llvm::append_range(operands, captures);
  func::CallOp::create(b, list, operands);
  op.erase();
  return success();
}
