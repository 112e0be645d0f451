//===- InferShapes.cpp - inferred shapes into types ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Carries the result of the shape analysis into the IR: types, constants for
// known integers, and the names of output dims.
//===----------------------------------------------------------------------===//

#include "Branches.h"
#include "EraseDead.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/ONNX/IR/DeclaredDims.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXINFERSHAPESPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

// The type that the analysis gives a value; null for other than tensors,
// unranked if the rank is not known.
TensorType refinedType(const ShapeAnalysis &analysis, Value value) {
  auto type = dyn_cast<TensorType>(value.getType());
  if (!type || !analysis.hasShape(value))
    return type;
  SmallVector<int64_t> sizes;
  for (const DimExpr &dim : analysis.getShape(value))
    sizes.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(sizes, type.getElementType());
}

// The text of an output dim over the names of input dims, or null if it has
// none.
Attribute dimAttribute(const ShapeAnalysis &analysis, Builder &builder,
                       const DimExpr &dim) {
  if (std::optional<int64_t> size = dim.getConstant())
    return builder.getI64IntegerAttr(*size);
  bool named = true;
  dim.walkSymbols([&](DimSymbol symbol) {
    const DimSymbols::Info &info = analysis.getSymbols().getInfo(symbol);
    named = named && info.kind == DimSymbols::Kind::Input && !info.name.empty();
  });
  return named ? builder.getStringAttr(analysis.toString(dim)) : Attribute();
}

class ONNXInferShapesPass final
    : public impl::ONNXInferShapesPassBase<ONNXInferShapesPass> {
public:
  using ONNXInferShapesPassBase::ONNXInferShapesPassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(inferFunction(function)))
        signalPassFailure();
  }

