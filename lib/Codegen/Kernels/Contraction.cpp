//===- Contraction.cpp - kernels of float contractions --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which loop plays which part, and the call of the kernel that takes the place
// of the operation.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "ContractionGenerator.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

static bool isContiguousIn(MemRefType type, AffineMap map, unsigned loop) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (map.getNumResults() == 0 ||
      failed(type.getStridesAndOffset(strides, offset)))
    return false;
  return map.getDimPosition(map.getNumResults() - 1) == loop &&
         strides.back() == 1;
}

static MemRefType typeOf(linalg::LinalgOp op, unsigned operand) {
  return cast<MemRefType>(op->getOperand(operand).getType());
}

/// Whether the rows that `loop` counts are apart by a number known here.
static bool hasStaticStride(linalg::LinalgOp op, unsigned operand,
                            AffineMap map, unsigned loop) {
  SmallVector<int64_t> strides;
  int64_t offset;
  auto position =
      map.getResultPosition(getAffineDimExpr(loop, op->getContext()));
  return position &&
         succeeded(typeOf(op, operand).getStridesAndOffset(strides, offset)) &&
         !ShapedType::isDynamic(strides[*position]);
}

std::optional<ContractionRoles> kernels::findRoles(linalg::LinalgOp op) {
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

  ContractionRoles roles;
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
  unsigned lhs = roles.lhs, rhs = roles.rhs;
  roles.inPlace = isContiguousIn(typeOf(op, rhs), maps[rhs], roles.n);
  roles.transposed = isContiguousIn(typeOf(op, rhs), maps[rhs], roles.k);
  roles.lhsContiguous = isContiguousIn(typeOf(op, lhs), maps[lhs], roles.k);
  roles.copyRows = roles.m && !(roles.lhsContiguous &&
                                hasStaticStride(op, lhs, maps[lhs], *roles.m));
  return roles;
}

bool kernels::isContraction(linalg::LinalgOp op) {
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

/// For the profile: each loop by an operand that has it for a dim.
static void noteOperations(ParallelCallOp call, linalg::LinalgOp op) {
  SmallVector<int64_t> terms{2};
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    for (auto [operand, map] : llvm::enumerate(op.getIndexingMapsArray()))
      if (auto dim =
              map.getResultPosition(getAffineDimExpr(loop, op->getContext()))) {
        terms.append({static_cast<int64_t>(operand), *dim});
        break;
      }
  OpBuilder b(call);
  call->setAttr(kOperationsAttrName, b.getDenseI64ArrayAttr(terms));
  call->setAttr(kOperandTypeAttrName,
                TypeAttr::get(typeOf(op, 0).getElementType()));
}

void kernels::lowerContraction(linalg::LinalgOp op, const Isa &isa,
                               KernelTable &kernels) {
  ContractionRoles roles = *findRoles(op);
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
  auto call =
      ParallelCallOp::create(b, kernel.getSymName(), tasks, grain, captures);
  noteOperations(call, op);
  if (fill)
    fill.erase();
  op.erase();
}
