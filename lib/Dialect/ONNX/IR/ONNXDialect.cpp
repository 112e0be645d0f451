//===- ONNXDialect.cpp - the onnx dialect and what its ops share ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration, the materializer of folded constants, and the helpers behind
// the element type rules and verifiers of the families.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::onnx;

#include "qopt/Dialect/ONNX/IR/ONNXDialect.cpp.inc"
#include "qopt/Dialect/ONNX/IR/ONNXInterfaces.cpp.inc"

void ONNXDialect::initialize() {
  registerConstantOps();
  registerControlFlowOps();
  registerElementwiseOps();
  registerShapeOps();
  registerIndexingOps();
  registerReductionOps();
  registerMatMulOps();
  registerConvolutionOps();
  registerPoolingOps();
  registerResamplingOps();
  registerChannelNormalizationOps();
  registerLossOps();
  registerRecurrentOps();
  registerSelectionOps();
  registerSignalOps();
  registerNormalizationOps();
  registerQuantizationOps();
  registerAttentionOps();
}

Operation *ONNXDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  if (isa<NoneType>(type) && isa<UnitAttr>(value))
    return NoValueOp::create(builder, loc, type);
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

namespace mlir::onnx {

Type elementOf(ValueRange operands, unsigned i, Type otherwise) {
  if (i >= operands.size())
    return otherwise;
  auto type = dyn_cast<TensorType>(operands[i].getType());
  return type ? type.getElementType() : otherwise;
}

Type typeAttribute(DictionaryAttr attributes, StringRef name, Type otherwise) {
  auto attr = attributes.getAs<TypeAttr>(name);
  return attr ? attr.getValue() : otherwise;
}

Type attributeElementType(DictionaryAttr attributes, StringRef name,
                          Type otherwise) {
  auto attr = attributes.getAs<ElementsAttr>(name);
  return attr ? attr.getElementType() : otherwise;
}

Type stashElementType(MLIRContext *context, DictionaryAttr attributes) {
  // ONNX numbers its data types; statistics are kept in f32 unless the node
  // asks for bf16, the only other type the operator allows.
  auto attr = attributes.getAs<IntegerAttr>("stash_type");
  if (attr && attr.getInt() == 16)
    return BFloat16Type::get(context);
  return Float32Type::get(context);
}

LogicalResult detail::verifyElementTypes(Operation *op) {
  auto iface = cast<ONNXOpInterface>(op);
  DictionaryAttr attributes = op->getAttrDictionary();
  for (OpResult result : op->getResults()) {
    auto type = dyn_cast<TensorType>(result.getType());
    Type expected =
        iface.inferElementType(op->getContext(), op->getOperands(), attributes,
                               result.getResultNumber());
    if (type && expected && type.getElementType() != expected)
      return op->emitOpError()
             << "result " << result.getResultNumber() << " has element type "
             << type.getElementType() << ", but ONNX gives it " << expected;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Helpers of verifiers and folders
//===----------------------------------------------------------------------===//

std::optional<int64_t> rankOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? std::optional<int64_t>(type.getRank()) : std::nullopt;
}

LogicalResult verifyAxis(Operation *op, int64_t axis,
                         std::optional<int64_t> rank, int64_t extra) {
  if (!rank || (axis >= -*rank - extra && axis < *rank + extra))
    return success();
  return op->emitOpError() << "axis " << axis << " is outside ["
                           << -*rank - extra << ", " << *rank + extra << ")";
}

LogicalResult verifyOneOf(Operation *op, StringRef name, StringRef value,
                          ArrayRef<StringRef> allowed) {
  if (llvm::is_contained(allowed, value))
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "attribute '" << name << "' is \"" << value
                            << "\", expected one of ";
  llvm::interleaveComma(allowed, diag,
                        [&](StringRef s) { diag << "\"" << s << "\""; });
  return diag;
}

bool isSplatConstant(Attribute value, double number) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!elements || !elements.isSplat())
    return false;
  Type type = elements.getElementType();
  if (isa<FloatType>(type))
    return elements.getSplatValue<APFloat>().isExactlyValue(number);
  if (isa<IntegerType>(type))
    return elements.getSplatValue<APInt>().getSExtValue() ==
           static_cast<int64_t>(number);
  return false;
}

} // namespace mlir::onnx
