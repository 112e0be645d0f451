//===- Vocabularies.cpp - inputs that index a table -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calibration data with an id outside of the vocabulary is refused by name and
// index before the model runs; the check at run time knows neither.
//===----------------------------------------------------------------------===//

#include "Vocabularies.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

/// The argument whose elements `value` holds, in any shape; null if none.
static BlockArgument findArgument(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<onnx::CastOp, onnx::IdentityOp, onnx::ReshapeOp, onnx::UnsqueezeOp,
             onnx::SqueezeOp>(op))
      return {};
    value = op->getOperand(0);
  }
  return cast<BlockArgument>(value);
}

std::map<std::string, int64_t> qopt::findVocabularies(ModuleOp module) {
  std::map<std::string, int64_t> result;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return result;
  main.walk([&](onnx::GatherOp op) {
    auto table = dyn_cast<RankedTensorType>(op.getData().getType());
    BlockArgument argument = findArgument(op.getIndices());
    if (!table || table.getRank() == 0 || !argument || op.getAxis() != 0 ||
        table.isDynamicDim(0) || argument.getOwner() != &main.front() ||
        !op.getData().getDefiningOp<onnx::ConstantOp>())
      return;
    auto name =
        main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name");
    if (!name)
      return;
    auto [entry, isNew] =
        result.insert({name.getValue().str(), table.getDimSize(0)});
    entry->second = std::min(entry->second, table.getDimSize(0));
  });
  return result;
}
