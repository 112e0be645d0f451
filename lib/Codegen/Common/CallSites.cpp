//===- CallSites.cpp - what the profile tells about a loop ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant records beside the calls of qopt_rt_kernel, in the layout of
// include/qopt/Runtime/ModelABI.h: which nodes of the model a call computes,
// and how its operations and bytes follow from the sizes that it hands over.
// Nothing is computed unless a run is recorded.
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// A qopt_amount: a factor, and where the sizes lie that it is multiplied by.
struct Amount {
  int64_t factor = 0;
  SmallVector<int64_t> sizes;
};

/// Amounts over the sizes in a pack.
class Amounts {
public:
  Amounts(RuntimeBuilder &b, ParallelCallOp op, LLVM::LLVMStructType pack)
      : b(b), op(op),
        type(LLVM::LLVMStructType::getLiteral(
            pack.getContext(),
            {b.i64, b.i32, LLVM::LLVMArrayType::get(b.i32, kSizes)})) {
    int64_t end = 0;
    SmallVector<int64_t> offsets;
    for (Type field : pack.getBody()) {
      // Scalars lie at multiples of their size.
      int64_t size = isa<LLVM::LLVMPointerType>(field)
                         ? 8
                         : llvm::divideCeil(field.getIntOrFloatBitWidth(), 8);
      offsets.push_back(llvm::alignTo(end, size));
      end = offsets.back() + size;
    }
    size_t next = 0;
    for (Value capture : op.getCaptures()) {
      auto memref = dyn_cast<MemRefType>(capture.getType());
      SmallVector<int64_t> &own = sizes.emplace_back();
      ++next;
      if (!memref)
        continue;
      // Behind the pointer come the sizes, then offset and strides.
      for (int64_t size : memref.getShape())
        if (ShapedType::isDynamic(size))
          own.push_back(offsets[next++]);
      if (memref.getLayout().isIdentity())
        continue;
      auto [strides, start] = memref.getStridesAndOffset();
      next += ShapedType::isDynamic(start);
      next += llvm::count_if(strides, ShapedType::isDynamic);
    }
  }

  /// Of the operation's attribute; nothing when it is no product, or of more
  /// sizes than a record takes. Its own captures begin at `first`.
  std::optional<Amount> operations(unsigned first) {
    auto terms = op->getAttrOfType<DenseI64ArrayAttr>(kOperationsAttrName);
    if (!terms || terms.size() % 2 == 0)
      return std::nullopt;
    ArrayRef<int64_t> values = terms.asArrayRef();
    Amount amount{values.front(), {}};
    for (size_t i = 1; i < values.size(); i += 2)
      if (!multiply(values[i] + first, values[i + 1], amount))
        return std::nullopt;
    return amount;
  }

  /// One per captured buffer.
  SmallVector<Amount> buffers() {
    SmallVector<Amount> result;
    for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
      auto memref = dyn_cast<MemRefType>(capture.getType());
      if (!memref)
        continue;
      int64_t bytes = llvm::divideCeil(memref.getElementTypeBitWidth(), 8);
      Amount amount{bytes, {}};
      bool fits = true;
      for (int64_t dim = 0; dim < memref.getRank() && fits; ++dim)
        fits = multiply(i, dim, amount);
      if (fits)
        result.push_back(amount);
    }
    return result;
  }

  /// Within the initializer of a constant.
  Value emit(const Amount &amount) {
    Value record = LLVM::ZeroOp::create(b.builder, b.loc, type);
    auto insert = [&](Value field, ArrayRef<int64_t> position) {
      record = LLVM::InsertValueOp::create(b.builder, b.loc, record, field,
                                           position);
    };
    insert(b.constant(b.i64, amount.factor), {0});
    insert(b.constant(b.i32, amount.sizes.size()), {1});
    for (auto [i, offset] : llvm::enumerate(amount.sizes))
      insert(b.constant(b.i32, offset), {2, static_cast<int64_t>(i)});
    return record;
  }

  LLVM::LLVMStructType getType() const { return type; }

private:
  static constexpr unsigned kSizes = 5;

  /// By dim `dim` of a captured buffer.
  bool multiply(size_t capture, int64_t dim, Amount &amount) {
    auto memref =
        capture < op.getCaptures().size()
            ? dyn_cast<MemRefType>(op.getCaptures()[capture].getType())
            : MemRefType();
    if (!memref || dim < 0 || dim >= memref.getRank())
      return false;
    if (!memref.isDynamicDim(dim)) {
      amount.factor *= memref.getDimSize(dim);
      return true;
    }
    amount.sizes.push_back(sizes[capture][memref.getDynamicDimIndex(dim)]);
    return amount.sizes.size() <= kSizes;
  }

  RuntimeBuilder &b;
  ParallelCallOp op;
  LLVM::LLVMStructType type;
  /// Of each capture, where its dynamic dims are.
  SmallVector<SmallVector<int64_t>> sizes;
};

} // namespace

