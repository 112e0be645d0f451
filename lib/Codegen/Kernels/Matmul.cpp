//===- Matmul.cpp - kernels of qopt.matmul --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "../AArch64/Arm.h"
#include "../X86/Dot.h"
#include "../X86/TailAMX.h"
#include "Epilogue.h"
#include "MatmulTasks.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

namespace {

class MatmulGenerator {
public:
  MatmulGenerator(MatmulOp op, const Isa &isa, const Form &form,
                  const Tasks &tasks)
      : op(op), isa(isa), form(form), tasks(tasks) {}

  void generate(KernelBuilder &b, Value begin, Value end, Operands &operands) {
    Value m = b.dim(operands.inits.front(), 0);
    Value rowsPerTask = tasks.rowsPerTask(b, m);
    if (form.tiles)
      return generateTiled(b, {m, rowsPerTask, begin, end}, operands);
    Value columnBlocks = b.index(tasks.columnBlocks());
    int64_t depth = cast<MemRefType>(operands.lhs.getType()).getDimSize(1);
    if (Tasks::widenedBytes(isa, form) &&
        !(form.grouped && 2 * depth > kWidenedBytes)) {
      widened = allocate(b, {tasks.rows, depth},
                         form.bf16 ? Type(b.getF32Type()) : b.getI16Type());
    }
    if (form.digits)
      digits = x86::allocateDigits(b, operands);
    if (operands.lhsNear)
      start = allocate(b, {tasks.rows, tasks.columns}, b.getI32Type());
    b.loop(begin, end, 1, [&](Value task) {
      Value rowTask = arith::DivUIOp::create(b, task, columnBlocks);
      Value columnTask = arith::RemUIOp::create(b, task, columnBlocks);
      Value row = b.mul(rowTask, rowsPerTask);
      firstRow = row;
      Value rowEnd = b.min(b.add(row, rowsPerTask), m);
      auto cover = [&](Value column, int64_t count) {
        coverRows(b, operands, row, rowEnd, column, count);
      };
      int64_t full = tasks.fullBlocks() * tasks.columns;
      auto wholeBlock = [&] {
        cover(b.mul(columnTask, tasks.columns), tasks.columns);
      };
      auto lastBlock = [&] { cover(b.index(full), tasks.n - full); };
      if (full == tasks.n)
        return wholeBlock();
      if (full == 0)
        return lastBlock();
      Value whole =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ult, columnTask,
                                b.index(tasks.fullBlocks()));
      b.ifElse(whole, wholeBlock, lastBlock);
    });
  }

private:
  void generateTiled(KernelBuilder &b, ArrayRef<Value> sizes, Operands &in) {
    auto finish = [&](const Tile &block, Accumulators sums,
                      ArrayRef<Value> outliers) {
      if (form.integer)
        applyScales(b, isa, in, block, sums);
      if (outliers.empty())
        return finishBlock(b, in, block, addOutliers(b, in, block, sums));
      for (auto [sum, outlier] : llvm::zip(sums, outliers))
        sum = arith::AddFOp::create(b, sum, outlier);
      finishBlock(b, in, block, sums);
    };
    x86::emitTiledTasks({b, isa, in, *tasks.plan, sizes[0], sizes[1], finish},
                        sizes[2], sizes[3]);
  }

  /// Rows [row, rowEnd) of the columns of a task.
  void coverRows(KernelBuilder &b, Operands &in, Value row, Value rowEnd,
                 Value column, int64_t count) {
    if (!form.digits)
      return coverByVectors(b, in, row, rowEnd, column, count);
    auto finish = [&](const Tile &block, Accumulators sums, ArrayRef<Value>) {
      scaleColumns(b, isa, in, block, sums);
      finishBlock(b, in, block, sums);
    };
    b.ifElse(
        x86::areManyDigits(b, b.dim(in.lhs, 0)),
        [&] {
          x86::emitDigits(b, isa, in, digits, row, rowEnd, column, count,
                          tasks.streamed, finish);
        },
        [&] {
          x86::emitFewDigits(b, isa, in, row, rowEnd, column, count,
                             tasks.streamed, finish);
        });
  }

