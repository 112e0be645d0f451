//===- Lowering.cpp - the walk of convert-onnx-to-linalg ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// New operations are written in front of the terminator of the graph's own
// block, so that the old ones stay valid for the analysis until the end.
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "ConstantData.h"
#include "SmallTypes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"

using namespace mlir;
using namespace mlir::qopt;

Lowering::Lowering(func::FuncOp function, onnx::ShapeAnalysis &shapes,
                   bool unsafeIndices)
    : b(function.getLoc(), function.getContext()), shapes(shapes),
      unsafeIndices(unsafeIndices), caches(function), function(function),
      materializer(shapes, [this](Value graph) { return get(graph); }) {}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

LogicalResult Lowering::run() {
  Block &block = function.getBody().front();
  SmallVector<Operation *> graph;
  for (Operation &op : block.without_terminator())
    graph.push_back(&op);
  Operation *terminator = block.getTerminator();
  b.setInsertionPoint(terminator);

  // An argument keeps its place. Where its type changes, a cast stands for the
  // argument of the new type until the old operations are gone.
  SmallVector<UnrealizedConversionCastOp> retyped;
  for (BlockArgument argument : block.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      function.emitError("the rank of argument ")
          << argument.getArgNumber() << " is not known";
      ++failures;
      continue;
    }
    auto wanted = RankedTensorType::get(type.getShape(),
                                        storageType(type.getElementType()));
    Value tensor = argument;
    if (wanted != type) {
      retyped.push_back(
          UnrealizedConversionCastOp::create(b, wanted, argument));
      tensor = retyped.back().getResult(0);
    }
    tensors[argument] = castTo(tensor, typeOf(argument));
  }
  if (failures)
    return failure();

  // What the analysis concludes from the graph being valid is checked first.
  for (const onnx::DimRequirement &requirement : shapes.getRequirements()) {
    node = requirement.op;
    b.setLoc(node->getLoc());
    Value expected = value(materialize(requirement.expected)),
          actual = value(materialize(requirement.actual));
    require(compare(arith::CmpIPredicate::eq, actual, expected),
            "a dim of {0} does not broadcast to {1}", {actual, expected});
  }

  if (failed(caches.begin(*this)))
    return failure();

  for (Operation *op : graph)
    lowerNode(op);
  if (failures)
    return failure();

  SmallVector<Value> results;
  for (auto [i, result] : llvm::enumerate(terminator->getOperands())) {
    Value cache = caches.resultOf(i);
    results.push_back(cache ? cache : get(result));
  }
  terminator->setOperands(results);
  for (Operation *op : llvm::reverse(graph))
    op->erase();
  for (UnrealizedConversionCastOp cast : retyped) {
    Value argument = cast.getOperand(0);
    argument.setType(cast.getResult(0).getType());
    cast.getResult(0).replaceAllUsesWith(argument);
    cast.erase();
  }
  function.setFunctionType(b.getFunctionType(block.getArgumentTypes(),
                                             terminator->getOperandTypes()));
  caches.finish();
  eraseUnused(block);
  return success();
}

