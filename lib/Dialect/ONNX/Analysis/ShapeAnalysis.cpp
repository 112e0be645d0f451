//===- ShapeAnalysis.cpp - symbolic shapes of an onnx function -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One walk over the block of the function, operands before users. Argument dims
// are named first; then the rule of each op gives shapes, which are checked
// against what the result types already say.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"

#include "DimParser.h"
#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::onnx;

ShapeAnalysis::ShapeAnalysis(Operation *operation)
    : function(cast<func::FuncOp>(operation)) {
  if (function.isExternal())
    return;
  valid = succeeded(analyzeArguments());
  if (failed(analyzeBlock(function.getBody().front())))
    valid = false;
}

LogicalResult ShapeAnalysis::analyzeBlock(Block &block) {
  LogicalResult outcome = success();
  // Errors do not stop the walk: all nodes in trouble are reported at once. A
  // node after a broken one keeps the shape its type gives it.
  for (Operation &op : block)
    if (failed(analyze(&op)))
      outcome = failure();
  return outcome;
}

void ShapeAnalysis::forget(Region &region) {
  auto drop = [&](Value value) {
    shapes.erase(value);
    elements.erase(value);
  };
  for (BlockArgument argument : region.getArguments())
    drop(argument);
  region.walk([&](Operation *op) {
    for (Value result : op->getResults())
      drop(result);
    for (Region &inner : op->getRegions())
      for (BlockArgument argument : inner.getArguments())
        drop(argument);
  });
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

ArrayRef<DimExpr> ShapeAnalysis::getShape(Value value) const {
  auto it = shapes.find(value);
  return it == shapes.end() ? ArrayRef<DimExpr>() : ArrayRef(*it->second);
}

void ShapeAnalysis::setShape(Value value, ArrayRef<DimExpr> dims) {
  auto owned = std::make_unique<Dims>();
  for (const DimExpr &dim : dims)
    owned->push_back(symbols.resolve(dim));
  shapes[value] = std::move(owned);
}

void ShapeAnalysis::setElements(Value value, ArrayRef<DimExpr> exprs) {
  auto owned = std::make_unique<Dims>();
  for (const DimExpr &expr : exprs)
    owned->push_back(symbols.resolve(expr));
  elements[value] = std::move(owned);
}

void ShapeAnalysis::learnEqual(const DimExpr &a, const DimExpr &b,
                               Operation *op) {
  // An op in an inner graph may never run; what it needs is no requirement.
  if (op->getParentOp() != function)
    return;
  auto equal = symbols.impliedEqual(a, b);
  if (!equal)
    return;
  auto [symbol, value] = *equal;
  DimExpr minimum = DimExpr::symbol(symbol);
  if (!symbols.isEntry(minimum) || !symbols.isEntry(value))
    return;
  requirements.push_back({value, minimum, op});
  symbols.assumeEqual(symbol, value);
  // In place, as rules hold references.
  for (auto *map : {&shapes, &elements})
    for (auto &[key, dims] : *map)
      for (DimExpr &dim : *dims)
        dim = symbols.resolve(dim);
}

// Number of elements, if the shape is constant and they are few.
static std::optional<int64_t> countFew(ArrayRef<DimExpr> shape) {
  int64_t count = 1;
  for (const DimExpr &dim : shape) {
    std::optional<int64_t> size = dim.getConstant();
    if (!size || *size < 0 || *size > ShapeAnalysis::kMaxElements)
      return std::nullopt;
    count *= *size;
    if (count > ShapeAnalysis::kMaxElements)
      return std::nullopt;
  }
  return count;
}

static std::optional<Dims> readConstant(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseIntElementsAttr>(constant.getValue());
  if (!dense)
    return std::nullopt;
  auto type = cast<IntegerType>(dense.getElementType());
  bool zeroExtend = type.isUnsigned() || type.getWidth() == 1;
  Dims exprs;
  for (const APInt &element : dense)
    exprs.push_back(zeroExtend ? static_cast<int64_t>(element.getZExtValue())
                               : element.getSExtValue());
  return exprs;
}

std::optional<ArrayRef<DimExpr>> ShapeAnalysis::getElements(Value value) {
  auto it = elements.find(value);
  if (it != elements.end())
    return ArrayRef(*it->second);
  auto type = dyn_cast<TensorType>(value.getType());
  if (!type || !isa<IntegerType>(type.getElementType()) || !hasShape(value))
    return std::nullopt;
  std::optional<int64_t> count = countFew(getShape(value));
  if (!count)
    return std::nullopt;
  std::optional<Dims> exprs = readConstant(value);
  if (!exprs) {
    exprs.emplace();
    for (int64_t i = 0; i < *count; ++i)
      exprs->push_back(symbols.getElement(value, i));
  }
  setElements(value, *exprs);
  return ArrayRef(*elements[value]);
}

std::optional<SmallVector<int64_t>>
ShapeAnalysis::getConstantElements(Value value) {
  std::optional<ArrayRef<DimExpr>> exprs = getElements(value);
  if (!exprs)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (const DimExpr &expr : *exprs) {
    std::optional<int64_t> number = expr.getConstant();
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

LogicalResult ShapeAnalysis::analyzeArguments() {
  struct NamedDim {
    BlockArgument argument;
    int64_t dim;
    StringRef text;
  };
  SmallVector<NamedDim> sums;
  SmallVector<std::pair<BlockArgument, Dims>> results;
  bool failed = false;

  // Names of static dims first: they are constants wherever else they occur.
  auto textOf = [&](BlockArgument argument, int64_t dim) -> StringRef {
    auto dims = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                     "onnx.dims");
    if (!dims || dim >= static_cast<int64_t>(dims.size()))
      return {};
    auto text = dyn_cast<StringAttr>(dims[dim]);
    return text ? text.getValue().trim() : StringRef();
  };
  auto forEachDim = [&](auto callback) {
    for (BlockArgument argument : function.getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
        for (int64_t dim = 0; dim < type.getRank(); ++dim)
          callback(argument, dim, type.getDimSize(dim), textOf(argument, dim));
  };
  forEachDim(
      [&](BlockArgument argument, int64_t dim, int64_t size, StringRef text) {
        if (ShapedType::isDynamic(size) || text.empty() || !isDimName(text))
          return;
        std::optional<DimExpr> bound = symbols.lookupInput(text);
        if (bound && !bound->isConstant(size)) {
          emitError(function.getLoc())
              << "dim '" << text << "' is " << symbols.toString(*bound)
              << " in one input and " << size << " in another";
          failed = true;
        }
        if (!bound)
          symbols.bindInput(text, size);
      });

  llvm::DenseMap<std::pair<Value, int64_t>, DimExpr> dims;
  forEachDim(
      [&](BlockArgument argument, int64_t dim, int64_t size, StringRef text) {
        if (!ShapedType::isDynamic(size)) {
          dims[{argument, dim}] = size;
        } else if (!text.empty() && !isDimName(text)) {
          sums.push_back({argument, dim, text});
        } else {
          std::optional<DimExpr> known =
              text.empty() ? std::nullopt : symbols.lookupInput(text);
          dims[{argument, dim}] =
              known ? *known : symbols.makeInput(text, argument, dim);
        }
      });

  // A sum with one unknown name defines it; repeat until nothing changes.
  auto lookup = [&](StringRef name) { return symbols.lookupInput(name); };
  for (bool changed = true; changed;) {
    changed = false;
    for (NamedDim &sum : sums) {
      if (dims.count({sum.argument, sum.dim}))
        continue;
      ParsedDim parsed = parseDim(sum.text, lookup);
      if (!parsed.valid || parsed.unknown.size() > 1)
        continue;
      if (parsed.unknown.size() == 1) {
        // sum = known + 1 * unknown
        if (parsed.unknownFactor != 1)
          continue;
        symbols.makeInput(parsed.unknown.front(), sum.argument, sum.dim,
                          parsed.known);
        parsed = parseDim(sum.text, lookup);
      }
      dims[{sum.argument, sum.dim}] = parsed.known;
      changed = true;
    }
  }
  // Text that is no sum of names, or one that names too much: a name of its
  // own.
  for (NamedDim &sum : sums) {
    if (dims.count({sum.argument, sum.dim}))
      continue;
    std::optional<DimExpr> known = symbols.lookupInput(sum.text);
    dims[{sum.argument, sum.dim}] =
        known ? *known : symbols.makeInput(sum.text, sum.argument, sum.dim);
  }

  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    Dims shape;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      shape.push_back(dims[{argument, dim}]);
    setShape(argument, shape);
  }
  return failure(failed);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult ShapeAnalysis::analyze(Operation *op) {
  if (op->getNumResults() == 0)
    return success();
  LogicalResult outcome = success();
  ShapeRule rule = ShapeRules::get().lookup(op);
  RuleContext context(*this, op);
  if (rule)
    outcome = rule(context);
  for (OpResult result : op->getResults())
    if (failed(reconcile(result)))
      outcome = failure();
  return outcome;
}

LogicalResult ShapeAnalysis::reconcile(OpResult result) {
  auto type = dyn_cast<RankedTensorType>(result.getType());
  Operation *op = result.getOwner();
  if (!hasShape(result)) {
    if (!type)
      return success();
    Dims dims;
    for (auto [i, size] : llvm::enumerate(type.getShape()))
      dims.push_back(ShapedType::isDynamic(size) ? symbols.getDim(result, i)
                                                 : DimExpr(size));
    setShape(result, dims);
    return success();
  }

  Dims dims(getShape(result));
  for (auto [i, dim] : llvm::enumerate(dims))
    if (std::optional<int64_t> size = dim.getConstant(); size && *size < 0)
      return op->emitOpError() << "dim " << i << " of result "
                               << result.getResultNumber() << " is " << *size;
  if (!type)
    return success();
  if (type.getRank() != static_cast<int64_t>(dims.size()))
    return op->emitOpError()
           << "result " << result.getResultNumber() << " has rank "
           << dims.size() << ", but its type is " << type;
  bool changed = false;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (ShapedType::isDynamic(size) || dims[i].isConstant(size))
      continue;
    if (dims[i].isConstant())
      return op->emitOpError()
             << "dim " << i << " of result " << result.getResultNumber()
             << " is " << symbols.toString(dims[i]) << ", but its type is "
             << type;
    dims[i] = size;
    changed = true;
  }
  if (changed)
    setShape(result, dims);
  return success();
}