  void coverByVectors(KernelBuilder &b, Operands &in, Value row, Value rowEnd,
                      Value column, int64_t count) {
    b.rowBlocks(row, rowEnd, tasks.rows, [&](Value block, int64_t blockRows) {
      Tile range{block, column, blockRows, count};
      auto inWords = [&] {
        x86::widenRows(b, in.lhs, block, blockRows, widened);
        emitBlocks(b, in, range);
      };
      if (form.bf16)
        widenHalves(b, isa, in.lhs, block, blockRows, widened);
      else if (in.lhsNear)
        return b.ifElse(
            x86::areNear(b, in, block, blockRows),
            [&] { coverInBytes(b, in, range); }, inWords);
      else if (widened)
        return inWords();
      emitBlocks(b, in, range);
    });
  }

  /// Rows that can be multiplied in bytes.
  void coverInBytes(KernelBuilder &b, Operands &in, const Tile &range) {
    auto byOffset = [&] {
      x86::startBytes(b, isa, in, range, start);
      emitBlocks(b, in, range, /*inBytes=*/true);
    };
    if (range.rows > 1)
      return byOffset();
    auto bySigns = [&] {
      signs = true;
      emitBlock(b, in, range, Value());
      signs = false;
    };
    b.ifElse(x86::isAlone(b, in), bySigns, byOffset);
  }

  /// A range of columns as blocks of accumulators.
  void emitBlocks(KernelBuilder &b, Operands &in, const Tile &range,
                  bool inBytes = false) {
    int64_t width = inBytes ? isa.lanes * isa.byteVectorsOf(range.rows)
                            : tasks.blockColumns(range.rows);
    int64_t whole = range.count / width * width;
    auto emit = [&](Value offset, int64_t count) {
      emitBlock(b, in,
                Tile{range.row, b.add(range.column, offset), range.rows, count},
                inBytes ? offset : Value());
    };
    if (range.count <= width)
      return emit(b.index(0), range.count);
    b.loop(b.index(0), b.index(whole), width,
           [&](Value offset) { emit(offset, width); });
    if (whole < range.count)
      emit(b.index(whole), range.count - whole);
  }

  /// `offset`: where the block begins in `start`; null without bytes.
  void emitBlock(KernelBuilder &b, Operands &in, const Tile &block,
                 Value offset) {
    Accumulators values = product(b, in, block, offset);
    if (form.integer)
      applyScales(b, isa, in, block, values);
    finishBlock(b, in, block, addOutliers(b, in, block, values));
  }

  Accumulators product(KernelBuilder &b, Operands &in, const Tile &block,
                       Value offset) {
    if (form.bf16)
      return bf16Product(b, isa, in, widened, block);
    if (!form.integer) {
      // The rows behind the first ones find the weights in a cache.
      Value fetches;
      if (tasks.streamed)
        fetches = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block.row,
                                        firstRow);
      return floatProduct(b, isa, in, block, fetches);
    }
    if (isa.isArm())
      return aarch64::integerProduct(b, isa, in, block);
    bool hasOffset = isa.codeOffset() && !op->hasAttr(kSignedCodesAttrName);
    if (form.grouped)
      return x86::groupedProduct(b, isa, in, widened, block, hasOffset);
    // Fewer rows wait for the weights of their own task.
    x86::Fetch fetch{tasks.streamed, Value(), {}};
    if (block.rows == tasks.rows && isa.lanes == 16)
      fetch.results = in.inits;
    if (block.rows == tasks.rows && tasks.streamed)
      fetch.part = arith::DivUIOp::create(b, b.sub(block.row, firstRow),
                                          b.index(tasks.rows));
    if (signs)
      return x86::signProduct(b, isa, in, block, fetch);
    if (offset)
      return x86::byteProduct(b, isa, in, start, offset, block, fetch);
    if (widened)
      return x86::wideProduct(b, isa, widened, in.rhs, block);
    return x86::vnniProduct(b, isa, in.lhs, in.rhs, in.sums, block, hasOffset,
                            fetch);
  }

  Accumulators addOutliers(KernelBuilder &b, const Operands &in,
                           const Tile &block, Accumulators values) {
    if (!in.tailLhs)
      return values;
    return in.tailRhs ? addTail(b, isa, in, block, values)
                      : addCodeTail(b, isa, in, block, values);
  }

  /// Epilogue and stores.
  void finishBlock(KernelBuilder &b, Operands &in, const Tile &block,
                   Accumulators values) {
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t v = 0; v < block.vectors(isa); ++v)
        finish(b, in, block, i, v, values[i * block.vectors(isa) + v]);
  }

  /// Epilogue and store of one vector.
  void finish(KernelBuilder &b, Operands &in, const Tile &block, int64_t i,
              int64_t v, Value accumulator) {
    Value row = b.add(block.row, i);
    Value column = b.add(block.column, v * isa.lanes);
    int64_t count = block.lanesOf(isa, v);
    SmallVector<Value> arguments{accumulator};
    for (Value input : in.epilogueInputs) {
      SmallVector<Value> indices{column};
      if (cast<MemRefType>(input.getType()).getRank() == 2)
        indices.insert(indices.begin(), row);
      arguments.push_back(b.load(input, indices, isa.lanes, count));
    }
    SmallVector<Value> results = applyEpilogue(b, op, arguments, in.scalars);
    for (auto [result, init] : llvm::zip(results, in.inits))
      b.store(result, init, {row, column}, count);
  }

  Value allocate(KernelBuilder &b, ArrayRef<int64_t> shape, Type element) {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element),
                                    b.getI64IntegerAttr(64));
  }

  MatmulOp op;
  const Isa &isa;
  const Form &form;
  const Tasks &tasks;
  Value widened, start;
  x86::DigitMemory digits;
  /// Whether the weights of the block being written take the signs of its row.
  bool signs = false;
  /// Of the current task.
  Value firstRow;
};

} // namespace

