//===- NodeComposer.h - decoders that write several ops -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An op that cannot be made gives a null value and its reason goes to the
// reporter; a null operand makes a null result. So a decoder is written as a
// formula and looks at the outcome once, at its end.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_NODECOMPOSER_H
#define QOPT_LIB_IMPORT_NODECOMPOSER_H

#include "NodeBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttributes.h"

namespace mlir::qopt::importer {

class NodeComposer : public onnx::AttributeWriter {
public:
  explicit NodeComposer(NodeContext &node)
      : AttributeWriter(node.builder.getBuilder().getContext()), node(node),
        b(node.builder.getBuilder()) {}

  using Attrs = ArrayRef<NamedAttribute>;
  Value op(llvm::StringRef name, ArrayRef<Value> operands, Attrs attrs = {},
           int numOperands = -1);
  /// An op with several results; nulls if it cannot be made.
  SmallVector<Value> ops(llvm::StringRef name, ArrayRef<Value> operands,
                         unsigned results, Attrs attrs = {},
                         int numOperands = -1);

  Value add(Value a, Value c) { return op("Add", {a, c}); }
  Value sub(Value a, Value c) { return op("Sub", {a, c}); }
  Value mul(Value a, Value c) { return op("Mul", {a, c}); }
  Value div(Value a, Value c) { return op("Div", {a, c}); }
  Value cast(Value value, Type element);
  Value where(Value condition, Value a, Value c) {
    return op("Where", {condition, a, c});
  }
  Value unsqueeze(Value value, ArrayRef<int64_t> axes) {
    return op("Unsqueeze", {value, ints(axes)});
  }
  Value reshape(Value value, ArrayRef<int64_t> shape) {
    return op("Reshape", {value, ints(shape)});
  }
  Value transpose(Value value, ArrayRef<int64_t> permutation) {
    return op("Transpose", {value}, attr("perm", permutation));
  }
  Value concat(ArrayRef<Value> values, int64_t axis) {
    return op("Concat", values, attr("axis", axis));
  }
  Value gather(Value data, Value indices, int64_t axis) {
    return op("Gather", {data, indices}, attr("axis", axis));
  }
  Value slice(Value value, int64_t begin, int64_t end, int64_t axis);
  /// Parts of given sizes along an axis.
  SmallVector<Value> split(Value value, ArrayRef<int64_t> sizes, int64_t axis);
  /// One dim as a tensor<1xi64>; as a scalar.
  Value dim(Value value, int64_t i);
  Value scalarDim(Value value, int64_t i) { return reshape(dim(value, i), {}); }
  /// 0, 1, .. below a scalar i64.
  Value range(Value limit);

  /// `[batch, sequence, heads * size]` to `[batch, heads, sequence, size]` and
  /// back.
  Value splitHeads(Value value, int64_t heads) {
    return transpose(reshape(value, {0, 0, heads, -1}), {0, 2, 1, 3});
  }
  Value joinHeads(Value value) {
    return reshape(transpose(value, {0, 2, 1, 3}), {0, 0, -1});
  }

  /// A scalar of an element type.
  Value scalar(Type element, double number);
  Value scalar(int64_t number) { return scalar(b.getI64Type(), number); }
  Value ints(ArrayRef<int64_t> numbers) {
    return node.builder.constantVector(node.loc, numbers);
  }
  Value none() { return node.builder.noValue(); }
  /// Operand i, or none.
  Value operand(unsigned i) {
    return i < node.operands.size() ? node.operands[i] : none();
  }
  Type elementOf(Value value) {
    return value ? getElementTypeOrSelf(value.getType()) : Type();
  }
  std::optional<int64_t> rankOf(Value value) {
    return value ? node.builder.getRanks().rankOf(value) : std::nullopt;
  }

  /// Attributes of the node, with their defaults.
  int64_t takeInt(llvm::StringRef name, int64_t otherwise = 0);
  double takeFloat(llvm::StringRef name, double otherwise = 0);
  std::string takeString(llvm::StringRef name, llvm::StringRef otherwise = "");

  /// A reason that the node is not supported; only the first one counts.
  LogicalResult unsupported(const llvm::Twine &reason) {
    return node.reporter.unsupported(node.describe() + ": " + reason);
  }
  LogicalResult invalid(const llvm::Twine &reason) {
    return node.reporter.invalid(node.describe() + ": " + reason);
  }
  /// Ends a decoder with the values of the node's outputs.
  LogicalResult finish(ArrayRef<Value> values);

  NodeContext &node;
  OpBuilder &b;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_NODECOMPOSER_H
