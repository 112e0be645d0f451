//===- ONNXDialect.h - the onnx dialect and what its ops share -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect class, the interface of all its ops, and the element type rules
// that the ODS files refer to. Ops are in ONNX<Family>.h; ONNXOps.h has all.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_IR_ONNXDIALECT_H
#define QOPT_DIALECT_ONNX_IR_ONNXDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace mlir::onnx {

// Element type of operand i; `otherwise` if it is missing or of type none.
Type elementOf(ValueRange operands, unsigned i, Type otherwise = {});

// Value of a type attribute, or the default.
Type typeAttribute(DictionaryAttr attributes, StringRef name,
                   Type otherwise = {});

// Element type of an elements attribute, or the default.
Type attributeElementType(DictionaryAttr attributes, StringRef name,
                          Type otherwise = {});

// Type that normalizations compute their statistics in.
Type stashElementType(MLIRContext *context, DictionaryAttr attributes);

// Rank of a tensor value, if it is known.
std::optional<int64_t> rankOf(Value value);

// Emits "op axis 5 is outside [-3, 3)" unless axis is in [-rank, rank - 1 +
// extra].
LogicalResult verifyAxis(Operation *op, int64_t axis,
                         std::optional<int64_t> rank, int64_t extra = 0);

// Emits an error unless the attribute has one of the given values.
LogicalResult verifyOneOf(Operation *op, StringRef name, StringRef value,
                          ArrayRef<StringRef> allowed);

// Checks the attributes that all ops with a sliding window share, for an
// operand of that rank (two of its dims are not spatial).
LogicalResult verifyWindow(Operation *op, std::optional<int64_t> rank);

// True if the value is a constant all of whose elements equal `number`.
bool isSplatConstant(Attribute value, double number);

namespace detail {
LogicalResult verifyElementTypes(Operation *op);
} // namespace detail

} // namespace mlir::onnx

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h.inc"
#include "qopt/Dialect/ONNX/IR/ONNXInterfaces.h.inc"

namespace mlir::OpTrait {

// See ONNX_Elementwise and ONNX_Reduction in the ODS files.
template <typename ConcreteType>
class ONNXElementwise : public TraitBase<ConcreteType, ONNXElementwise> {};
template <typename ConcreteType>
class ONNXReduction : public TraitBase<ConcreteType, ONNXReduction> {};

} // namespace mlir::OpTrait

#endif // QOPT_DIALECT_ONNX_IR_ONNXDIALECT_H
