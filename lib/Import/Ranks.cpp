//===- Ranks.cpp - ranks of values while the graph is built ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax changed its meaning in opset 13: before, all dims from `axis` on were
// one. Exporters nearly always meant the last dim, where both are the same, but
// wrote its number; only with the rank can the importer tell. Shapes are not
// needed and are left to the shape inference; a rule that is missing here costs
// speed, not correctness.
//===----------------------------------------------------------------------===//

#include "Ranks.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
using Number = std::optional<int64_t>;

Number sum(Number a, Number b) {
  return a && b ? Number(*a + *b) : std::nullopt;
}

bool isAbsent(Value value) { return isa<NoneType>(value.getType()); }

/// Ops whose results all have the rank of the first operand.
bool keepsRank(Operation *op) {
  return StringSwitch<bool>(op->getName().stripDialect())
      .Cases({"Identity", "Transpose", "Slice", "Pad", "Tile", "Split"}, true)
      .Cases({"Softmax", "LogSoftmax", "Hardmax", "CumSum", "CumProd", "Trilu"},
             true)
      .Cases({"LayerNormalization", "RMSNormalization", "Concat"}, true)
      .Cases({"ScatterElements", "ScatterND", "ReverseSequence"}, true)
      .Cases({"Conv", "ConvTranspose", "MaxPool", "AveragePool"}, true)
      .Cases({"GlobalAveragePool", "GlobalMaxPool", "Resize"}, true)
      .Cases({"QuantizeLinear", "DequantizeLinear", "TopK", "EyeLike"}, true)
      .Default(false);
}
} // namespace

Number Ranks::rankOf(Value value) const {
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    return type.getRank();
  auto found = ranks.find(value);
  return found == ranks.end() ? Number() : Number(found->second);
}

Number Ranks::lengthOf(Value value) const {
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    return type.hasStaticShape() && type.getRank() <= 1
               ? Number(type.getNumElements())
               : std::nullopt;
  auto found = lengths.find(value);
  return found == lengths.end() ? Number() : Number(found->second);
}

/// Ops that change the rank of their operand.
void Ranks::noteReshaping(Operation *op) {
  Number data = op->getNumOperands() ? rankOf(op->getOperand(0)) : Number();
  auto second = [&] { return op->getOperand(1); };
  // The number of axes in the second operand; all where it is absent.
  auto reducedRank = [&]() -> Number {
    auto keepdims = op->getAttrOfType<IntegerAttr>("keepdims");
    if (!keepdims || keepdims.getInt() != 0)
      return data;
    if (isAbsent(second()))
      return 0;
    Number axes = lengthOf(second());
    return data && axes ? Number(*data - *axes) : std::nullopt;
  };
  Number rank =
      TypeSwitch<Operation *, Number>(op)
          .Case<onnx::ShapeOp, onnx::RangeOp>([](auto) { return 1; })
          .Case<onnx::SizeOp>([](auto) { return 0; })
          .Case<onnx::FlattenOp, onnx::GemmOp, onnx::NonZeroOp>(
              [](auto) { return 2; })
          .Case<onnx::ConstantOfShapeOp>(
              [&](auto) { return lengthOf(op->getOperand(0)); })
          .Case<onnx::ReshapeOp>([&](auto) { return lengthOf(second()); })
          .Case<onnx::ExpandOp>([&](auto) -> Number {
            Number target = lengthOf(second());
            return data && target ? Number(std::max(*data, *target))
                                  : std::nullopt;
          })
          .Case<onnx::UnsqueezeOp>(
              [&](auto) { return sum(data, lengthOf(second())); })
          .Case<onnx::SqueezeOp>([&](auto) -> Number {
            Number axes = isAbsent(second()) ? Number() : lengthOf(second());
            return data && axes ? Number(*data - *axes) : std::nullopt;
          })
          .Case<onnx::GatherOp>(
              [&](auto) { return sum(sum(data, rankOf(second())), -1); })
          .Case<onnx::GatherElementsOp>([&](auto) { return rankOf(second()); })
          .Case<onnx::OneHotOp>([&](auto) { return sum(data, 1); })
          .Case<onnx::MatMulOp>([&](auto) -> Number {
            Number other = rankOf(second());
            if (!data || !other)
              return std::nullopt;
            if (*data == 1 || *other == 1)
              return std::max<int64_t>(0, *data + *other - 2);
            return std::max(*data, *other);
          })
          .Default([&](Operation *) -> Number {
            if (op->hasTrait<OpTrait::ONNXReduction>())
              return reducedRank();
            return std::nullopt;
          });
  if (rank && *rank >= 0)
    ranks[op->getResult(0)] = *rank;
}

/// Lengths of the vectors that shapes are computed in.
void Ranks::noteVector(Operation *op) {
  Value result = op->getResult(0);
  Number rank = rankOf(result);
  if (!rank || *rank > 1)
    return;
  Number length =
      TypeSwitch<Operation *, Number>(op)
          .Case<onnx::ShapeOp>([&](onnx::ShapeOp shape) -> Number {
            if (shape.getStart() != 0 || shape.getEnd())
              return std::nullopt;
            return rankOf(shape.getData());
          })
          .Case<onnx::ConcatOp>([&](auto) {
            Number total = 0;
            for (Value operand : op->getOperands())
              total = sum(total, lengthOf(operand));
            return total;
          })
          .Case<onnx::GatherOp>(
              [&](auto) { return lengthOf(op->getOperand(1)); })
          .Case<onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::IdentityOp,
                onnx::CastOp>([&](auto) { return lengthOf(op->getOperand(0)); })
          .Default(Number());
  if (length)
    lengths[result] = *length;
}

void Ranks::note(Operation *op) {
  if (op->getNumResults() == 0 || op->getNumOperands() == 0)
    return;
  if (op->hasTrait<OpTrait::ONNXElementwise>()) {
    Number rank = 0;
    for (Value operand : op->getOperands()) {
      if (isAbsent(operand))
        continue;
      Number own = rankOf(operand);
      rank = rank && own ? Number(std::max(*rank, *own)) : std::nullopt;
    }
    if (rank)
      ranks[op->getResult(0)] = *rank;
  } else if (keepsRank(op)) {
    if (Number rank = rankOf(op->getOperand(0)))
      for (Value result : op->getResults())
        ranks[result] = *rank;
  } else {
    noteReshaping(op);
  }
  noteVector(op);
}

} // namespace mlir::qopt::importer