/// A constant whose value is made by `make`.
static void makeRecord(RuntimeBuilder &b, StringRef name, Type type,
                       function_ref<Value()> make) {
  OpBuilder::InsertionGuard guard(b.builder);
  b.builder.setInsertionPointToStart(b.module.getBody());
  auto global = LLVM::GlobalOp::create(
      b.builder, b.builder.getUnknownLoc(), type, /*isConstant=*/true,
      LLVM::Linkage::Internal, name, Attribute(), /*alignment=*/8);
  b.builder.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(b.builder, b.loc, make());
}

static Value addressOf(RuntimeBuilder &b, StringRef name) {
  return LLVM::AddressOfOp::create(b.builder, b.loc, b.pointer, name);
}

/// A struct or array of these fields.
static Value aggregate(RuntimeBuilder &b, Type type, ArrayRef<Value> fields) {
  Value value = LLVM::ZeroOp::create(b.builder, b.loc, type);
  for (auto [i, field] : llvm::enumerate(fields))
    value = LLVM::InsertValueOp::create(b.builder, b.loc, value, field,
                                        static_cast<int64_t>(i));
  return value;
}

/// The name for people: without the hash that tells kernels apart.
static StringRef plainName(StringRef symbol) {
  auto [name, hash] = symbol.rsplit('_');
  bool isHash = hash.size() <= 8 && hash.size() > 5 &&
                llvm::all_of(hash, llvm::isHexDigit);
  return isHash ? name : symbol;
}

/// A qopt_kernel; returns its symbol.
static std::string kernelRecord(RuntimeBuilder &b, ParallelCallOp op,
                                LLVM::LLVMStructType pack, unsigned first) {
  std::string name = ("kernel_" + op.getCallee()).str();
  if (b.module.lookupSymbol(name))
    return name;
  Amounts amounts(b, op, pack);
  SmallVector<Amount> buffers = amounts.buffers();
  std::string table = ("buffers_" + op.getCallee()).str();
  auto tableType = LLVM::LLVMArrayType::get(amounts.getType(), buffers.size());
  if (!buffers.empty())
    makeRecord(b, table, tableType, [&] {
      SmallVector<Value> records;
      for (const Amount &amount : buffers)
        records.push_back(amounts.emit(amount));
      return aggregate(b, tableType, records);
    });
  std::optional<Amount> operations = amounts.operations(first);
  auto operand = op->getAttrOfType<TypeAttr>(kOperandTypeAttrName);
  std::string operandName;
  if (operations && operand)
    llvm::raw_string_ostream(operandName) << operand.getValue();
  auto type = LLVM::LLVMStructType::getLiteral(
      b.module.getContext(),
      {b.pointer, b.pointer, amounts.getType(), b.i32, b.pointer, b.i64});
  auto weights = op->getAttrOfType<IntegerAttr>(kWeightBytesAttrName);
  makeRecord(b, name, type, [&] {
    Value null = LLVM::ZeroOp::create(b.builder, b.loc, b.pointer);
    return aggregate(b, type,
                     {b.text(plainName(op.getCallee())),
                      operandName.empty() ? null : b.text(operandName),
                      amounts.emit(operations.value_or(Amount())),
                      b.constant(b.i32, buffers.size()),
                      buffers.empty() ? null : addressOf(b, table),
                      b.constant(b.i64, weights ? weights.getInt() : 0)});
  });
  return name;
}

/// Names of nodes, in the order in which fusion met them.
static void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.insert(name.getName().strref());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collectNames(part, names);
}

Value qopt::callSite(RuntimeBuilder &b, ParallelCallOp op,
                     LLVM::LLVMStructType pack, unsigned first) {
  std::string kernel = kernelRecord(b, op, pack, first);
  llvm::SetVector<StringRef> names;
  collectNames(op.getLoc(), names);
  auto type = LLVM::LLVMStructType::getLiteral(b.module.getContext(),
                                               {b.pointer, b.pointer});
  std::string site = "site_" + std::to_string(b.numSites++);
  makeRecord(b, site, type, [&] {
    Value nodes = names.empty()
                      ? LLVM::ZeroOp::create(b.builder, b.loc, b.pointer)
                      : b.text(llvm::join(names, "\n"));
    return aggregate(b, type, {addressOf(b, kernel), nodes});
  });
  return addressOf(b, site);
}
