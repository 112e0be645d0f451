//===- Lowering.cpp - the walk of convert-onnx-to-linalg ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// New operations are written in front of the terminator of the graph's own
// block, so that the old ones stay valid for the analysis until the end.
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "SmallTypes.h"
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
