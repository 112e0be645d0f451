//===- QuantizeRows.cpp - kernels of qopt.quantize_rows -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two passes over a row that is in the L1 cache by the second: its range, then
// its codes. With a given scale there is one pass. It is a loop over rows, so
// that it can be joined with the loop of the norm that makes them. One scale
// for all rows needs every range first: a kernel stores them where the scales
// will be, a short loop joins them, another kernel reads them back.
//===----------------------------------------------------------------------===//

#include "RowCodes.h"
#include "Rows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

namespace {

/// The views that a call passes; what the operation does not have is null.
struct Views {
  Value input, codes, scales, zeroPoints, magnitudes, mask, scale, zeroPoint;

  template <typename Fn> void forEach(Fn fn) {
    for (Value *value : {&input, &codes, &scales, &zeroPoints, &magnitudes,
                         &mask, &scale, &zeroPoint})
      if (*value)
        fn(*value);
  }
};

/// Which part of the work a kernel does.
enum class Step { All, Ranges, Codes };

class RowGenerator {
public:
  RowGenerator(KernelBuilder &b, const Isa &isa, const RowRule &rule,
               const Views &views)
      : b(b), rule(rule), views(views),
        codes(b, isa, rule, views.input, views.mask, views.codes) {}

  void emit(Step step, ValueRange row) {
    if (views.scale)
      return emitGiven(row);
    RowRange range;
    if (step == Step::Codes) {
      range = loadRange(row);
    } else {
      range = codes.range(row);
      storeMagnitude(row, codes.magnitude(range));
    }
    if (step == Step::Ranges)
      return storeRange(row, range);
    RowScale scale = codes.scaleOf(range);
    store(scale.value, views.scales, row);
    if (views.zeroPoints)
      store(codes.signedZero(scale), views.zeroPoints, row);
    codes.emit(row, scale);
  }

  /// Gives all rows the range that covers the ranges of all.
  void emitJoin() {
    Value rows = b.dim(views.scales, 0), zero = b.index(0);
    SmallVector<Value> joined =
        b.loop(zero, rows, 1, codes.emptyRange().parts(),
               [&](Value row, ValueRange carried) {
                 return codes.join(RowRange(carried), loadRange(row)).parts();
               });
    b.loop(zero, rows, 1,
           [&](Value row) { storeRange(row, RowRange(joined)); });
  }

private:
  void emitGiven(ValueRange row) {
    RowScale given = codes.givenScale(
        load(views.scale), views.zeroPoint ? load(views.zeroPoint) : Value());
    RowRange range = codes.emit(row, given);
    Value magnitude = codes.magnitude(range);
    store(codes.nanUnlessFinite(given.value, magnitude), views.scales, row);
    if (views.zeroPoints)
      store(codes.signedZero(given), views.zeroPoints, row);
    storeMagnitude(row, magnitude);
  }

  Value load(Value vector) {
    return memref::LoadOp::create(b, vector, ValueRange{b.index(0)});
  }
  void store(Value value, Value perRow, ValueRange row) {
    memref::StoreOp::create(b, value, perRow, row);
  }
  void storeMagnitude(ValueRange row, Value magnitude) {
    if (views.magnitudes)
      store(arith::BitcastOp::create(b, b.getF32Type(), magnitude),
            views.magnitudes, row);
  }

  /// The bits of a range are in `scales`, and the second part in `zeroPoints`.
  void storeRange(ValueRange row, RowRange range) {
    store(arith::BitcastOp::create(b, b.getF32Type(), range.high), views.scales,
          row);
    if (range.low)
      store(range.low, views.zeroPoints, row);
  }
  RowRange loadRange(ValueRange row) {
    RowRange range;
    range.high = arith::BitcastOp::create(
        b, b.getI32Type(), memref::LoadOp::create(b, views.scales, row));
    if (rule.asymmetric)
      range.low = memref::LoadOp::create(b, views.zeroPoints, row);
    return range;
  }

  KernelBuilder &b;
  const RowRule &rule;
  const Views &views;
  RowCodes codes;
};

} // namespace

/// Everything that the types of the operands do not say, as a key.
static std::string keyOf(QuantizeRowsOp op, const RowRule &rule, Step step) {
  std::string key;
  llvm::raw_string_ostream os(key);
  for (int32_t size : op.getProperties().getOperandSegmentSizes())
    os << size << ',';
  os << int(step) << rule.asymmetric << rule.keepSmall << bool(op.getScale())
     << op.getMagnitudes();
  os << rule.unitMask;
  if (rule.threshold)
    os << ',' << op.getThresholdAttr();
  return key;
}

