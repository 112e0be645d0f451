//===- DecomposeRecurrent.cpp - LSTM, GRU, RNN as loops ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The products with the inputs do not depend on the state: one MatMul does them
// for all steps. What is left in the loop is the product with the state and the
// gates. A reversed direction works on reversed inputs.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "Recurrence.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// h' = f(x w^T + h r^T + b)
class SimpleCell : public Cell {
public:
  using Cell::Cell;
  State step(Recurrence &c, Value input, State state) const override {
    Value gate = c.add(input, c.product(state.hidden, recurrent));
    return {c.activate(functions[0], gate), {}};
  }
};

class LSTMCell : public Cell {
public:
  using Cell::Cell;
  State step(Recurrence &c, Value input, State state) const override {
    Value all = c.add(input, c.product(state.hidden, recurrent));
    SmallVector<Value> gate = c.split(all, 4); // i, o, f, c
    auto withPeephole = [&](unsigned i, Value cell) {
      return peephole.empty() ? gate[i]
                              : c.add(gate[i], c.mul(peephole[i], cell));
    };
    Value in = c.activate(functions[0], withPeephole(0, state.cell));
    Value forget = inputForget
                       ? c.sub(c.one(in), in)
                       : c.activate(functions[0], withPeephole(2, state.cell));
    Value candidate = c.activate(functions[1], gate[3]);
    Value cell = c.add(c.mul(forget, state.cell), c.mul(in, candidate));
    Value out = c.activate(functions[0], withPeephole(1, cell));
    // ONNX Runtime does not clip what goes into h.
    Value hidden = c.mul(out, c.activate(functions[2], cell, /*clips=*/false));
    return {hidden, cell};
  }
  SmallVector<Value> peephole;
  bool inputForget = false;
};

class GRUCell : public Cell {
public:
  using Cell::Cell;
  State step(Recurrence &c, Value input, State state) const override {
    SmallVector<Value> in = c.split(input, 3); // z, r, h
    SmallVector<Value> weights = c.split(recurrent, 3);
    auto gate = [&](unsigned i) {
      Value sum = c.add(in[i], c.product(state.hidden, weights[i]));
      return c.activate(functions[0], sum);
    };
    Value update = gate(0), reset = gate(1), inner;
    if (linearBeforeReset) {
      inner = c.product(state.hidden, weights[2]);
      inner = c.mul(reset, resetBias ? c.add(inner, resetBias) : inner);
    } else {
      inner = c.product(c.mul(reset, state.hidden), weights[2]);
    }
    Value candidate = c.activate(functions[1], c.add(in[2], inner));
    Value kept = c.mul(update, state.hidden);
    return {c.add(c.mul(c.sub(c.one(update), update), candidate), kept), {}};
  }
  // The recurrent bias of the candidate, which is reset with its product.
  Value resetBias;
  bool linearBeforeReset = false;
};

bool isAbsent(Value value) { return isa<NoneType>(value.getType()); }

// What differs between the three operators.
struct RNNTraits {
  using Op = RNNOp;
  using CellType = SimpleCell;
  static SmallVector<StringRef> functions() { return {"Tanh"}; }
  static Value initialCell(Op) { return {}; }
  static void prepare(Op, CellType &, Recurrence &, int64_t, Value &) {}
};

struct GRUTraits {
  using Op = GRUOp;
  using CellType = GRUCell;
  static SmallVector<StringRef> functions() { return {"Sigmoid", "Tanh"}; }
  static Value initialCell(Op) { return {}; }
  static void prepare(Op op, CellType &cell, Recurrence &c, int64_t,
                      Value &recurrentBias) {
    cell.linearBeforeReset = op.getLinearBeforeReset();
    if (!cell.linearBeforeReset || !recurrentBias)
      return;
    SmallVector<Value> parts = c.split(recurrentBias, 3);
    cell.resetBias = parts[2];
    Value zero = c.sub(parts[2], parts[2]);
    recurrentBias =
        c.op<ConcatOp>({parts[0], parts[1], zero}, c.attr("axis", int64_t(0)));
  }
};

struct LSTMTraits {
  using Op = LSTMOp;
  using CellType = LSTMCell;
  static SmallVector<StringRef> functions() {
    return {"Sigmoid", "Tanh", "Tanh"};
  }
  static Value initialCell(Op op) { return op.getInitialC(); }
  static void prepare(Op op, CellType &cell, Recurrence &c, int64_t direction,
                      Value &) {
    cell.inputForget = op.getInputForget();
    if (!isAbsent(op.getP()))
      cell.peephole = c.split(c.entry(op.getP(), direction, 0), 3);
  }
};

