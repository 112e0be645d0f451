//===- ControlFlowRules.cpp - shapes through If and Loop -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An expression leaves a region if every value it names is visible outside; all
// else becomes a dim of the result that only the run knows. A carried value
// keeps the dims that an iteration hands on unchanged: the first pass over the
// body assumes that of all dims, each further one gives up those that it saw
// change, so there are at most as many passes as dims, and mostly two.
//===----------------------------------------------------------------------===//

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace mlir::onnx;

// Bodies of loops in loops are walked several times each. Below this depth all
// dims of carried values are given up at once, which takes one pass.
static constexpr unsigned kMaxSearchedLoops = 4;

// True if all values that an expression names exist outside of `op`.
static bool isVisible(const DimSymbols &symbols, const DimExpr &expr,
                      Operation *op) {
  bool visible = true;
  expr.walkSymbols([&](DimSymbol symbol) {
    const DimSymbols::Info &info = symbols.getInfo(symbol);
    if (Value value = info.value)
      visible =
          visible && !op->isAncestor(value.getParentRegion()->getParentOp());
    visible = visible && isVisible(symbols, info.lhs, op) &&
              isVisible(symbols, info.rhs, op);
  });
  return visible;
}

// The dims that a value of an inner region has outside, behind `prefix`.
static Dims exportShape(RuleContext &context, unsigned result,
                        ArrayRef<DimExpr> inner,
                        ArrayRef<DimExpr> prefix = {}) {
  Dims dims(prefix);
  for (const DimExpr &dim : inner)
    dims.push_back(isVisible(context.symbols(), dim, context.getOp())
                       ? dim
                       : context.opaqueDim(result, dims.size()));
  return dims;
}