/// One scale for all rows: two kernels, and what joins the ranges.
static void emitSteps(KernelBuilder &b, QuantizeRowsOp op, const Isa &isa,
                      const RowRule &rule, Views &views, KernelTable &kernels) {
  int64_t k = cast<MemRefType>(views.input.getType()).getDimSize(1);
  SmallVector<Value> captures;
  views.forEach([&](Value value) { captures.push_back(value); });
  auto kernel =
      [&](StringRef name, Step step,
          function_ref<void(KernelBuilder &, RowGenerator &, Value, Value)>
              emit) {
        return kernels.get(
            op.getLoc(), (name + "_" + Twine(k)).str(), keyOf(op, rule, step),
            ValueRange(captures).getTypes(),
            [&](KernelBuilder &inner, Value begin, Value end,
                ValueRange arguments) {
              Views own = views;
              size_t next = 0;
              own.forEach([&](Value &value) { value = arguments[next++]; });
              RowGenerator generator(inner, isa, rule, own);
              emit(inner, generator, begin, end);
            });
      };
  // A task is a row; about two elements are done in a nanosecond of one thread.
  auto eachRow = [&](StringRef name, Step step) {
    func::FuncOp callee = kernel(
        name, step,
        [&](KernelBuilder &inner, RowGenerator &g, Value begin, Value end) {
          inner.loop(begin, end, 1, [&](Value row) { g.emit(step, row); });
        });
    ParallelCallOp::create(b, callee.getSymName(), b.dim(views.input, 0),
                           b.index(std::max<int64_t>(1, (32 << 10) / k)),
                           captures);
  };
  eachRow("row_ranges", Step::Ranges);
  func::FuncOp join = kernel(
      "join_ranges", Step::Ranges,
      [&](KernelBuilder &, RowGenerator &g, Value, Value) { g.emitJoin(); });
  SmallVector<Value> operands{b.index(0), b.index(1)};
  llvm::append_range(operands, captures);
  func::CallOp::create(b, join, operands);
  eachRow("quantize_rows", Step::Codes);
}

/// A loop over rows as other operations on rows become one: qopt-fuse-row-loops
/// joins it with the loop that makes the rows.
static void emitRowLoop(KernelBuilder &b, QuantizeRowsOp op, const Isa &isa,
                        const RowRule &rule, Views views) {
  views.input = op.getInput();
  views.codes = op.getCodesInit();
  views.scales = op.getScalesInit();
  views.zeroPoints = op.getZeroPointsInit();
  views.magnitudes = op.getMagnitudesInit();
  auto type = cast<MemRefType>(views.scales.getType());
  SmallVector<OpFoldResult> sizes;
  Value count = b.index(1);
  for (int64_t i = 0; i < type.getRank(); ++i) {
    sizes.push_back(memref::getMixedSize(b, b.getLoc(), views.scales, i));
    Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes.back());
    count = i == 0 ? size : b.mul(count, size);
  }
  auto rows = scf::ParallelOp::create(
      b, ValueRange{b.index(0)}, ValueRange{count}, ValueRange{b.index(1)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(rows.getBody());
  SmallVector<Value> row(rows.getInductionVars());
  if (sizes.empty())
    row.clear();
  else if (sizes.size() > 1)
    row = llvm::to_vector_of<Value>(
        affine::AffineDelinearizeIndexOp::create(b, row[0], sizes,
                                                 /*hasOuterBound=*/true)
            .getResults());
  RowGenerator(b, isa, rule, views).emit(Step::All, row);
}

LogicalResult kernels::lowerQuantizeRows(QuantizeRowsOp op, const Isa &isa,
                                         KernelTable &kernels) {
  KernelBuilder b(op.getLoc(), op);
  Views views;
  views.input = viewAsMatrix(b, op.getInput());
  views.codes = viewAsMatrix(b, op.getCodesInit());
  views.scales = viewAsVector(b, op.getScalesInit());
  SmallVector<std::pair<Value *, Value>> vectors{
      {&views.zeroPoints, op.getZeroPointsInit()},
      {&views.magnitudes, op.getMagnitudesInit()},
      {&views.mask, op.getMask()},
      {&views.scale, op.getScale()},
      {&views.zeroPoint, op.getZeroPoint()}};
  bool valid = views.input && views.codes && views.scales;
  for (auto [view, operand] : vectors)
    if (operand)
      valid &= bool(*view = viewAsVector(b, operand));
  if (!valid)
    return op.emitOpError("works on contiguous buffers only");

  RowRule rule;
  rule.asymmetric = op.getAsymmetric();
  rule.keepSmall = op.getKeepSmall();
  rule.unitMask = op->hasAttr(kUnitMaskAttrName);
  if (std::optional<APFloat> threshold = op.getThreshold())
    rule.threshold = threshold->convertToFloat();
  if (op.getGranularity() == Granularity::Tensor && !op.getScale())
    emitSteps(b, op, isa, rule, views, kernels);
  else
    emitRowLoop(b, op, isa, rule, views);
  op.erase();
  return success();
}
