//===- Subgraph.cpp - a part of a graph as a graph of its own -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cut value keeps its type and its name: as an input its dims are known by
// number or get a symbol each, since what made two of them equal may be gone.
//===----------------------------------------------------------------------===//

#include "Reduce.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace {
bool isConstant(Operation *op) {
  return isa<onnx::ConstantOp, onnx::NoValueOp>(op);
}

class Extraction {
public:
  Extraction(func::FuncOp main, const DenseSet<Operation *> &kept)
      : main(main), body(main.getBody().front()), kept(kept) {
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      note(main.getArgAttrDict(i));
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      note(main.getResultAttrDict(i));
  }

  void run() {
    cutInputs();
    cutOutputs();
    eraseUnused();
  }

private:
  /// The operation of the body in which a use is, maybe inside of its regions.
  Operation *userInBody(OpOperand &use) {
    return body.findAncestorOpInBlock(*use.getOwner());
  }

  void note(DictionaryAttr attributes) {
    if (!attributes)
      return;
    if (auto name = attributes.getAs<StringAttr>("onnx.name"))
      names.insert(name);
    if (auto dims = attributes.getAs<ArrayAttr>("onnx.dims"))
      for (Attribute dim : dims)
        if (auto symbol = dyn_cast<StringAttr>(dim))
          symbols.insert(symbol);
  }

  std::string freeName(StringRef wanted, llvm::StringSet<> &taken) {
    std::string name = wanted.str();
    for (unsigned i = 1; !taken.insert(name).second; ++i)
      name = (wanted + "_" + Twine(i)).str();
    return name;
  }

  /// Name and dims of a value that becomes an input or output.
  DictionaryAttr describe(Value value, bool isInput) {
    Builder b(main.getContext());
    auto location = value.getLoc()->findInstanceOf<NameLoc>();
    std::string name =
        freeName(location ? location.getName().getValue() : "value", names);
    NamedAttrList attributes;
    attributes.set("onnx.name", b.getStringAttr(name));
    if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
      SmallVector<Attribute> dims;
      for (int64_t size : type.getShape())
        if (!ShapedType::isDynamic(size))
          dims.push_back(b.getI64IntegerAttr(size));
        else
          dims.push_back(
              b.getStringAttr(isInput ? freeName("dim", symbols) : ""));
      attributes.set("onnx.dims", b.getArrayAttr(dims));
    }
    return attributes.getDictionary(main.getContext());
  }

  void cutInputs() {
    SmallVector<Value> cut;
    for (Operation &op : body.without_terminator()) {
      if (kept.contains(&op) || isConstant(&op))
        continue;
      for (Value result : op.getResults())
        if (llvm::any_of(result.getUses(), [&](OpOperand &use) {
              return kept.contains(userInBody(use));
            }))
          cut.push_back(result);
    }
    for (Value value : cut) {
      unsigned index = main.getNumArguments();
      (void)main.insertArgument(index, value.getType(), describe(value, true),
                                value.getLoc());
      value.replaceUsesWithIf(main.getArgument(index), [&](OpOperand &use) {
        return kept.contains(userInBody(use));
      });
    }
  }

  void cutOutputs() {
    Operation *terminator = body.getTerminator();
    SmallVector<Value> values;
    SmallVector<Type> types;
    SmallVector<Attribute> attributes;
    llvm::SetVector<Value> returned;
    for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
      Operation *maker = value.getDefiningOp();
      if (!maker || !kept.contains(maker) || !returned.insert(value))
        continue;
      values.push_back(value);
      attributes.push_back(main.getResultAttrDict(i));
    }
    for (Operation &op : body.without_terminator())
      if (kept.contains(&op))
        for (Value result : op.getResults())
          if (escapes(result, terminator) && returned.insert(result)) {
            values.push_back(result);
            attributes.push_back(describe(result, false));
          }
    for (Value value : values)
      types.push_back(value.getType());
    terminator->setOperands(values);
    main.setFunctionType(
        FunctionType::get(main.getContext(), main.getArgumentTypes(), types));
    Builder b(main.getContext());
    for (Attribute &attribute : attributes)
      if (!attribute)
        attribute = b.getDictionaryAttr({});
    main.setResAttrsAttr(b.getArrayAttr(attributes));
  }

  /// Whether an operation that goes away reads a value.
  bool escapes(Value value, Operation *terminator) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = userInBody(use);
      return user != terminator && !kept.contains(user);
    });
  }

  void eraseUnused() {
    SmallVector<Operation *> cut;
    for (Operation &op : body.without_terminator())
      if (!kept.contains(&op))
        cut.push_back(&op);
    // Users before what they use; constants of kept ones stay.
    for (Operation *op : llvm::reverse(cut))
      if (op->use_empty())
        op->erase();
    for (unsigned i = main.getNumArguments(); i-- > 0;)
      if (main.getArgument(i).use_empty())
        (void)main.eraseArgument(i);
  }

  func::FuncOp main;
  Block &body;
  const DenseSet<Operation *> &kept;
  llvm::StringSet<> names, symbols;
};
} // namespace

void qopt_reduce::keepSubgraph(Region &region,
                               ArrayRef<ReductionNode::Range> ranges) {
  auto main = cast<func::FuncOp>(region.getParentOp());
  DenseSet<Operation *> kept;
  int index = 0;
  for (Operation &op : region.front()) {
    bool inside = llvm::any_of(ranges, [&](const ReductionNode::Range &range) {
      return range.first <= index && index < range.second;
    });
    if (inside && !isConstant(&op) && !op.hasTrait<OpTrait::IsTerminator>())
      kept.insert(&op);
    ++index;
  }
  Extraction(main, kept).run();
}

unsigned qopt_reduce::countNodes(ModuleOp module) {
  unsigned count = 0;
  module.lookupSymbol<func::FuncOp>("main").walk([&](Operation *op) {
    count += !isConstant(op) && !op->hasTrait<OpTrait::IsTerminator>() &&
             !isa<func::FuncOp>(op);
  });
  return count;
}
