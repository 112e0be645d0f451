//===- Contraction.cpp - kernels of float contractions --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of the loops of a contraction, `n` is the contiguous dim of the result, `k`
// the contracted one and `m` another dim of the operand without n; all others
// are outer loops. A task is one point of the outer loops and a range of m. The
// operand with n is read in place where n is contiguous in it, as in
// probabilities x values; otherwise panels of 32 columns are copied to the
// stack first, transposed in registers where k is contiguous, as in queries x
// keys.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

namespace {

constexpr int64_t kPanel = 32;
/// Depth of a copied panel: 32 KiB, which L1 holds beside the rows of lhs.
constexpr int64_t kDepth = 256;
/// Rows of a task: the copy of a panel serves all of them.
constexpr int64_t kMaxRows = 192;
/// Copied rows are apart by more than kDepth: at 1 KiB they would meet in few
/// sets of L1.
constexpr int64_t kRowPitch = kDepth + 16;

/// The roles of the loops; positions of m, n and k are loop numbers.
struct Roles {
  unsigned lhs = 0, rhs = 1; // operand numbers: rhs is the one with n
  unsigned n = 0, k = 0;
  std::optional<unsigned> m;
  SmallVector<unsigned> outer;
};

bool isContiguousIn(MemRefType type, AffineMap map, unsigned loop) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (map.getNumResults() == 0 ||
      failed(type.getStridesAndOffset(strides, offset)))
    return false;
  return map.getDimPosition(map.getNumResults() - 1) == loop &&
         strides.back() == 1;
}

MemRefType typeOf(linalg::LinalgOp op, unsigned operand) {
  return cast<MemRefType>(op->getOperand(operand).getType());
}

std::optional<Roles> findRoles(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || !linalg::isaContractionOpInterface(op))
    return std::nullopt;
  for (unsigned i = 0; i < 3; ++i)
    if (!typeOf(op, i).getElementType().isF32())
      return std::nullopt;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->k.size() != 1 ||
      dims->batch.size() + dims->m.size() + dims->n.size() + 1 !=
          op.getNumLoops())
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[2].getNumResults() == 0)
    return std::nullopt;

  Roles roles;
  roles.k = dims->k.front();
  roles.n = maps[2].getDimPosition(maps[2].getNumResults() - 1);
  if (!isContiguousIn(typeOf(op, 2), maps[2], roles.n))
    return std::nullopt;
  SmallVector<unsigned> rows(dims->m.begin(), dims->m.end());
  SmallVector<unsigned> columns(dims->n.begin(), dims->n.end());
  if (llvm::is_contained(rows, roles.n)) {
    std::swap(roles.lhs, roles.rhs);
    std::swap(rows, columns);
  } else if (!llvm::is_contained(columns, roles.n)) {
    return std::nullopt;
  }
  // The row that moves slowest through lhs is not worth blocking: take the
  // last.
  if (!rows.empty())
    roles.m = rows.back();
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (loop != roles.n && loop != roles.k && loop != roles.m)
      roles.outer.push_back(loop);
  return roles;
}

class ContractionGenerator {
public:
  ContractionGenerator(KernelBuilder &b, const Isa &isa, linalg::LinalgOp op,
                       const Roles &roles, bool overwrite, ValueRange captures)
      : b(b), isa(isa), roles(roles), maps(op.getIndexingMapsArray()),
        operands(captures), indices(op.getNumLoops()), overwrite(overwrite) {
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    staticN = ranges[roles.n];
    staticK = ranges[roles.k];
    inPlace = isContiguousIn(typeOf(op, roles.rhs), maps[roles.rhs], roles.n);
    transposed =
        isContiguousIn(typeOf(op, roles.rhs), maps[roles.rhs], roles.k);
    lhsContiguous =
        isContiguousIn(typeOf(op, roles.lhs), maps[roles.lhs], roles.k);
    copyRows = roles.m && !(lhsContiguous && hasStaticStride(op, *roles.m));
  }

  /// The extent of a loop, from the operand that has it.
  Value extent(std::optional<unsigned> loop) {
    if (!loop)
      return b.index(1);
    for (auto [map, operand] : llvm::zip(maps, operands))
      if (std::optional<unsigned> position =
              map.getResultPosition(b.getAffineDimExpr(*loop)))
        return b.dim(operand, *position);
    llvm_unreachable("every loop of a contraction has an operand");
  }

