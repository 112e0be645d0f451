//===- KernelBuilder.cpp - building blocks of the kernels -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value KernelBuilder::f32(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value KernelBuilder::splat(VectorType type, double value) {
  Type element = type.getElementType();
  TypedAttr scalar = isa<FloatType>(element)
                         ? TypedAttr(getFloatAttr(element, value))
                         : TypedAttr(getIntegerAttr(element, int64_t(value)));
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, scalar));
}

Value KernelBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value KernelBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value KernelBuilder::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}
Value KernelBuilder::min(Value a, Value b) {
  return createOrFold<arith::MinUIOp>(a, b);
}
Value KernelBuilder::ceilDiv(Value a, Value b) {
  return arith::DivUIOp::create(*this, sub(add(a, b), index(1)), b);
}
Value KernelBuilder::dim(Value memref, int64_t i) {
  return createOrFold<memref::DimOp>(memref, i);
}

static Value tailMask(KernelBuilder &b, int64_t lanes, int64_t count) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), count, true);
  auto type = VectorType::get({lanes}, b.getI1Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, bits));
}

Value KernelBuilder::load(Value memref, ValueRange indices, int64_t lanes,
                          int64_t count) {
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  if (count >= lanes)
    return vector::LoadOp::create(*this, type, memref, indices);
  return vector::MaskedLoadOp::create(*this, type, memref, indices,
                                      tailMask(*this, lanes, count),
                                      splat(type, 0));
}

void KernelBuilder::store(Value vector, Value memref, ValueRange indices,
                          int64_t count) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  if (count >= lanes)
    vector::StoreOp::create(*this, vector, memref, indices);
  else
    vector::MaskedStoreOp::create(*this, memref, indices,
                                  tailMask(*this, lanes, count), vector);
}

Value KernelBuilder::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      *this, VectorType::get({lanes}, scalar.getType()), scalar);
}

SmallVector<Value> KernelBuilder::loop(Value begin, Value end, int64_t step,
                                       ValueRange carried, LoopBody body) {
  auto op = scf::ForOp::create(*this, begin, end, index(step), carried);
  InsertionGuard guard(*this);
  // Without carried values the loop already has its terminator.
  setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(*this, next);
  return op.getResults();
}

void KernelBuilder::loop(Value begin, Value end, int64_t step,
                         function_ref<void(Value)> body) {
  loop(begin, end, step, {}, [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

void KernelBuilder::unrollBy(int64_t count) {
  MLIRContext *context = getContext();
  bool disable = count == 1;
  auto unroll =
      LLVM::LoopUnrollAttr::get(context, disable ? getBoolAttr(true) : nullptr,
                                disable ? nullptr : getI32IntegerAttr(count),
                                nullptr, nullptr, nullptr, nullptr, nullptr);
  auto annotation = LLVM::LoopAnnotationAttr::get(
      context, nullptr, nullptr, nullptr, unroll, nullptr, nullptr, nullptr,
      nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, {});
  getInsertionBlock()->getParentOp()->setAttr("loop_annotation", annotation);
}

SmallVector<Value> KernelBuilder::unrolled(
    int64_t end, int64_t unroll, ValueRange carried,
    function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  SmallVector<Value> values(carried);
  int64_t whole = end / unroll * unroll;
  if (whole > unroll)
    values = loop(index(0), index(whole), unroll, values,
                  [&](Value base, ValueRange current) {
                    SmallVector<Value> next(current);
                    for (int64_t i = 0; i < unroll; ++i)
                      next = body(base, i, next);
                    return next;
                  });
  else
    whole = 0;
  for (int64_t i = whole; i < end; ++i)
    values = body(index(0), i, values);
  return values;
}

void KernelBuilder::ifElse(Value condition, function_ref<void()> then,
                           function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  then();
  setInsertionPointToStart(op.elseBlock());
  otherwise();
}

void KernelBuilder::rowBlocks(Value begin, Value end, int64_t rows,
                              function_ref<void(Value, int64_t)> body) {
  Value count = sub(end, begin);
  Value rest = arith::RemUIOp::create(*this, count, index(rows));
  Value restBegin = sub(end, rest);
  loop(begin, restBegin, rows, [&](Value row) { body(row, rows); });
  if (rows == 1)
    return;
  // The rest is a sum of powers of two, largest first.
  for (int64_t part = llvm::bit_floor(uint64_t(rows - 1)); part > 0;
       part /= 2) {
    Value before = arith::AndIOp::create(*this, rest, index(~(2 * part - 1)));
    Value row = add(restBegin, before);
    Value bit = arith::AndIOp::create(*this, rest, index(part));
    loop(row, add(row, bit), part, [&](Value block) { body(block, part); });
  }
}

ExchangeMasks::ExchangeMasks(int64_t lanes, int64_t width) {
  for (int64_t i = 0; i < lanes; ++i) {
    upper.push_back(i & width ? lanes + i - width : i);
    lower.push_back(i & width ? lanes + i : i + width);
  }
}

void kernels::transposeInRegisters(KernelBuilder &b,
                                   SmallVectorImpl<Value> &rows) {
  // Swaps off-diagonal blocks of 1, 2, 4, ... lanes.
  int64_t lanes = rows.size();
  for (int64_t width = 1; width < lanes; width *= 2) {
    ExchangeMasks masks(lanes, width);
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & width)
        continue;
      Value first = rows[i], second = rows[i + width];
      rows[i] = vector::ShuffleOp::create(b, first, second, masks.upper);
      rows[i + width] =
          vector::ShuffleOp::create(b, first, second, masks.lower);
    }
  }
}

/// Whether the last dim is contiguous and the leading ones can become one.
static bool isCollapsible(MemRefType type,
                          ArrayRef<ReassociationIndices> groups) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  if (!strides.empty() && strides.back() != 1)
    return false;
  return type.getLayout().isIdentity() || type.getRank() < 2 ||
         memref::CollapseShapeOp::isGuaranteedCollapsible(
             type, SmallVector<ReassociationIndices>(groups));
}

