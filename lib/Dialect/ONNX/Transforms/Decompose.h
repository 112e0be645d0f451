//===- Decompose.h - what the decompositions share -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decomposition writes a composite op as basic ones. Its patterns say what
// they compute in terms of ONNX's operators and leave shapes to the analysis:
// every result is created unranked, `onnx-infer-shapes` runs behind.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_DECOMPOSE_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_DECOMPOSE_H

#include "mlir/IR/PatternMatch.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttributes.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

namespace mlir::onnx {

// Creates ops at the place of the op that is decomposed, with its location.
class Composer : public AttributeWriter {
public:
  Composer(PatternRewriter &rewriter, Operation *op)
      : AttributeWriter(rewriter.getContext()), rewriter(rewriter),
        loc(op->getLoc()) {}

  // An op by its class; attributes as ODS names them. The element type of a
  // result follows from the operands.
  template <typename OpTy>
  Value op(ValueRange operands, ArrayRef<NamedAttribute> attributes = {}) {
    return ops<OpTy>(operands, 1, attributes).front();
  }
  template <typename OpTy>
  ResultRange ops(ValueRange operands, unsigned results,
                  ArrayRef<NamedAttribute> attributes = {}) {
    return create(OpTy::getOperationName(), operands, results, attributes)
        ->getResults();
  }

  // The op with other operands; it has one result.
  Value same(Operation *op, ValueRange operands) {
    return create(op->getName().getStringRef(), operands, 1,
                  llvm::to_vector(op->getAttrs()))
        ->getResult(0);
  }

  Value add(Value a, Value b) { return op<AddOp>({a, b}); }
  Value sub(Value a, Value b) { return op<SubOp>({a, b}); }
  Value mul(Value a, Value b) { return op<MulOp>({a, b}); }
  Value div(Value a, Value b) { return op<DivOp>({a, b}); }
  Value cast(Value value, Type element);

  // A scalar (rank 0) of the given element type.
  Value scalar(Type element, double number);
  // A tensor<nxi64>.
  Value ints(ArrayRef<int64_t> numbers);
  // 0, 1, .. below a scalar i64.
  Value range(Value limit);
  Value none();

  // condition ? then() : otherwise(), each in a graph of its own.
  Value choose(Value condition, function_ref<Value()> then,
               function_ref<Value()> otherwise);
  // An onnx.Loop of `count` iterations: the body takes the iteration and the
  // carried values and gives the next ones, then what is collected. Results in
  // the same order.
  SmallVector<Value>
  loop(Value count, ValueRange initial,
       function_ref<SmallVector<Value>(Value, ValueRange)> body);
  // Replaces the op; its result types stay.
  void replace(Operation *op, ValueRange values);

private:
  Operation *create(StringRef name, ValueRange operands, unsigned results,
                    ArrayRef<NamedAttribute> attributes);

  PatternRewriter &rewriter;
  Location loc;
};

// One per family, each in its own file.
void populateIntegerProductPatterns(RewritePatternSet &patterns);
void populateDecomposeLossPatterns(RewritePatternSet &patterns);
void populateDecomposeChannelPatterns(RewritePatternSet &patterns);
void populateDecomposeNormalizationPatterns(RewritePatternSet &patterns);
void populateDecomposeRecurrentPatterns(RewritePatternSet &patterns);
void populateDecomposeReductionPatterns(RewritePatternSet &patterns);
void populateDecomposeSignalPatterns(RewritePatternSet &patterns);
void populateDecomposeTfIdfPatterns(RewritePatternSet &patterns);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_DECOMPOSE_H
