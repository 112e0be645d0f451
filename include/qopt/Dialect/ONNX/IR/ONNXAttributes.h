//===- ONNXAttributes.h - attributes of ops that are written ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_IR_ONNXATTRIBUTES_H
#define QOPT_DIALECT_ONNX_IR_ONNXATTRIBUTES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace mlir::onnx {

/// Base of what writes ops as a formula: attributes as ODS declares them, by
/// the type of their value.
class AttributeWriter {
public:
  explicit AttributeWriter(MLIRContext *context) : attributes(context) {}

  NamedAttribute attr(StringRef name, int64_t number) {
    return attr(name, Attribute(attributes.getI64IntegerAttr(number)));
  }
  NamedAttribute attr(StringRef name, double number) {
    return attr(name, Attribute(attributes.getF32FloatAttr(number)));
  }
  NamedAttribute attr(StringRef name, StringRef text) {
    return attr(name, Attribute(attributes.getStringAttr(text)));
  }
  NamedAttribute attr(StringRef name, ArrayRef<int64_t> numbers) {
    return attr(name, Attribute(attributes.getDenseI64ArrayAttr(numbers)));
  }
  NamedAttribute attr(StringRef name, Attribute value) {
    return attributes.getNamedAttr(name, value);
  }

  /// The value of a scalar (rank 0); an integer keeps its low bits.
  static DenseElementsAttr scalarValue(Type element, double number) {
    Attribute value;
    if (isa<FloatType>(element))
      value = FloatAttr::get(element, number);
    else
      value = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                              static_cast<int64_t>(number),
                                              /*isSigned=*/true,
                                              /*implicitTrunc=*/true));
    return DenseElementsAttr::get(RankedTensorType::get({}, element), value);
  }

private:
  Builder attributes;
};

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_IR_ONNXATTRIBUTES_H
