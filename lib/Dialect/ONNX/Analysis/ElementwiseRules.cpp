//===- ElementwiseRules.cpp - broadcasting ops on shapes and elements ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape is the broadcast of the operands' shapes. On small integer tensors
// the op is also evaluated symbolically: exporters compute target shapes with
// Add, Mul, Equal, Where and the like.
//===----------------------------------------------------------------------===//

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

using Result = std::optional<DimExpr>;

// Truth of `expr >= 0`, if it can be proved either way.
Result isAtLeastZero(const DimSymbols &symbols, const DimExpr &expr) {
  if (symbols.isNonNegative(expr))
    return DimExpr(1);
  if (symbols.isNegative(expr))
    return DimExpr(0);
  return std::nullopt;
}

Result isEqual(const DimSymbols &symbols, const DimExpr &a, const DimExpr &b) {
  DimExpr difference = a - b;
  if (difference.isConstant(0))
    return DimExpr(1);
  if (symbols.isPositive(difference) || symbols.isNegative(difference))
    return DimExpr(0);
  return std::nullopt;
}

Result divide(DimSymbols &symbols, const DimExpr &a, const DimExpr &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (y == 0 || (x == INT64_MIN && y == -1))
    return std::nullopt;
  if (x && y)
    return DimExpr(*x / *y);
  if (std::optional<DimExpr> exact = a.dividedBy(b))
    return exact;
  // Truncation is floor where both are not negative.
  if (symbols.isNonNegative(a) && symbols.isPositive(b))
    return symbols.floorDiv(a, b);
  return std::nullopt;
}

Result modulo(DimSymbols &symbols, const DimExpr &a, const DimExpr &b,
              bool fmod) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (y == 0 || (x == INT64_MIN && y == -1))
    return std::nullopt;
  if (x && y && fmod)
    return DimExpr(*x % *y);
  if (symbols.isPositive(b) && (!fmod || symbols.isNonNegative(a)))
    return a - b * symbols.floorDiv(a, b);
  return std::nullopt;
}

Result convert(const DimSymbols &symbols, const DimExpr &value, Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  if (integer.getWidth() == 1) {
    Result isZero = isEqual(symbols, value, 0);
    return isZero ? Result(DimExpr(1) - *isZero) : std::nullopt;
  }
  // Sizes fit 32 bits or more; below, only constants are known to.
  if (integer.getWidth() >= 32)
    return value;
  std::optional<int64_t> constant = value.getConstant();
  if (!constant)
    return std::nullopt;
  APInt bits(64, static_cast<uint64_t>(*constant), /*isSigned=*/true);
  APInt narrow = bits.trunc(integer.getWidth());
  return DimExpr(integer.isUnsigned()
                     ? static_cast<int64_t>(narrow.getZExtValue())
                     : narrow.getSExtValue());
}

// One element of the result from one element per operand; absent operands (of
// Clip) have none.
Result evaluate(Operation *op, DimSymbols &symbols, ArrayRef<Result> args) {
  if (llvm::any_of(args, [](const Result &arg) { return !arg; }) &&
      !isa<ClipOp>(op))
    return std::nullopt;
  auto arg = [&](unsigned i) -> const DimExpr & { return *args[i]; };
  auto fold = [&](auto combine) {
    DimExpr value = arg(0);
    for (const Result &next : args.drop_front())
      value = combine(value, *next);
    return Result(value);
  };
  auto negate = [](Result truth) {
    return truth ? Result(DimExpr(1) - *truth) : truth;
  };

  if (isa<AddOp, SumOp>(op))
    return fold([](const DimExpr &a, const DimExpr &b) { return a + b; });
  if (isa<SubOp>(op))
    return arg(0) - arg(1);
  if (isa<MulOp>(op))
    return arg(0) * arg(1);
  if (isa<DivOp>(op))
    return divide(symbols, arg(0), arg(1));
  if (auto mod = dyn_cast<ModOp>(op))
    return modulo(symbols, arg(0), arg(1), mod.getFmod());
  if (isa<NegOp>(op))
    return -arg(0);
  if (isa<AbsOp>(op)) {
    Result sign = isAtLeastZero(symbols, arg(0));
    if (!sign)
      return std::nullopt;
    return sign->isConstant(1) ? arg(0) : -arg(0);
  }
  if (isa<ReluOp>(op))
    return symbols.max(arg(0), 0);
  if (isa<MinOp>(op))
    return fold(
        [&](const DimExpr &a, const DimExpr &b) { return symbols.min(a, b); });
  if (isa<MaxOp>(op))
    return fold(
        [&](const DimExpr &a, const DimExpr &b) { return symbols.max(a, b); });
  if (isa<ClipOp>(op)) {
    if (!args[0])
      return std::nullopt;
    DimExpr value = *args[0];
    if (args.size() > 1 && args[1])
      value = symbols.max(value, *args[1]);
    if (args.size() > 2 && args[2])
      value = symbols.min(value, *args[2]);
    return value;
  }
  if (isa<EqualOp>(op))
    return isEqual(symbols, arg(0), arg(1));
  if (isa<GreaterOrEqualOp>(op))
    return isAtLeastZero(symbols, arg(0) - arg(1));
  if (isa<LessOrEqualOp>(op))
    return isAtLeastZero(symbols, arg(1) - arg(0));
  if (isa<LessOp>(op))
    return negate(isAtLeastZero(symbols, arg(0) - arg(1)));
  if (isa<GreaterOp>(op))
    return negate(isAtLeastZero(symbols, arg(1) - arg(0)));
  if (isa<NotOp>(op))
    return DimExpr(1) - arg(0);
  if (isa<AndOp>(op)) {
    if (arg(0).isConstant(0) || arg(1).isConstant(0))
      return DimExpr(0);
    return arg(0).isConstant(1) ? arg(1) : arg(0);
  }
  if (isa<OrOp>(op)) {
    if (arg(0).isConstant(1) || arg(1).isConstant(1))
      return DimExpr(1);
    return arg(0).isConstant(0) ? arg(1) : arg(0);
  }
  if (isa<XorOp>(op)) {
    Result same = isEqual(symbols, arg(0), arg(1));
    return negate(same);
  }
  if (isa<WhereOp>(op)) {
    if (arg(1) == arg(2) || arg(0).isConstant(1))
      return arg(1);
    return arg(0).isConstant(0) ? Result(arg(2)) : std::nullopt;
  }
  if (isa<CastOp, CastLikeOp>(op))
    return convert(symbols, arg(0),
                   getElementTypeOrSelf(op->getResult(0).getType()));
  return std::nullopt;
}