/// Results that only other forms of lowering wanted (the body of a split whose
/// quantization reads the input itself, the mean of a norm) have no uses.
void Lowering::eraseUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void Lowering::lowerNode(Operation *op) {
  node = op;
  b.setLoc(op->getLoc());
  bool isGraphOp = op->getName().getDialectNamespace() == "onnx";
  // Constants and absent operands are made where they are read.
  if (isa<onnx::ConstantOp, onnx::NoValueOp>(op))
    return;
  if (isGraphOp && op->use_empty())
    return;

  if (caches.contains(op)) {
    (void)caches.append(op, *this);
    return;
  }
  const LowerFn *lower = Registry::get().find(op);
  if (!lower && isGraphOp) {
    (void)fail("the operator has no lowering");
    return;
  }
  if (!lower) {
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (isa<TensorType>(operand.getType()))
        mapping.map(operand, get(operand));
    Operation *clone = b.clone(*op, mapping);
    for (auto [old, result] : llvm::zip(op->getResults(), clone->getResults()))
      tensors[old] = result;
    return;
  }

  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getResults());
  for (Value value : values)
    if (isa<TensorType>(value.getType()) && !shapes.hasShape(value)) {
      (void)fail(isa<onnx::IfOp>(op)
                     ? "the branches give values of different ranks"
                     : "the rank of an operand or result is not known");
      return;
    }
  for (Value value : values)
    if (isGraphOp && isStorageOnly(getElementTypeOrSelf(value.getType())) &&
        !takesStorageTypes(op)) {
      (void)fail("the operator is not implemented for element type " +
                 toText(elementOf(value)));
      return;
    }
  // Shape arithmetic whose outcome the analysis has: nothing to compute.
  if (isGraphOp && llvm::all_of(op->getResults(), [&](Value result) {
        return result.use_empty() || computedByAnalysis(result);
      }))
    return;
  // Nothing to compute either: tensors without elements. Slices of such tensors
  // would not pass their verifier.
  auto isEmpty = [&](Value result) {
    for (unsigned i = 0, e = rankOf(result); i < e; ++i)
      if (isOwnDim(result, i))
        return false;
    return llvm::is_contained(typeOf(result).getShape(), 0);
  };
  if (op->getNumResults() > 0 && llvm::all_of(op->getResults(), isEmpty)) {
    for (Value result : op->getResults())
      set(result, emptyFor(result));
    return;
  }
  (void)(*lower)(op, *this);
}

LogicalResult Lowering::lowerInner(Block &graph, function_ref<void()> enter,
                                   function_ref<LogicalResult()> leave) {
  // What is made inside does not dominate what comes behind.
  auto outerTensors = tensors;
  auto outerDims = ownDims;
  auto outerScalars = scalars;
  auto outerRanges = ranges;
  auto outerForms = kernelForms;
  Operation *outer = node;
  unsigned before = failures;
  enter();
  for (Operation &op : graph.without_terminator())
    lowerNode(&op);
  node = outer;
  b.setLoc(outer->getLoc());
  LogicalResult outcome = failures == before ? leave() : failure();
  tensors = std::move(outerTensors);
  ownDims = std::move(outerDims);
  scalars = std::move(outerScalars);
  ranges = std::move(outerRanges);
  kernelForms = std::move(outerForms);
  return outcome;
}

/// Whether all elements of a result are known as expressions over other values.
bool Lowering::computedByAnalysis(Value result) {
  if (!isSmallInt(result))
    return false;
  auto elements = shapes.getElements(result);
  if (!elements)
    return false;
  bool own = false;
  for (const onnx::DimExpr &element : *elements)
    element.walkSymbols([&](onnx::DimSymbol symbol) {
      const auto &info = shapes.getSymbols().getInfo(symbol);
      own |= info.value && info.value.getDefiningOp() == result.getDefiningOp();
    });
  return !own;
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static std::string nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = nameOf(part); !name.empty())
        return name;
  return "";
}

std::string Lowering::nodeName() {
  std::string name = nameOf(node->getLoc());
  return name.empty() ? node->getName().getStringRef().str() : name;
}

LogicalResult Lowering::fail(const Twine &reason) {
  ++failures;
  return node->emitOpError("'") << nodeName() << "': " << reason;
}

void Lowering::require(Value condition, const Twine &message,
                       ValueRange arguments) {
  std::string text = (nodeName() + ": " + message).str();
  RequireOp::create(b, condition, b.getStringAttr(text), arguments);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

RankedTensorType Lowering::typeOf(Value graph) {
  SmallVector<int64_t> shape;
  for (const onnx::DimExpr &dim : shapes.getShape(graph))
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, storageType(elementOf(graph)));
}

Value Lowering::castTo(Value tensor, RankedTensorType type) {
  return tensor.getType() == type ? tensor
                                  : tensor::CastOp::create(b, type, tensor);
}

Value Lowering::get(Value graph) {
  if (Value tensor = tensors.lookup(graph))
    return tensor;
  Value tensor;
  if (ElementsAttr constant = constantOf(graph)) {
    tensor = constantTensor(constant);
  } else if (auto elements = knownElements(graph)) {
    tensor = tensor::FromElementsOp::create(b, typeOf(graph), *elements);
  } else {
    // Only after an error, at the producer or here: the module is thrown away.
    if (graph.getDefiningOp() == node)
      (void)fail("a result is needed before it is computed");
    RankedTensorType type = typeOf(graph);
    SmallVector<Value> sizes(type.getNumDynamicDims(), index(0));
    tensor = tensor::EmptyOp::create(b, type, sizes);
  }
  return tensors[graph] = tensor;
}