/// The views a call passes; fails with a diagnostic.
static FailureOr<Operands> makeViews(MatmulOp op, KernelBuilder &b) {
  Operands views;
  bool valid = true;
  auto check = [&](Value view, const Twine &what) {
    if (!view && valid) {
      op.emitOpError() << what << " is no contiguous buffer";
      valid = false;
    }
    return view;
  };
  auto matrix = [&](Value value, const Twine &what) {
    return value ? check(viewAsMatrix(b, value), what) : value;
  };
  auto vector = [&](Value value, const Twine &what) {
    return value ? check(viewAsVector(b, value), what) : value;
  };
  views.lhs = matrix(op.getLhs(), "lhs");
  views.rhs = op.getRhs();
  views.lhsScale = vector(op.getLhsScale(), "lhs_scale");
  // The number of groups is static.
  views.rhsScale = op.getGroupSize() ? op.getRhsScale()
                                     : vector(op.getRhsScale(), "rhs_scale");
  views.lhsZero = vector(op.getLhsZero(), "lhs_zero");
  views.tailLhs = matrix(op.getTailLhs(), "tail_lhs");
  views.tailRhs = op.getTailRhs();
  views.columns = vector(op.getColumns(), "columns");
  views.sums = op.getRhsSums();
  for (Value input : op.getEpilogueInputs())
    views.epilogueInputs.push_back(
        cast<MemRefType>(input.getType()).getRank() == 1
            ? vector(input, "an epilogue input")
            : matrix(input, "an epilogue input"));
  for (Value init : op.getInits())
    views.inits.push_back(matrix(init, "an init"));
  views.scalars = epilogueScalars(op);
  views.groupRows = op.getGroupSize().value_or(0);
  if (!valid)
    return failure();
  return views;
}

/// The rows of lhs in the order of tiles, if there are many.
static Value copyToTiles(KernelBuilder &b, Value lhs, KernelTable &kernels) {
  auto type = cast<MemRefType>(lhs.getType());
  int64_t k = type.getDimSize(1);
  Value m = b.dim(lhs, 0);
  Value many = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, m,
                                     b.index(x86::kCopiedRows));
  Value groups = arith::SelectOp::create(
      b, many, b.ceilDiv(m, b.index(x86::kTileRows)), b.index(0));
  auto copyType =
      MemRefType::get({ShapedType::kDynamic, k}, type.getElementType());
  Value copy =
      memref::AllocOp::create(b, copyType, b.mul(groups, x86::kTileRows));
  SmallVector<Value> captures{lhs, copy};
  func::FuncOp kernel = kernels.get(
      b.getLoc(), "tile_rows_" + std::to_string(k), "",
      ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        x86::emitTileCopy(inner, arguments[0], arguments[1], begin, end);
      });
  ParallelCallOp::create(b, kernel.getSymName(), groups,
                         b.index(std::max<int64_t>(1, (128 << 10) / k)),
                         captures);
  return copy;
}