// And and Or above return an operand for "the other one"; that is right only
// when one side is constant.
bool decidesByConstant(Operation *op, ArrayRef<Result> args) {
  if (!isa<AndOp, OrOp>(op))
    return true;
  return llvm::any_of(
      args, [](const Result &arg) { return arg && arg->isConstant(); });
}

// Row-major position in an operand of the element at `index` of the result.
int64_t broadcastPosition(ArrayRef<int64_t> index, ArrayRef<DimExpr> shape) {
  int64_t position = 0;
  size_t offset = index.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t size = *shape[i].getConstant();
    position = position * size + (size == 1 ? 0 : index[offset + i]);
  }
  return position;
}

void evaluateElements(RuleContext &context, ArrayRef<DimExpr> shape) {
  Operation *op = context.getOp();
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  if (!isa<IntegerType>(type))
    return;
  SmallVector<int64_t> sizes;
  int64_t count = 1;
  for (const DimExpr &dim : shape) {
    std::optional<int64_t> size = dim.getConstant();
    if (!size || *size < 0 || *size > ShapeAnalysis::kMaxElements)
      return;
    sizes.push_back(*size);
    count *= *size;
    if (count > ShapeAnalysis::kMaxElements)
      return;
  }
  unsigned numOperands = op->getNumOperands();
  // CastLike reads the type of its second operand only.
  if (isa<CastLikeOp>(op))
    numOperands = 1;
  SmallVector<std::optional<Dims>> operands;
  for (unsigned i = 0; i < numOperands; ++i) {
    operands.push_back(context.elements(i));
    if (context.has(i) && !operands.back())
      return;
  }

  Dims exprs;
  SmallVector<int64_t> index(sizes.size(), 0);
  for (int64_t flat = 0; flat < count; ++flat) {
    int64_t rest = flat;
    for (int64_t i = sizes.size() - 1; i >= 0; --i) {
      index[i] = rest % sizes[i];
      rest /= sizes[i];
    }
    SmallVector<Result> args;
    for (unsigned i = 0; i < numOperands; ++i)
      args.push_back(
          operands[i]
              ? Result(
                    (*operands[i])[broadcastPosition(index, *context.shape(i))])
              : std::nullopt);
    Result value;
    if (decidesByConstant(op, args))
      value = evaluate(op, context.symbols(), args);
    exprs.push_back(
        value ? *value : context.symbols().getElement(op->getResult(0), flat));
  }
  context.setElements(0, exprs);
}

LogicalResult elementwise(RuleContext &context) {
  Operation *op = context.getOp();
  Dims shape;
  unsigned numOperands = isa<CastLikeOp>(op) ? 1 : op->getNumOperands();
  for (unsigned i = 0; i < numOperands; ++i) {
    if (!context.has(i))
      continue;
    OptionalDims operand = context.shape(i);
    if (!operand)
      return success();
    if (failed(context.broadcastInto(shape, *operand)))
      return failure();
  }
  context.setShape(0, shape);
  evaluateElements(context, shape);
  return success();
}

} // namespace

void mlir::onnx::addElementwiseRules(ShapeRules &rules) {
  rules.setElementwise(elementwise);
}