void Lowering::set(Value graph, Value tensor) {
  tensors[graph] = castTo(tensor, typeOf(graph));
}

//===----------------------------------------------------------------------===//
// Dims
//===----------------------------------------------------------------------===//

bool Lowering::isOwnDim(Value result, unsigned i) {
  bool own = false;
  expr(result, i).walkSymbols([&](onnx::DimSymbol symbol) {
    const auto &info = shapes.getSymbols().getInfo(symbol);
    own |= info.kind == onnx::DimSymbols::Kind::Dim && info.value &&
           info.value.getDefiningOp() == result.getDefiningOp();
  });
  return own;
}

void Lowering::setDim(Value result, unsigned i, Value index) {
  ownDims[{result, i}] = index;
}

/// A dim of a result that the node has computed, while the result itself is not
/// there to be asked.
Value Lowering::ownDim(onnx::DimSymbol symbol) {
  const auto &info = shapes.getSymbols().getInfo(symbol);
  if (info.kind != onnx::DimSymbols::Kind::Dim)
    return Value();
  return ownDims.lookup({info.value, unsigned(info.index)});
}

OpFoldResult Lowering::materialize(const onnx::DimExpr &size) {
  bool own = false;
  size.walkSymbols(
      [&](onnx::DimSymbol symbol) { own |= bool(ownDim(symbol)); });
  if (!own)
    return materializer.materializeFolded(b, b.getLoc(), size);
  Value sum;
  for (const onnx::DimExpr::Term &term : size.getTerms()) {
    Value part = term.coefficient == 1 && !term.symbols.empty()
                     ? Value()
                     : index(term.coefficient);
    for (onnx::DimSymbol symbol : term.symbols) {
      Value factor = ownDim(symbol);
      if (!factor)
        factor = materializer.materialize(b, b.getLoc(),
                                          onnx::DimExpr::symbol(symbol));
      part = part ? Value(arith::MulIOp::create(b, part, factor)) : factor;
    }
    sum = sum ? add(sum, part) : part;
  }
  return sum;
}

OpFoldResult Lowering::dim(Value graph, unsigned i) {
  return materialize(expr(graph, i));
}

SmallVector<OpFoldResult> Lowering::dims(Value graph) {
  SmallVector<OpFoldResult> result;
  for (unsigned i = 0, e = rankOf(graph); i < e; ++i)
    result.push_back(dim(graph, i));
  return result;
}

OpFoldResult Lowering::product(Value graph, ArrayRef<int64_t> axes) {
  onnx::DimExpr size(1);
  for (int64_t axis : axes)
    size = size * expr(graph, axis);
  return materialize(size);
}

LogicalResult Lowering::requireEqual(Value a, unsigned i, Value c, unsigned j,
                                     StringRef what) {
  const onnx::DimExpr &left = expr(a, i), &right = expr(c, j);
  if (left == right)
    return success();
  auto l = left.getConstant(), r = right.getConstant();
  if (l && r)
    return fail(what + " differ: " + Twine(*l) + " and " + Twine(*r));
  Value x = dimValue(a, i), y = dimValue(c, j);
  require(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y),
          what + " differ: {0} and {1}", {x, y});
  return success();
}

//===----------------------------------------------------------------------===//
// Small integer tensors
//===----------------------------------------------------------------------===//

bool Lowering::isSmallInt(Value graph) {
  RankedTensorType type = typeOf(graph);
  return isa<IntegerType>(elementOf(graph)) && type.hasStaticShape() &&
         type.getNumElements() <= onnx::ShapeAnalysis::kMaxElements;
}

/// An index as an element of a tensor. Bools are 0 or 1.
static Value toElement(ImplicitLocOpBuilder &b, OpFoldResult number,
                       Type type) {
  if (auto attribute = dyn_cast<Attribute>(number)) {
    int64_t constant = cast<IntegerAttr>(attribute).getInt();
    if (type.isInteger(1))
      constant = constant != 0;
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, constant));
  }
  return arith::IndexCastOp::create(b, type, cast<Value>(number));
}

