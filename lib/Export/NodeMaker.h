//===- NodeMaker.h - small graphs of the onnx dialect ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops at an insertion point, named after the node that they replace. Results
// are unranked; `onnx-infer-shapes` runs behind.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_EXPORT_NODEMAKER_H
#define QOPT_LIB_EXPORT_NODEMAKER_H

#include "Names.h"
#include "mlir/IR/Builders.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

namespace mlir::qopt::exporter {

class NodeMaker {
public:
  /// Ops are named `NAME/part`, NAME the node of `loc`.
  NodeMaker(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  template <typename OpTy>
  Operation *create(StringRef part, ValueRange operands, unsigned results = 1,
                    ArrayRef<NamedAttribute> attributes = {}) {
    return createNamed(OpTy::getOperationName(), part, operands, results,
                       attributes);
  }
  template <typename OpTy>
  Value op(StringRef part, ValueRange operands,
           ArrayRef<NamedAttribute> attributes = {}) {
    return create<OpTy>(part, operands, 1, attributes)->getResult(0);
  }

  Value constant(StringRef part, ElementsAttr value) {
    return onnx::ConstantOp::create(builder, locOf(part), value);
  }
  Value scalar(StringRef part, float number) {
    auto type = RankedTensorType::get({}, builder.getF32Type());
    return constant(part, DenseElementsAttr::get(type, number));
  }
  Value ints(StringRef part, ArrayRef<int64_t> numbers) {
    return constant(part, builder.getI64TensorAttr(numbers));
  }
  Value none() {
    return onnx::NoValueOp::create(builder, loc, builder.getNoneType());
  }
  NamedAttribute attr(StringRef name, int64_t number) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(number));
  }
  NamedAttribute attr(StringRef name, Type type) {
    return builder.getNamedAttr(name, TypeAttr::get(type));
  }

private:
  Location locOf(StringRef part) {
    StringRef name = nameOf(loc);
    return NameLoc::get(
        builder.getStringAttr(part.empty() ? name : name + "/" + part));
  }
  Operation *createNamed(StringRef name, StringRef part, ValueRange operands,
                         unsigned results, ArrayRef<NamedAttribute> attributes);

  OpBuilder &builder;
  Location loc;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_NODEMAKER_H