  Value rowsPerTask() {
    Value m = extent(roles.m);
    Value parts =
        arith::MaxUIOp::create(b, b.ceilDiv(m, b.index(kMaxRows)), b.index(1));
    Value rows = b.ceilDiv(b.ceilDiv(m, parts), b.index(isa.floatRows));
    return b.mul(arith::MaxUIOp::create(b, rows, b.index(1)), isa.floatRows);
  }

  Value numTasks() {
    Value tasks = b.ceilDiv(extent(roles.m), rowsPerTask());
    for (unsigned loop : roles.outer)
      tasks = b.mul(tasks, extent(loop));
    return tasks;
  }

  Value workPerTask() {
    return b.mul(b.mul(b.mul(rowsPerTask(), extent(roles.n)), extent(roles.k)),
                 2);
  }

  void generate(Value begin, Value end) {
    if (!inPlace)
      panel = memref::AllocaOp::create(
          b, MemRefType::get({kDepth, kPanel}, b.getF32Type()),
          b.getI64IntegerAttr(64));
    if (copyRows)
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

private:
  bool hasStaticStride(linalg::LinalgOp op, unsigned loop) {
    SmallVector<int64_t> strides;
    int64_t offset;
    auto position = maps[roles.lhs].getResultPosition(b.getAffineDimExpr(loop));
    return position &&
           succeeded(
               typeOf(op, roles.lhs).getStridesAndOffset(strides, offset)) &&
           !ShapedType::isDynamic(strides[*position]);
  }

  void generateTask(Value row, Value rowEnd) {
    int64_t width = isa.floatVectors * isa.lanes;
    auto atDepth = [&](Value depth, Value depthEnd) {
      if (inPlace) {
        b.loop(b.index(0), n, width, [&](Value column) {
          addBlocks(row, rowEnd, column, depth, depthEnd);
        });
        return;
      }
      b.loop(b.index(0), n, kPanel, [&](Value column) {
        if (transposed)
          copyTransposed(column, depth, depthEnd);
        else
          copyElements(column, depth, depthEnd);
        for (int64_t first = 0; first < kPanel; first += width) {
          panelColumn = first;
          addBlocks(row, rowEnd, b.add(column, first), depth, depthEnd);
        }
      });
    };
    oneDepth = (inPlace && !copyRows) ||
               (!ShapedType::isDynamic(staticK) && staticK <= kDepth);
    if (oneDepth)
      return atDepth(b.index(0), k);
    // Once even for k = 0, where the result is zeros.
    Value end = arith::MaxUIOp::create(b, k, b.index(1));
    b.loop(b.index(0), end, kDepth, [&](Value depth) {
      atDepth(depth, b.min(b.add(depth, kDepth), k));
    });
  }

  SmallVector<Value> access(unsigned operand) {
    SmallVector<Value> result;
    for (AffineExpr expr : maps[operand].getResults())
      result.push_back(indices[cast<AffineDimExpr>(expr).getPosition()]);
    return result;
  }

  /// Lanes of the vector at `column` that lie within n; null when all do.
  Value columnMask(Value column) {
    if (!ShapedType::isDynamic(staticN) && staticN % kPanel == 0)
      return nullptr;
    return vector::CreateMaskOp::create(
        b, VectorType::get({isa.lanes}, b.getI1Type()), b.sub(n, column));
  }

  /// Lanes of a vector along k that lie before depthEnd; null when all do.
  Value depthMask(Value position, Value depthEnd) {
    if (!ShapedType::isDynamic(staticK) && staticK % isa.lanes == 0)
      return nullptr;
    return vector::CreateMaskOp::create(
        b, VectorType::get({isa.lanes}, b.getI1Type()),
        b.sub(depthEnd, position));
  }

  Value loadVector(Value memref, ValueRange at, Value mask) {
    if (!mask)
      return b.load(memref, at, isa.lanes, isa.lanes);
    auto type = VectorType::get({isa.lanes}, b.getF32Type());
    return vector::MaskedLoadOp::create(b, type, memref, at, mask,
                                        b.splat(type, 0));
  }

  /// panel[i][j] = rhs(depth + i, column + j) by blocks of lanes x lanes.
  void copyTransposed(Value column, Value depth, Value depthEnd) {
    Value last = b.sub(n, b.index(1));
    b.loop(depth, depthEnd, isa.lanes, [&](Value position) {
      Value mask = depthMask(position, depthEnd);
      b.loop(b.index(0), b.index(kPanel), isa.lanes, [&](Value first) {
        SmallVector<Value> rows;
        for (int64_t i = 0; i < isa.lanes; ++i) {
          // Columns beyond n repeat the last one: they are never stored.
          indices[roles.n] = b.min(b.add(b.add(column, first), i), last);
          indices[roles.k] = position;
          rows.push_back(
              loadVector(operands[roles.rhs], access(roles.rhs), mask));
        }
        transpose(rows);
        Value to = b.sub(position, depth);
        for (int64_t i = 0; i < isa.lanes; ++i)
          b.store(rows[i], panel, {b.add(to, i), first}, isa.lanes);
      });
    });
  }

  /// Swaps off-diagonal blocks of 1, 2, 4, ... lanes.
  void transpose(SmallVector<Value> &rows) {
    int64_t lanes = rows.size();
    for (int64_t width = 1; width < lanes; width *= 2) {
      SmallVector<int64_t> upper, lower;
      for (int64_t i = 0; i < lanes; ++i) {
        upper.push_back(i & width ? lanes + i - width : i);
        lower.push_back(i & width ? lanes + i : i + width);
      }
      for (int64_t i = 0; i < lanes; ++i) {
        if (i & width)
          continue;
        Value first = rows[i], second = rows[i + width];
        rows[i] = vector::ShuffleOp::create(b, first, second, upper);
        rows[i + width] = vector::ShuffleOp::create(b, first, second, lower);
      }
    }
  }

  void copyElements(Value column, Value depth, Value depthEnd) {
    Value count = b.min(b.sub(n, column), b.index(kPanel));
    b.loop(depth, depthEnd, 1, [&](Value position) {
      b.loop(b.index(0), count, 1, [&](Value j) {
        indices[roles.k] = position;
        indices[roles.n] = b.add(column, j);
        Value element =
            memref::LoadOp::create(b, operands[roles.rhs], access(roles.rhs));
        memref::StoreOp::create(b, element, panel,
                                ValueRange{b.sub(position, depth), j});
      });
    });
  }

  /// out += lhs * rhs for all rows, columns [column, + a block), k in
  /// [depth, depthEnd).
  void addBlocks(Value row, Value rowEnd, Value column, Value depth,
                 Value depthEnd) {
    SmallVector<Value> masks;
    for (int64_t v = 0; v < isa.floatVectors; ++v)
      masks.push_back(columnMask(b.add(column, v * isa.lanes)));
    b.rowBlocks(row, rowEnd, isa.floatRows, [&](Value first, int64_t rows) {
      if (copyRows)
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
      accumulators = b.loop(whole, depthEnd, 1, accumulators,
                            [&](Value base, ValueRange carried) {
                              return step(base, 0, carried);
                            });
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

  /// The values that a block starts from.
  SmallVector<Value> initial(Value first, int64_t rows, Value column,
                             Value depth, ArrayRef<Value> masks) {
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

  /// copiedRows[i][j] = lhs(first + i, depth + j).
  void copyRowsOf(Value first, int64_t rows, Value depth, Value depthEnd) {
    int64_t step = lhsContiguous ? isa.lanes : 1;
    b.loop(depth, depthEnd, step, [&](Value position) {
      Value to = b.sub(position, depth), mask;
      if (lhsContiguous)
        mask = depthMask(position, depthEnd);
      indices[roles.k] = position;
      for (int64_t i = 0; i < rows; ++i) {
        indices[*roles.m] = b.add(first, i);
        SmallVector<Value> from = access(roles.lhs);
        if (lhsContiguous)
          b.store(loadVector(operands[roles.lhs], from, mask), copiedRows,
                  {b.index(i), to}, isa.lanes);
        else
          memref::StoreOp::create(
              b, memref::LoadOp::create(b, operands[roles.lhs], from),
              copiedRows, ValueRange{b.index(i), to});
      }
    });
  }

  /// The vectors of a block of the result.
  void eachVector(Value first, int64_t rows, Value column,
                  function_ref<void(int64_t, ValueRange)> body) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t v = 0; v < isa.floatVectors; ++v) {
        if (roles.m)
          indices[*roles.m] = b.add(first, i);
        indices[roles.n] = b.add(column, v * isa.lanes);
        body(v, access(2));
      }
  }

  SmallVector<Value> multiply(Value first, int64_t rows, Value column,
                              Value position, Value depth,
                              ArrayRef<Value> masks, ValueRange carried) {
    SmallVector<Value> next(carried), rhs;
    indices[roles.k] = position;
    for (int64_t v = 0; v < isa.floatVectors; ++v) {
      indices[roles.n] = b.add(column, v * isa.lanes);
      if (inPlace)
        rhs.push_back(
            loadVector(operands[roles.rhs], access(roles.rhs), masks[v]));
      else
        rhs.push_back(b.load(
            panel,
            {b.sub(position, depth), b.index(panelColumn + v * isa.lanes)},
            isa.lanes, isa.lanes));
    }
    for (int64_t i = 0; i < rows; ++i) {
      if (roles.m)
        indices[*roles.m] = b.add(first, i);
      Value scalar;
      if (copyRows)
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

  KernelBuilder &b;
  const Isa &isa;
  const Roles &roles;
  SmallVector<AffineMap> maps;
  ValueRange operands;
  /// Current value of every loop.
  SmallVector<Value> indices;
  int64_t staticN, staticK, panelColumn = 0;
  bool overwrite, oneDepth = false;
  bool inPlace, transposed, lhsContiguous, copyRows;
  Value n, k, panel, copiedRows;
};

} // namespace

bool x86::isContraction(linalg::LinalgOp op) {
  return findRoles(op).has_value();
}

/// The fill with zeros that alone determines what the operation adds to, if the
/// result is a buffer that nothing else knows of before.
static linalg::FillOp findZeroFill(linalg::LinalgOp op) {
  Value out = op->getOperand(2);
  if (!isa_and_nonnull<memref::AllocOp, OutputOp>(out.getDefiningOp()))
    return nullptr;
  linalg::FillOp fill;
  for (Operation *user : out.getUsers()) {
    if (user == op)
      continue;
    // Users in other blocks and users that come later see the same values.
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    if (!ancestor)
      return nullptr;
    if (!ancestor->isBeforeInBlock(op))
      continue;
    if (fill || !isa<linalg::FillOp>(user) || ancestor != user)
      return nullptr;
    fill = cast<linalg::FillOp>(user);
  }
  if (!fill || !matchPattern(fill.getInputs().front(), m_AnyZeroFloat()) ||
      llvm::count(op->getOperands(), out) != 1)
    return nullptr;
  return fill;
}

void x86::lowerContraction(linalg::LinalgOp op, const Isa &isa,
                           KernelTable &kernels) {
  Roles roles = *findRoles(op);
  KernelBuilder b(op.getLoc(), op);
  linalg::FillOp fill = findZeroFill(op);
  bool overwrite = bool(fill);
  SmallVector<Value> captures(op->getOperands());
  std::string key = overwrite ? "overwrite;" : "add;";
  llvm::raw_string_ostream os(key);
  for (AffineMap map : op.getIndexingMapsArray())
    os << map << ';';
  func::FuncOp kernel = kernels.get(
      op.getLoc(), "contraction", key, ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        ContractionGenerator(inner, isa, op, roles, overwrite, arguments)
            .generate(begin, end);
      });
  ContractionGenerator outside(b, isa, op, roles, overwrite, captures);
  Value tasks = outside.numTasks();
  Value work = arith::MaxUIOp::create(b, outside.workPerTask(), b.index(1));
  Value grain = b.ceilDiv(b.index(isa.floatGrain), work);
  ParallelCallOp::create(b, kernel.getSymName(), tasks, grain, captures);
  if (fill)
    fill.erase();
  op.erase();
}