private:
  LogicalResult inferFunction(func::FuncOp function) {
    ShapeAnalysis analysis(function);
    if (!analysis.isValid())
      return failure();
    Block &body = function.getBody().front();
    if (failed(checkDeclared(analysis, function)))
      return failure();
    rewrite(analysis, body);
    eraseDead(body);
    // What stands behind an If has no shape until the If is one graph.
    if (chosen) {
      chosen = false;
      function.setType(
          FunctionType::get(function.getContext(), body.getArgumentTypes(),
                            body.getTerminator()->getOperandTypes()));
      return inferFunction(function);
    }
    updateSignature(analysis, function);
    return allowUnranked ? success() : checkRanks(function);
  }

  // Ops whose rank the data may decide, and whose lowering compares it with the
  // one in the type.
  static bool checksRank(Operation *op) {
    return isa<ReshapeOp, SqueezeOp, UnsqueezeOp, ExpandOp, ConstantOfShapeOp,
               GatherNDOp>(op) ||
           op->hasTrait<OpTrait::ONNXReduction>();
  }

  // What the model declares of outputs and intermediate values must not
  // contradict what follows. Symbols are names only, and a number for a dim
  // that follows as a symbol is what exporters write when they trace one size:
  // both are no contradiction.
  static LogicalResult checkDeclared(const ShapeAnalysis &analysis,
                                     func::FuncOp function) {
    LogicalResult outcome = success();
    auto check = [&](Value value, ArrayRef<int64_t> declared, Operation *at,
                     const Twine &what) {
      if (!analysis.hasShape(value)) {
        // The run checks the rank where the op takes one that does not follow.
        // A function of one value has the rank of that.
        auto type = RankedTensorType::get(
            SmallVector<int64_t>(declared.size(), ShapedType::kDynamic),
            getElementTypeOrSelf(value));
        for (Operation *op = value.getDefiningOp(); op;
             op = value.getDefiningOp()) {
          if (checksRank(op))
            value.setType(type.clone(getElementTypeOrSelf(value)));
          if (!op->hasTrait<OpTrait::ONNXElementwise>() ||
              op->getNumOperands() != 1 || analysis.hasShape(op->getOperand(0)))
            break;
          value = op->getOperand(0);
        }
        return;
      }
      ArrayRef<DimExpr> shape = analysis.getShape(value);
      bool contradicts = shape.size() != declared.size();
      std::string text;
      for (auto [i, dim] : llvm::enumerate(shape)) {
        text += (i ? ", " : "") + analysis.toString(dim);
        std::optional<int64_t> size = dim.getConstant();
        contradicts =
            contradicts || (size && declared[i] >= 0 && *size != declared[i]);
      }
      if (!contradicts)
        return;
      InFlightDiagnostic diagnostic = at->emitError();
      diagnostic << what << " is declared with the dims [";
      llvm::interleaveComma(declared, diagnostic, [&](int64_t size) {
        if (size < 0)
          diagnostic << "?";
        else
          diagnostic << size;
      });
      diagnostic << "], but those that follow are [" << text << "]";
      outcome = failure();
    };

    Block &body = function.getBody().front();
    function.walk([&](Operation *op) {
      auto list = dyn_cast_or_null<ArrayAttr>(
          op->removeDiscardableAttr(declaredDimsAttrName));
      // A graph of an If that is never taken may contradict itself.
      if (!list || list.size() != op->getNumResults() ||
          op->getBlock() != &body)
        return;
      for (auto [result, dims] : llvm::zip(op->getResults(), list))
        if (auto sizes = dyn_cast<DenseI64ArrayAttr>(dims))
          check(result, sizes, op, "a result");
    });
    Operation *terminator = body.getTerminator();
    for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
      auto dims = function.getResultAttrOfType<ArrayAttr>(i, "onnx.dims");
      auto name = function.getResultAttrOfType<StringAttr>(i, "onnx.name");
      if (!dims || !name)
        continue;
      SmallVector<int64_t> sizes;
      for (Attribute dim : dims) {
        auto size = dyn_cast<IntegerAttr>(dim);
        sizes.push_back(size ? size.getInt() : -1);
      }
      check(value, sizes, terminator,
            "output '" + Twine(name.getValue()) + "'");
    }
    return outcome;
  }

  // A block and the graphs inside its ops.
  void rewrite(ShapeAnalysis &analysis, Block &block) {
    for (BlockArgument argument : block.getArguments())
      refine(analysis, argument);
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto choice = dyn_cast<IfOp>(op);
      if (choice && inlined(analysis, choice))
        continue;
      if (choice && alignBranchRanks(analysis, choice))
        chosen = true;
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          rewrite(analysis, inner);
      for (OpResult result : op.getResults()) {
        refine(analysis, result);
        replaceByConstant(analysis, result);
        replaceByOperand(analysis, result);
      }
      simplifyTarget(analysis, &op);
    }
  }

  // A condition that the shapes decide chooses its graph here, before anything
  // looks at the other one: that may contradict itself.
  bool inlined(ShapeAnalysis &analysis, IfOp op) {
    if (!analysis.hasShape(op.getCond()))
      return false;
    std::optional<SmallVector<int64_t>> cond =
        analysis.getConstantElements(op.getCond());
    bool truth = cond && cond->size() == 1 && (*cond)[0] != 0;
    if (!cond || cond->size() != 1) {
      std::optional<bool> assumed = assumeSqueeze(analysis, op);
      if (!assumed)
        return false;
      truth = *assumed;
    }
    chosen = true;
    Block &taken = (truth ? op.getThenBranch() : op.getElseBranch()).front();
    rewrite(analysis, taken);
    Operation *yield = taken.getTerminator();
    op->replaceAllUsesWith(yield->getOperands());
    yield->erase();
    op->getBlock()->getOperations().splice(op->getIterator(),
                                           taken.getOperations());
    op->erase();
    ++numInlined;
    return true;
  }

  // The graph changed in a way that the analysis wants to see.
  bool chosen = false;

  void refine(const ShapeAnalysis &analysis, Value value) {
    TensorType type = refinedType(analysis, value);
    if (!type || type == value.getType())
      return;
    value.setType(type);
    ++numRefined;
  }

  // Constant elements make the value a constant; its ops die with their last
  // use.
  void replaceByConstant(ShapeAnalysis &analysis, OpResult result) {
    Operation *op = result.getOwner();
    if (isa<ConstantOp>(op) || result.use_empty())
      return;
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || !type.hasStaticShape())
      return;
    std::optional<SmallVector<int64_t>> numbers =
        analysis.getConstantElements(result);
    if (!numbers)
      return;
    unsigned width = type.getElementTypeBitWidth();
    SmallVector<APInt> elements;
    for (int64_t number : *numbers)
      elements.push_back(APInt(64, static_cast<uint64_t>(number)).trunc(width));
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    auto constant = ConstantOp::create(builder, op->getLoc(),
                                       DenseElementsAttr::get(type, elements));
    result.replaceAllUsesWith(constant);
    ++numConstants;
  }

  // An op that moves elements, but with these shapes moves none.
  void replaceByOperand(ShapeAnalysis &analysis, OpResult result) {
    Operation *op = result.getOwner();
    if (!isa<ReshapeOp, FlattenOp, ExpandOp, TileOp, SliceOp>(op) ||
        result.use_empty())
      return;
    Value operand = op->getOperand(0);
    if (operand.getType() != result.getType() || !analysis.hasShape(result) ||
        analysis.getShape(operand) != analysis.getShape(result))
      return;
    if (isa<SliceOp>(op))
      for (const std::optional<SliceRange> &range : analysis.getSliceRanges(op))
        if (!range || range->step != 1)
          return;
    result.replaceAllUsesWith(operand);
    ++numNoOps;
  }

  // Writes the target of a reshape as a constant where 0 (the operand's dim)
  // and one -1 can say it, so that the computation of the target dies. The -1
  // is solved by the same division again, which is exact as the element counts
  // are equal.
  void simplifyTarget(ShapeAnalysis &analysis, Operation *op) {
    auto reshape = dyn_cast<ReshapeOp>(op);
    if (!reshape || reshape.getShape().getDefiningOp<ConstantOp>() ||
        !analysis.hasShape(reshape.getData()) ||
        !analysis.hasShape(reshape.getReshaped()))
      return;
    ArrayRef<DimExpr> from = analysis.getShape(reshape.getData());
    ArrayRef<DimExpr> to = analysis.getShape(reshape.getReshaped());
    if (product(from) != product(to))
      return;
    SmallVector<int64_t> target;
    bool open = false;
    for (auto [i, dim] : llvm::enumerate(to)) {
      std::optional<int64_t> size = dim.getConstant();
      if (size == 0)
        return;
      bool copied = i < from.size() && from[i] == dim;
      if (!size && !copied && std::exchange(open, true))
        return;
      target.push_back(size ? *size : copied ? 0 : -1);
    }
    OpBuilder builder(op);
    auto type = RankedTensorType::get({static_cast<int64_t>(target.size())},
                                      builder.getI64Type());
    auto constant = ConstantOp::create(
        builder, op->getLoc(), DenseElementsAttr::get(type, ArrayRef(target)));
    reshape.getShapeMutable().assign(constant);
    reshape.setAllowzero(0);
    ++numTargets;
  }

  void updateSignature(const ShapeAnalysis &analysis, func::FuncOp function) {
    Block &body = function.getBody().front();
    Operation *terminator = body.getTerminator();
    Builder builder(function.getContext());
    for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
      if (!analysis.hasShape(value))
        continue;
      auto declared = function.getResultAttrOfType<ArrayAttr>(i, "onnx.dims");
      ArrayRef<DimExpr> shape = analysis.getShape(value);
      SmallVector<Attribute> dims;
      for (auto [j, dim] : llvm::enumerate(shape)) {
        Attribute text = dimAttribute(analysis, builder, dim);
        // A declared name for a dim that the data decides is worth keeping; a
        // declared number is not, as it is wrong.
        if (!text && declared && declared.size() == shape.size() &&
            isa<StringAttr>(declared[j]))
          text = declared[j];
        dims.push_back(text ? text : builder.getStringAttr("?"));
      }
      if (declared)
        function.setResultAttr(i, "onnx.dims", builder.getArrayAttr(dims));
    }
    function.setType(FunctionType::get(function.getContext(),
                                       body.getArgumentTypes(),
                                       terminator->getOperandTypes()));
  }

  LogicalResult checkRanks(func::FuncOp function) {
    LogicalResult outcome = success();
    for (BlockArgument argument : function.getArguments())
      if (isa<UnrankedTensorType>(argument.getType()))
        outcome = function.emitError()
                  << "the rank of input " << argument.getArgNumber()
                  << " is not known";
    // Only the first node on a way without ranks is worth a message.
    function.walk([&](Operation *op) {
      bool unknown =
          llvm::any_of(op->getResultTypes(), llvm::IsaPred<UnrankedTensorType>);
      bool inherited = llvm::any_of(op->getOperandTypes(),
                                    llvm::IsaPred<UnrankedTensorType>);
      if (unknown && !inherited)
        outcome = op->emitOpError("the rank of the result cannot be inferred");
    });
    return outcome;
  }
};

} // namespace
} // namespace mlir::onnx
