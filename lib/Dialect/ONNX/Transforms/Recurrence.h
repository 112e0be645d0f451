//===- Recurrence.h - steps of a recurrent layer -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LSTM, GRU and RNN have in common: the loop over the steps, sequences of
// different length, activation functions by name.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_RECURRENCE_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_RECURRENCE_H

#include "Decompose.h"

namespace mlir::onnx {

struct Activation {
  std::string name;
  float alpha = 0, beta = 0;
};

// Activations by their names in ONNX, any case. Those with parameters take the
// next of the lists, or ONNX's default once a list ends. Emits an error for an
// unknown name.
FailureOr<SmallVector<Activation>> readActivations(Operation *op,
                                                   ArrayRef<StringRef> names,
                                                   ArrayRef<float> alphas,
                                                   ArrayRef<float> betas);

// [batch, hidden] each; only an LSTM has a cell.
struct State {
  Value hidden, cell;
};

class Recurrence;

// One step of a layer in one direction.
class Cell {
public:
  virtual ~Cell() = default;
  // `input`: x w^T + bias of the step, [batch, gates * hidden].
  virtual State step(Recurrence &c, Value input, State state) const = 0;

  ArrayRef<Activation> functions;
  Value recurrent; // r^T, [hidden, gates * hidden]
};

class Recurrence : public Composer {
public:
  Recurrence(PatternRewriter &rewriter, Operation *op)
      : Composer(rewriter, op),
        element(getElementTypeOrSelf(op->getOperand(0))) {}

  struct Result {
    Value outputs; // [steps, batch, hidden]
    State last;
  };
  // Runs the cell over `inputs`, [steps, batch, gates * hidden].
  Result run(const Cell &cell, Value inputs, State start);

  // `x` is [steps, batch, ..], `r` [.., .., hidden]; `lengths` [batch] or null.
  void setSequences(Value x, Value r, Value lengths);
  // Steps in reverse order, within each sequence.
  Value reverse(Value x);

  Value activate(const Activation &function, Value x, bool clips = true);
  Value product(Value a, Value b);
  Value transposed(Value matrix);
  Value swapFirst(Value x); // [a, b, c] to [b, a, c]
  Value entry(Value x, int64_t index, int64_t axis);
  SmallVector<Value> split(Value x, int64_t parts); // along the last dim
  Value stack(ArrayRef<Value> values, int64_t axis);
  Value one(Value like);
  Value zeroState();

  std::optional<APFloat> clip;

private:
  Type element;
  Value steps, lengths;
  Value batch, hidden; // [1] each
};

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_RECURRENCE_H
