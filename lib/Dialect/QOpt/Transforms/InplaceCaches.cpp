//===- InplaceCaches.cpp - caches that share the buffer of the caller -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Marks only: what the notes mean is in CacheAttrs.h. The conditions are those
// under which one buffer can hold both past and present: the present starts
// with the past, row by row, and the past is read by nothing that could come
// after the new rows were written.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Support/CacheNames.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_INPLACECACHESPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"

namespace {

class CacheMarker {
public:
  explicit CacheMarker(func::FuncOp main)
      : main(main), terminator(main.getBody().front().getTerminator()),
        builder(main.getContext()) {}

  /// Reports every cache that stands in the way.
  LogicalResult run() {
    for (BlockArgument past : main.getArguments()) {
      StringRef name = nameOf(main.getArgAttrDict(past.getArgNumber()));
      std::string cache = cacheOfPast(name);
      if (cache.empty() || !isa<FloatType>(elementOf(past)))
        continue;
      for (unsigned i = 0; i < main.getNumResults(); ++i)
        if (cacheOfPresent(nameOf(main.getResultAttrDict(i))) == cache) {
          mark(past, i);
          break;
        }
    }
    if (failed)
      return failure();
    if (numCaches == 0 && dropped.none())
      return main.emitError(
          "has no pair of inputs and outputs that are past and present of a "
          "key or value cache: --kv=inplace has nothing to do");
    drop();
    if (needsLength)
      addLength();
    return success();
  }

  unsigned numCaches = 0, numDropped = 0;

private:
  static StringRef nameOf(DictionaryAttr attributes) {
    auto name =
        attributes ? attributes.getAs<StringAttr>("onnx.name") : nullptr;
    return name ? name.getValue() : StringRef();
  }

  static Type elementOf(Value value) {
    auto type = dyn_cast<TensorType>(value.getType());
    return type ? type.getElementType() : Type();
  }

  void fail(Operation *op, const Twine &reason, BlockArgument past) {
    failed = true;
    std::string cache =
        quoteName(nameOf(main.getArgAttrDict(past.getArgNumber())));
    if (!op) {
      main.emitError("input ")
          << cache << " cannot be a cache in place: " << reason;
      return;
    }
    op->emitOpError("'") << nodeName(op) << "': " << reason << ", so that "
                         << cache << " cannot be a cache in place";
  }

  void mark(BlockArgument past, unsigned result) {
    Value present = terminator->getOperand(result);
    if (present == past) {
      dropped.resize(main.getNumResults());
      dropped.set(result);
      return;
    }
    Operation *op = present.getDefiningOp();
    auto type = dyn_cast<RankedTensorType>(past.getType());
    if (!type)
      return fail(nullptr, "its rank is not known", past);
    if (auto scatter = dyn_cast_or_null<onnx::TensorScatterOp>(op))
      return markScatter(scatter, past, result);
    auto concat = dyn_cast_or_null<onnx::ConcatOp>(op);
    if (!concat || concat.getInputs().size() != 2 ||
        concat.getInputs()[0] != past || concat.getInputs()[1] == past)
      return fail(op, "the present is not the past followed by new rows", past);
    int64_t axis = concat.getAxis();
    if (axis < 0)
      axis += type.getRank();
    if (!type.isDynamicDim(axis))
      return fail(nullptr, "its length is fixed", past);
    if (note(op, past, result, axis))
      needsLength = true;
  }

  /// A cache of fixed size, whose new rows go to where the graph says: in place
  /// as it is. A Pad makes room in it where the caller has left none, which is
  /// of no use to a buffer that the caller keeps: the rows have to fit.
  void markScatter(onnx::TensorScatterOp scatter, BlockArgument past,
                   unsigned result) {
    auto pad = scatter.getPastCache().getDefiningOp<onnx::PadOp>();
    if (pad && pad.getData() == past && pad->hasOneUse()) {
      scatter->setOperand(0, past);
      pad.erase();
    }
    if (scatter.getPastCache() != past || scatter.getUpdate() == past)
      return fail(scatter, "the present is not the past with new rows", past);
    int64_t axis = scatter.getAxis();
    if (axis < 0)
      axis += cast<ShapedType>(past.getType()).getRank();
    note(scatter, past, result, axis);
  }

  bool note(Operation *op, BlockArgument past, unsigned result, int64_t axis) {
    for (OpOperand &use : past.getUses())
      if (use.getOwner() != op && !isa<onnx::ShapeOp>(use.getOwner())) {
        fail(use.getOwner(), "it reads the past", past);
        return false;
      }
    for (OpOperand &use : op->getUses())
      if (use.getOwner() == terminator && use.getOperandNumber() != result) {
        fail(op, "the present is two outputs", past);
        return false;
      }
    main.setArgAttr(past.getArgNumber(), kCacheAttrName,
                    builder.getI64IntegerAttr(axis));
    main.setResultAttr(result, kCacheAttrName,
                       builder.getI64IntegerAttr(past.getArgNumber()));
    ++numCaches;
    return true;
  }

  /// A cache of the encoder goes through a step unchanged: the caller has it.
  void drop() {
    if (dropped.none())
      return;
    numDropped = dropped.count();
    terminator->eraseOperands(dropped);
    (void)main.eraseResults(dropped);
  }

  void addLength() {
    llvm::StringSet<> names;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      names.insert(nameOf(main.getArgAttrDict(i)));
    std::string name = "past_length";
    for (unsigned i = 1; names.contains(name); ++i)
      name = "past_length_" + std::to_string(i);
    auto attributes = builder.getDictionaryAttr(
        {builder.getNamedAttr("onnx.name", builder.getStringAttr(name)),
         builder.getNamedAttr("onnx.dims", builder.getI64ArrayAttr({1})),
         builder.getNamedAttr(kCacheLengthAttrName, builder.getUnitAttr())});
    (void)main.insertArgument(main.getNumArguments(),
                              RankedTensorType::get({1}, builder.getI64Type()),
                              attributes,
                              NameLoc::get(builder.getStringAttr(name)));
  }

  func::FuncOp main;
  Operation *terminator;
  Builder builder;
  llvm::BitVector dropped;
  bool failed = false, needsLength = false;
};

class InplaceCachesPass final
    : public impl::InplaceCachesPassBase<InplaceCachesPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("needs a function @main of one block");
      return signalPassFailure();
    }
    CacheMarker marker(main);
    if (failed(marker.run()))
      return signalPassFailure();
    numCaches += marker.numCaches;
    numDropped += marker.numDropped;
  }
};

} // namespace
} // namespace mlir::qopt