std::optional<SmallVector<Value>> Lowering::knownElements(Value graph) {
  if (auto it = scalars.find(graph); it != scalars.end())
    return it->second;
  if (!isSmallInt(graph))
    return std::nullopt;
  Type element = typeOf(graph).getElementType();
  SmallVector<Value> values;
  if (ElementsAttr constant = constantOf(graph)) {
    for (const APInt &number : asInline(constant).getValues<APInt>())
      values.push_back(constantInteger(b, element, number));
  } else {
    if (!graph.getDefiningOp() || !computedByAnalysis(graph))
      return std::nullopt;
    auto elements = shapes.getElements(graph);
    for (const onnx::DimExpr &number : *elements)
      values.push_back(toElement(b, materialize(number), element));
  }
  return scalars[graph] = values;
}

FailureOr<SmallVector<OpFoldResult>>
Lowering::indexElements(Value graph, std::optional<int64_t> count) {
  RankedTensorType type = typeOf(graph);
  if (!type.hasStaticShape()) {
    if (!count || type.getRank() != 1)
      return fail("the length of an operand is not known");
    Value length = dimValue(graph, 0), wanted = index(*count);
    require(compare(arith::CmpIPredicate::eq, length, wanted),
            "an operand has {0} elements in place of {1}", {length, wanted});
  } else if (count && type.getNumElements() != *count) {
    return fail("an operand has " + Twine(type.getNumElements()) +
                " elements in place of " + Twine(*count));
  } else {
    count = type.getNumElements();
  }

  SmallVector<OpFoldResult> result;
  bool recorded = scalars.count(graph);
  if (auto elements = shapes.getElements(graph); elements && !recorded) {
    for (const onnx::DimExpr &number : *elements)
      result.push_back(materialize(number));
    return result;
  }
  Type indexType = b.getIndexType();
  auto toIndex = [&](Value number) -> OpFoldResult {
    if (elementOf(graph).isUnsignedInteger())
      return getAsOpFoldResult(
          b.createOrFold<arith::IndexCastUIOp>(indexType, number));
    return getAsOpFoldResult(
        b.createOrFold<arith::IndexCastOp>(indexType, number));
  };
  if (auto known = knownElements(graph)) {
    for (Value number : *known)
      result.push_back(toIndex(number));
    return result;
  }
  Value tensor = get(graph);
  SmallVector<int64_t> shape(type.getShape());
  if (!type.hasStaticShape())
    shape = {*count};
  SmallVector<int64_t> strides = computeStrides(shape);
  for (int64_t i = 0; i < *count; ++i) {
    SmallVector<Value> position;
    for (int64_t coordinate : delinearize(i, strides))
      position.push_back(index(coordinate));
    result.push_back(toIndex(read(tensor, position)));
  }
  return result;
}

void Lowering::setElements(Value graph, ArrayRef<Value> elements) {
  scalars[graph] = SmallVector<Value>(elements);
}

FailureOr<Value> Lowering::scalarOf(Value graph) {
  RankedTensorType type = typeOf(graph);
  if (type.hasStaticShape() && type.getNumElements() != 1)
    return fail("an operand has " + Twine(type.getNumElements()) +
                " elements in place of one");
  if (ElementsAttr constant = constantOf(graph))
    return Value(arith::ConstantOp::create(
        b, cast<TypedAttr>(*asInline(constant).value_begin<Attribute>())));
  if (auto elements = knownElements(graph))
    return elements->front();
  for (unsigned i = 0, e = type.getRank(); i < e; ++i) {
    if (expr(graph, i).isConstant(1))
      continue;
    Value size = dimValue(graph, i);
    require(compare(arith::CmpIPredicate::eq, size, index(1)),
            "an operand has {0} elements in place of one", size);
  }
  SmallVector<Value> first(type.getRank(), index(0));
  return read(get(graph), first);
}

std::optional<SmallVector<int64_t>> Lowering::constantInts(Value graph) {
  return shapes.getConstantElements(graph);
}
