//===- Recurrence.cpp - steps of a recurrent layer -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {
// Defaults of the operators of the same name; none: no such parameter.
struct Parameters {
  std::optional<float> alpha, beta;
  bool isKnown = true;
};

Parameters parametersOf(StringRef lower) {
  return llvm::StringSwitch<Parameters>(lower)
      .Cases({"relu", "tanh", "sigmoid", "softsign", "softplus"}, {})
      .Case("affine", {1.0f, 0.0f})
      .Case("leakyrelu", {0.01f, std::nullopt})
      .Case("thresholdedrelu", {1.0f, std::nullopt})
      .Case("scaledtanh", {1.0f, 1.0f})
      .Case("hardsigmoid", {0.2f, 0.5f})
      .Case("elu", {1.0f, std::nullopt})
      .Default({std::nullopt, std::nullopt, false});
}
} // namespace

FailureOr<SmallVector<Activation>>
mlir::onnx::readActivations(Operation *op, ArrayRef<StringRef> names,
                            ArrayRef<float> alphas, ArrayRef<float> betas) {
  SmallVector<Activation> result;
  auto next = [](ArrayRef<float> &list, std::optional<float> otherwise) {
    if (!otherwise || list.empty())
      return otherwise.value_or(0.0f);
    float value = list.front();
    list = list.drop_front();
    return value;
  };
  for (StringRef name : names) {
    Activation function;
    function.name = name.lower();
    Parameters parameters = parametersOf(function.name);
    if (!parameters.isKnown)
      return op->emitOpError("has an unknown activation '") << name << "'";
    function.alpha = next(alphas, parameters.alpha);
    function.beta = next(betas, parameters.beta);
    result.push_back(std::move(function));
  }
  return result;
}

Value Recurrence::activate(const Activation &function, Value x, bool clips) {
  if (clip && clips) {
    double bound = clip->convertToFloat();
    x = op<ClipOp>({x, scalar(element, -bound), scalar(element, bound)});
  }
  Value alpha = scalar(element, function.alpha);
  Value beta = scalar(element, function.beta);
  NamedAttribute alphaAttr = attr("alpha", double(function.alpha));
  StringRef name = function.name;
  if (name == "relu")
    return op<ReluOp>(x);
  if (name == "tanh")
    return op<TanhOp>(x);
  if (name == "sigmoid")
    return op<SigmoidOp>(x);
  if (name == "softsign")
    return op<SoftsignOp>(x);
  if (name == "softplus")
    return op<SoftplusOp>(x);
  if (name == "affine")
    return add(mul(alpha, x), beta);
  if (name == "leakyrelu")
    return op<LeakyReluOp>(x, alphaAttr);
  if (name == "thresholdedrelu")
    return op<ThresholdedReluOp>(x, alphaAttr);
  if (name == "scaledtanh")
    return mul(alpha, op<TanhOp>(mul(beta, x)));
  if (name == "hardsigmoid")
    return op<HardSigmoidOp>(x,
                             {alphaAttr, attr("beta", double(function.beta))});
  return op<EluOp>(x, alphaAttr);
}

Value Recurrence::product(Value a, Value b) { return op<MatMulOp>({a, b}); }

Value Recurrence::transposed(Value matrix) {
  return op<TransposeOp>(matrix, attr("perm", {1, 0}));
}

Value Recurrence::swapFirst(Value x) {
  return op<TransposeOp>(x, attr("perm", {1, 0, 2}));
}

Value Recurrence::entry(Value x, int64_t index, int64_t axis) {
  Value at = scalar(IntegerType::get(element.getContext(), 64), index);
  return op<GatherOp>({x, at}, attr("axis", axis));
}

SmallVector<Value> Recurrence::split(Value x, int64_t parts) {
  return llvm::to_vector_of<Value>(
      ops<SplitOp>({x, none()}, parts,
                   {attr("axis", int64_t(-1)), attr("num_outputs", parts)}));
}

Value Recurrence::stack(ArrayRef<Value> values, int64_t axis) {
  SmallVector<Value> parts;
  for (Value value : values)
    parts.push_back(op<UnsqueezeOp>({value, ints(axis)}));
  if (parts.size() == 1)
    return parts.front();
  return op<ConcatOp>(parts, attr("axis", axis));
}

Value Recurrence::one(Value like) {
  return scalar(getElementTypeOrSelf(like), 1);
}

Value Recurrence::zeroState() {
  Value shape = op<ConcatOp>({batch, hidden}, attr("axis", int64_t(0)));
  return op<ExpandOp>({scalar(element, 0), shape});
}

void Recurrence::setSequences(Value x, Value r, Value given) {
  auto dim = [&](Value of, int64_t axis) {
    return op<ShapeOp>(of, {attr("start", axis), attr("end", axis + 1)});
  };
  steps = op<SqueezeOp>({dim(x, 0), ints(0)});
  batch = dim(x, 1);
  hidden = dim(r, 2);
  Type i64 = IntegerType::get(element.getContext(), 64);
  lengths = given ? cast(given, i64) : Value();
}

Value Recurrence::reverse(Value x) {
  if (lengths)
    return op<ReverseSequenceOp>(
        {x, lengths},
        {attr("time_axis", int64_t(0)), attr("batch_axis", int64_t(1))});
  return op<SliceOp>({x, ints(-1), ints(std::numeric_limits<int64_t>::min()),
                      ints(0), ints(-1)});
}

Recurrence::Result Recurrence::run(const Cell &cell, Value inputs,
                                   State start) {
  SmallVector<Value> initial{start.hidden};
  if (start.cell)
    initial.push_back(start.cell);
  SmallVector<Value> results =
      loop(steps, initial, [&](Value step, ValueRange carried) {
        State state{carried[0], start.cell ? carried[1] : Value()};
        Value input = op<GatherOp>({inputs, step}, attr("axis", int64_t(0)));
        State next = cell.step(*this, input, state);
        Value output = next.hidden;
        if (lengths) {
          Value running =
              op<UnsqueezeOp>({op<LessOp>({step, lengths}), ints(1)});
          auto ifRunning = [&](Value value, Value otherwise) {
            return op<WhereOp>({running, value, otherwise});
          };
          output = ifRunning(next.hidden, scalar(element, 0));
          next.hidden = ifRunning(next.hidden, state.hidden);
          if (next.cell)
            next.cell = ifRunning(next.cell, state.cell);
        }
        SmallVector<Value> yielded{next.hidden};
        if (next.cell)
          yielded.push_back(next.cell);
        yielded.push_back(output);
        return yielded;
      });
  return {results.back(), {results.front(), start.cell ? results[1] : Value()}};
}