static LogicalResult analyzeQuietly(RuleContext &context, Region &region) {
  ScopedDiagnosticHandler handler(context->getContext(),
                                  [](Diagnostic &) { return success(); });
  return context.analysis.analyzeBlock(region.front());
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

static LogicalResult inferIf(RuleContext &context) {
  auto op = cast<IfOp>(context.getOp());
  ShapeAnalysis &analysis = context.analysis;
  std::optional<SmallVector<int64_t>> cond = context.constants(0);
  bool known = cond && cond->size() == 1;
  Region *branches[] = {&op.getThenBranch(), &op.getElseBranch()};
  LogicalResult outcome = success();
  for (auto [i, region] : llvm::enumerate(branches)) {
    // A graph that never runs may well contradict itself: a Squeeze of a dim
    // that is not 1, say, behind a test for that.
    if (known && ((*cond)[0] != 0) != (i == 0))
      (void)analyzeQuietly(context, *region);
    else if (failed(analysis.analyzeBlock(region->front())))
      outcome = failure();
  }
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    Value values[] = {branches[0]->front().getTerminator()->getOperand(i),
                      branches[1]->front().getTerminator()->getOperand(i)};
    if (known) {
      Value value = values[(*cond)[0] ? 0 : 1];
      if (analysis.hasShape(value))
        context.setShape(i, exportShape(context, i, analysis.getShape(value)));
      continue;
    }
    if (!analysis.hasShape(values[0]) || !analysis.hasShape(values[1]))
      continue;
    ArrayRef<DimExpr> a = analysis.getShape(values[0]),
                      b = analysis.getShape(values[1]);
    // Of different ranks: a type cannot hold both.
    if (a.size() != b.size())
      continue;
    Dims dims = exportShape(context, i, a);
    for (size_t j = 0; j < dims.size(); ++j)
      if (a[j] != b[j])
        dims[j] = context.opaqueDim(i, j);
    context.setShape(i, dims);
    auto first = analysis.getElements(values[0]);
    if (!first)
      continue;
    Dims elements(*first);
    auto second = analysis.getElements(values[1]);
    if (!second || ArrayRef(elements) != *second)
      continue;
    if (llvm::all_of(elements, [&](const DimExpr &element) {
          return isVisible(context.symbols(), element, op);
        }))
      context.setElements(i, elements);
  }
  return outcome;
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

namespace {
// What is assumed of a carried value on entry to the body.
struct Carried {
  bool ranked = false;
  Dims dims;
};
} // namespace

static void setArguments(RuleContext &context, LoopOp op,
                         ArrayRef<Carried> carried) {
  ShapeAnalysis &analysis = context.analysis;
  analysis.forget(op.getBody());
  analysis.setShape(op.getBody().getArgument(0), {});
  analysis.setShape(op.getBody().getArgument(1), {});
  for (auto [state, argument] : llvm::zip(carried, op.getCarriedArguments()))
    if (state.ranked)
      analysis.setShape(argument, state.dims);
}

// Gives up what an iteration changed; false if it changed nothing.
static bool widen(RuleContext &context, LoopOp op,
                  MutableArrayRef<Carried> carried) {
  ShapeAnalysis &analysis = context.analysis;
  bool changed = false;
  for (auto [i, state] : llvm::enumerate(carried)) {
    Value yielded = op.getYielded()[i + 1];
    if (!state.ranked)
      continue;
    ArrayRef<DimExpr> dims = analysis.getShape(yielded);
    if (!analysis.hasShape(yielded) || dims.size() != state.dims.size()) {
      state.ranked = false;
      changed = true;
      continue;
    }
    for (size_t j = 0; j < dims.size(); ++j) {
      if (dims[j] == state.dims[j])
        continue;
      DimExpr own = context.symbols().getDim(op.getCarriedArguments()[i], j);
      if (state.dims[j] == own)
        continue;
      state.dims[j] = own;
      changed = true;
    }
  }
  return changed;
}

static LogicalResult inferLoop(RuleContext &context) {
  auto op = cast<LoopOp>(context.getOp());
  ShapeAnalysis &analysis = context.analysis;
  unsigned depth = 0;
  for (Operation *parent = op; parent; parent = parent->getParentOp())
    depth += isa<LoopOp>(parent);

  SmallVector<Carried> carried(op.getNumCarried());
  for (auto [i, state] : llvm::enumerate(carried)) {
    Value initial = op.getInitial()[i];
    if (!analysis.hasShape(initial))
      continue;
    state.ranked = true;
    state.dims = Dims(analysis.getShape(initial));
    if (depth > kMaxSearchedLoops)
      for (auto [j, dim] : llvm::enumerate(state.dims))
        dim = context.symbols().getDim(op.getCarriedArguments()[i], j);
  }
  if (depth <= kMaxSearchedLoops)
    do {
      setArguments(context, op, carried);
      (void)analyzeQuietly(context, op.getBody());
    } while (widen(context, op, carried));
  setArguments(context, op, carried);
  LogicalResult outcome = analysis.analyzeBlock(op.getBody().front());

  for (auto [i, state] : llvm::enumerate(carried)) {
    if (!state.ranked)
      continue;
    Dims dims = exportShape(context, i, state.dims);
    context.setShape(i, dims);
  }
  // The number of iterations, if only the count decides it.
  std::optional<DimExpr> trips;
  if (op.isCounted())
    if (std::optional<Dims> count = context.elements(0);
        count && count->size() == 1)
      trips = context.symbols().max(count->front(), 0);
  for (unsigned i = op.getNumCarried(); i < op->getNumResults(); ++i) {
    Value collected = op.getYielded()[i + 1];
    if (!analysis.hasShape(collected))
      continue;
    DimExpr first = trips ? *trips : context.opaqueDim(i, 0);
    context.setShape(
        i, exportShape(context, i, analysis.getShape(collected), first));
  }
  return outcome;
}

void mlir::onnx::addControlFlowRules(ShapeRules &rules) {
  rules.add({"onnx.If"}, inferIf);
  rules.add({"onnx.Loop"}, inferLoop);
}
