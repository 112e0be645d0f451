//===- RowAccess.cpp - what a row loop does to memory ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowAccess.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::qopt;

bool mlir::qopt::isRowLoop(scf::ParallelOp loop) {
  return loop.getNumLoops() == 1 && loop.getNumReductions() == 0 &&
         getConstantIntValue(loop.getLowerBound()[0]) == 0 &&
         getConstantIntValue(loop.getStep()[0]) == 1;
}

bool RowAccesses::writes(Value root) const {
  auto found = byRoot.find(root);
  return found != byRoot.end() &&
         llvm::any_of(found->second,
                      [](const RowAccess &access) { return access.write; });
}

Value mlir::qopt::getRootBuffer(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

static RowAccess describeAccess(Operation *op, Value memref, ValueRange indices,
                                bool write, scf::ParallelOp loop) {
  RowAccess access;
  access.op = op;
  access.memref = memref;
  access.write = write;
  Value row = loop.getInductionVars()[0];
  affine::AffineDelinearizeIndexOp split;
  for (auto [place, index] : llvm::enumerate(indices)) {
    if (index == row) {
      access.coordinates.push_back({static_cast<unsigned>(place), 0});
      access.injective = true;
      continue;
    }
    auto part = index.getDefiningOp<affine::AffineDelinearizeIndexOp>();
    if (!part || part.getLinearIndex() != row || !part.hasOuterBound())
      continue;
    if (split && split.getMixedBasis() != part.getMixedBasis())
      continue;
    split = part;
    access.coordinates.push_back(
        {static_cast<unsigned>(place),
         static_cast<unsigned>(cast<OpResult>(index).getResultNumber())});
  }
  if (split && !access.injective) {
    access.basis = split.getMixedBasis();
    llvm::SmallBitVector seen(access.basis.size());
    for (const RowCoordinate &coordinate : access.coordinates)
      seen.set(coordinate.position);
    for (auto [i, size] : llvm::enumerate(access.basis))
      if (getConstantIntValue(size) == 1)
        seen.set(i);
    access.injective = seen.all();
  }
  return access;
}

/// The size of what one row covers of `access.memref`, in elements, when rows
/// cover it densely in order: then views of other shapes can be compared too.
static std::optional<int64_t> denseRow(const RowAccess &access) {
  auto type = cast<MemRefType>(access.memref.getType());
  if (!access.injective || !type.getLayout().isIdentity())
    return std::nullopt;
  unsigned leading = std::max<size_t>(1, access.basis.size());
  if (access.coordinates.size() != leading ||
      static_cast<int64_t>(leading) > type.getRank())
    return std::nullopt;
  for (auto [i, coordinate] : llvm::enumerate(access.coordinates))
    if (coordinate.place != i || coordinate.position != i)
      return std::nullopt;
  // The sizes by which the index was split must be those of the buffer; the
  // outermost does not enter the address.
  for (unsigned i = 1; i < access.basis.size(); ++i) {
    std::optional<int64_t> size = getConstantIntValue(access.basis[i]);
    if (type.isDynamicDim(i) || size != type.getDimSize(i)) {
      auto dim = dyn_cast<Value>(access.basis[i]);
      if (!dim)
        return std::nullopt;
      auto dimOp = dim.getDefiningOp<memref::DimOp>();
      bool same = dimOp && dimOp.getSource() == access.memref &&
                  dimOp.getConstantIndex() == static_cast<int64_t>(i);
      if (auto alloc = access.memref.getDefiningOp<memref::AllocOp>())
        if (type.isDynamicDim(i))
          same |= alloc.getDynamicSizes()[type.getDynamicDimIndex(i)] == dim;
      if (!same)
        return std::nullopt;
    }
  }
  int64_t elements = 1;
  for (int64_t i = leading; i < type.getRank(); ++i) {
    if (type.isDynamicDim(i))
      return std::nullopt;
    elements *= type.getDimSize(i);
  }
  return elements;
}

/// Whether two accesses to one buffer can meet only in equal rows.
bool mlir::qopt::meetOnlyInRow(const RowAccess &a, const RowAccess &b) {
  if (!a.injective || !b.injective)
    return false;
  if (a.memref == b.memref && a.coordinates == b.coordinates &&
      a.basis == b.basis)
    return true;
  std::optional<int64_t> rowA = denseRow(a), rowB = denseRow(b);
  return rowA && rowB && *rowA == *rowB;
}

RowAccesses mlir::qopt::collectRowAccesses(scf::ParallelOp loop) {
  RowAccesses result;
  loop.getRegion().walk([&](Operation *op) {
    Value memref;
    ValueRange indices;
    bool write =
        isa<memref::StoreOp, vector::StoreOp, vector::MaskedStoreOp>(op);
    bool known =
        llvm::TypeSwitch<Operation *, bool>(op)
            .Case<memref::LoadOp, memref::StoreOp>([&](auto access) {
              memref = access.getMemRef();
              indices = access.getIndices();
              return true;
            })
            // Along the last dim, within a row.
            .Case<vector::LoadOp, vector::StoreOp, vector::MaskedLoadOp,
                  vector::MaskedStoreOp>([&](auto access) {
              memref = access.getBase();
              indices = access.getIndices();
              return true;
            })
            .Default(false);
    if (!known) {
      // Of vectors only: it computes.
      if (isa<LLVM::CallIntrinsicOp>(op) &&
          llvm::none_of(op->getOperandTypes(),
                        llvm::IsaPred<LLVM::LLVMPointerType, MemRefType>))
        return;
      if (!isMemoryEffectFree(op) &&
          !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
        result.known = false;
      return;
    }
    result.byRoot[getRootBuffer(memref)].push_back(
        describeAccess(op, memref, indices, write, loop));
  });
  return result;
}