/// Forgets a static leading dim, so that kernels are shared.
static Value withDynamicRows(KernelBuilder &b, Value value) {
  auto type = cast<MemRefType>(value.getType());
  if (type.isDynamicDim(0))
    return value;
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = ShapedType::kDynamic;
  return memref::CastOp::create(b,
                                MemRefType::get(shape, type.getElementType(),
                                                type.getLayout(),
                                                type.getMemorySpace()),
                                value);
}

/// All dims but the last, and the last.
static SmallVector<ReassociationIndices> rowsAndColumns(int64_t rank) {
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i < rank; ++i)
    groups[i == rank - 1].push_back(i);
  return groups;
}

bool mlir::qopt::kernels::isMatrix(MemRefType type) {
  return isCollapsible(type, rowsAndColumns(type.getRank()));
}

Value mlir::qopt::kernels::viewAsMatrix(KernelBuilder &b, Value value) {
  auto type = cast<MemRefType>(value.getType());
  int64_t rank = type.getRank();
  SmallVector<ReassociationIndices> groups = rowsAndColumns(rank);
  if (rank == 0 || !isMatrix(type))
    return nullptr;
  if (rank == 1)
    value = memref::ExpandShapeOp::create(
        b, ArrayRef<int64_t>{1, type.getDimSize(0)}, value,
        ArrayRef<ReassociationIndices>{{0, 1}});
  else if (rank > 2)
    value = memref::CollapseShapeOp::create(b, value, groups);
  return withDynamicRows(b, value);
}

Value mlir::qopt::kernels::viewAsVector(KernelBuilder &b, Value value) {
  auto type = cast<MemRefType>(value.getType());
  int64_t rank = type.getRank();
  SmallVector<ReassociationIndices> groups(1);
  for (int64_t i = 0; i < rank; ++i)
    groups[0].push_back(i);
  if (!isCollapsible(type, groups))
    return nullptr;
  if (rank == 0)
    value = memref::ExpandShapeOp::create(b, ArrayRef<int64_t>{1}, value,
                                          ArrayRef<ReassociationIndices>{});
  else if (rank > 1)
    value = memref::CollapseShapeOp::create(b, value, groups);
  return withDynamicRows(b, value);
}

func::FuncOp KernelTable::get(Location loc, StringRef name, StringRef key,
                              TypeRange captures, Generator generate) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << name << '|' << key;
  for (Type type : captures)
    os << '|' << type;
  func::FuncOp &kernel = kernels[text];
  if (kernel)
    return kernel;

  OpBuilder builder(module.getContext());
  SmallVector<Type> inputs(2, builder.getIndexType());
  llvm::append_range(inputs, captures);
  kernel = func::FuncOp::create(
      builder, loc,
      (name + "_" + llvm::utohexstr(llvm::xxh3_64bits(text) & 0xffffffff, true))
          .str(),
      builder.getFunctionType(inputs, {}));
  kernel.setPrivate();
  symbols.insert(kernel);
  KernelBuilder b(loc, builder);
  b.setInsertionPointToStart(kernel.addEntryBlock());
  generate(b, kernel.getArgument(0), kernel.getArgument(1),
           kernel.getArguments().drop_front(2));
  func::ReturnOp::create(b);
  return kernel;
}