LogicalResult kernels::lowerMatmul(MatmulOp op, const Isa &isa,
                                   KernelTable &kernels) {
  auto rhsType = cast<MemRefType>(op.getRhs().getType());
  if (rhsType.getRank() == 2)
    return op.emitOpError("has a right operand that is not packed");
  Form form(op, isa);
  if (form.integer && (isa.vnni || op.getLhsZero()) && !op.getRhsSums())
    return op.emitOpError("has no column sums");
  if (!form.integer && !form.bf16 &&
      !cast<MemRefType>(op.getLhs().getType()).getElementType().isF32())
    return op.emitOpError("multiplies f32, bf16 or codes only");
  if (failed(verifyEpilogue(op)))
    return failure();

  KernelBuilder b(op.getLoc(), op);
  FailureOr<Operands> views = makeViews(op, b);
  if (failed(views))
    return failure();
  auto initType = cast<MemRefType>(views->inits.front().getType());
  int64_t n = initType.getDimSize(1);
  int64_t k = cast<MemRefType>(views->lhs.getType()).getDimSize(1);
  Tasks tasks = form.tiles ? Tasks(isa, form,
                                   x86::TilePlan(rhsType.getDimSize(1),
                                                 form.bf16 ? 2 * k : k, n))
                           : Tasks(isa, form, n, k, kernels.getWeightBytes());
  if (form.tiles && !form.grouped && tasks.plan->copiesRows)
    views->lhsTiles = copyToTiles(b, views->lhs, kernels);
  if (form.digits)
    x86::makeDigits(b, isa, *views, kernels);
  if (form.integer && isa.widens() && !form.grouped)
    x86::splitRows(b, *views, kernels);
  if (form.tiles && !form.grouped && views->tailRhs)
    x86::splitTail(b, *views, kernels);
  SmallVector<Value> captures;
  views->forEach([&](Value value) { captures.push_back(value); });

  MatmulGenerator generator(op, isa, form, tasks);
  std::string name;
  llvm::raw_string_ostream(name)
      << "matmul_" << rhsType.getElementType() << '_' << k << 'x' << n;
  // Operands differ in number where their types could be mistaken.
  std::string key = epilogueKey(op);
  for (int32_t size : op.getProperties().getOperandSegmentSizes())
    key += ',' + std::to_string(size);
  if (op->hasAttr(kSignedCodesAttrName))
    key += ",signed";
  key += ",group " + std::to_string(views->groupRows);
  func::FuncOp kernel = kernels.get(
      op.getLoc(), name, key, ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        Operands operands = *views;
        size_t next = 0;
        operands.forEach([&](Value &value) { value = arguments[next++]; });
        generator.generate(inner, begin, end, operands);
      });

  Value m = b.dim(views->inits.front(), 0);
  Value rowsPerTask = tasks.rowsPerTask(b, m);
  // A product of few rows is bound by the reading of its weights, which takes
  // as long as about 12 rows of work.
  Value work = b.mul(b.add(rowsPerTask, 12), 2 * k * tasks.columns);
  Value grain = b.ceilDiv(
      b.index(form.integer ? isa.integerGrain : isa.floatGrain), work);
  Value rowTasks =
      b.ceilDiv(m, arith::MaxUIOp::create(b, rowsPerTask, b.index(1)));
  auto call = ParallelCallOp::create(b, kernel.getSymName(),
                                     b.mul(rowTasks, tasks.columnBlocks()),
                                     grain, captures);
  // For the profile: rows are the first dim of the result.
  int64_t result =
      llvm::find(captures, views->inits.front()) - captures.begin();
  call->setAttr(kOperationsAttrName,
                b.getDenseI64ArrayAttr({2 * k * n, result, 0}));
  call->setAttr(kOperandTypeAttrName,
                TypeAttr::get(form.integer || form.bf16
                                  ? rhsType.getElementType()
                                  : Type(b.getF32Type())));
  call->setAttr(kWeightBytesAttrName,
                b.getI64IntegerAttr(rhsType.getNumElements() *
                                    rhsType.getElementTypeBitWidth() / 8));
  op.erase();
  return success();
}