template <typename Traits>
struct DecomposeRecurrent : OpRewritePattern<typename Traits::Op> {
  using OpTy = typename Traits::Op;
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Recurrence c(rewriter, op);
    c.clip = op.getClip();
    bool isBidirectional = op.getDirection() == "bidirectional";
    FailureOr<SmallVector<Activation>> functions = activationsOf(op);
    if (failed(functions))
      return failure();

    bool batchFirst = op.getLayout() != 0;
    Value x = batchFirst ? c.swapFirst(op.getX()) : Value(op.getX());
    c.setSequences(x, op.getR(),
                   isAbsent(op.getSequenceLens()) ? Value()
                                                  : op.getSequenceLens());
    SmallVector<Value> outputs, hidden, cells;
    for (int64_t d = 0; d < (isBidirectional ? 2 : 1); ++d) {
      bool reversed = d == 1 || op.getDirection() == "reverse";
      auto count = functions->size() / (isBidirectional ? 2 : 1);
      Recurrence::Result result =
          run(op, c, x, d, batchFirst, reversed,
              ArrayRef(*functions).slice(d * count, count));
      outputs.push_back(result.outputs);
      hidden.push_back(result.last.hidden);
      cells.push_back(result.last.cell);
    }
    SmallVector<Value> results{c.stack(outputs, 1), c.stack(hidden, 0)};
    if (results.size() < op->getNumResults())
      results.push_back(c.stack(cells, 0));
    if (batchFirst) {
      results[0] = c.op<TransposeOp>(results[0], c.attr("perm", {2, 0, 1, 3}));
      for (Value &state : llvm::drop_begin(results))
        state = c.swapFirst(state);
    }
    c.replace(op, results);
    return success();
  }

private:
  static Recurrence::Result run(OpTy op, Recurrence &c, Value x,
                                int64_t direction, bool batchFirst,
                                bool reversed, ArrayRef<Activation> functions) {
    typename Traits::CellType cell;
    cell.functions = functions;
    cell.recurrent = c.transposed(c.entry(op.getR(), direction, 0));
    Value inputs = c.product(reversed ? c.reverse(x) : x,
                             c.transposed(c.entry(op.getW(), direction, 0)));
    Value recurrentBias;
    SmallVector<Value> bias;
    if (!isAbsent(op.getB())) {
      bias = c.split(c.entry(op.getB(), direction, 0), 2);
      recurrentBias = bias[1];
    }
    Traits::prepare(op, cell, c, direction, recurrentBias);
    if (!bias.empty())
      inputs = c.add(inputs, c.add(bias[0], recurrentBias));

    auto initial = [&](Value given) {
      return !given || isAbsent(given)
                 ? c.zeroState()
                 : c.entry(given, direction, batchFirst ? 1 : 0);
    };
    State start{initial(op.getInitialH()), {}};
    if (op->getNumResults() == 3)
      start.cell = initial(Traits::initialCell(op));
    Recurrence::Result result = c.run(cell, inputs, start);
    if (reversed)
      result.outputs = c.reverse(result.outputs);
    return result;
  }

  // Names with the parameters that the lists give them, in order.
  static FailureOr<SmallVector<Activation>> activationsOf(OpTy op) {
    SmallVector<StringRef> names;
    if (op.getActivations())
      llvm::append_range(
          names, op.getActivations()->template getAsValueRange<StringAttr>());
    bool isBidirectional = op.getDirection() == "bidirectional";
    while (names.size() <
           Traits::functions().size() * (isBidirectional ? 2 : 1))
      llvm::append_range(names, Traits::functions());
    return readActivations(op, names,
                           op.getActivationAlpha().value_or(ArrayRef<float>()),
                           op.getActivationBeta().value_or(ArrayRef<float>()));
  }
};

} // namespace

void mlir::onnx::populateDecomposeRecurrentPatterns(
    RewritePatternSet &patterns) {
  patterns.add<DecomposeRecurrent<GRUTraits>, DecomposeRecurrent<LSTMTraits>,
               DecomposeRecurrent<RNNTraits>>(patterns.getContext());
}
