//===- ONNXPooling.cpp - verifiers of poolings, checks of windows ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXPooling.cpp.inc"

void ONNXDialect::registerPoolingOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXPooling.cpp.inc"
      >();
}

LogicalResult mlir::onnx::verifyWindow(Operation *op,
                                       std::optional<int64_t> rank) {
  if (auto mode = op->getAttrOfType<StringAttr>("auto_pad"))
    if (failed(verifyOneOf(op, "auto_pad", mode.getValue(),
                           {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"})))
      return failure();
  if (rank && *rank < 3)
    return op->emitOpError()
           << "expects at least one spatial dim, the operand has rank "
           << *rank;
  struct List {
    StringRef name;
    int64_t perDim, least;
  };
  for (List list : {List{"kernel_shape", 1, 1}, List{"pads", 2, 0},
                    List{"strides", 1, 1}, List{"dilations", 1, 1}}) {
    auto values = op->getAttrOfType<DenseI64ArrayAttr>(list.name);
    if (!values)
      continue;
    if (rank && values.size() != list.perDim * (*rank - 2))
      return op->emitOpError()
             << "attribute '" << list.name << "' has " << values.size()
             << " entries for " << *rank - 2 << " spatial dims";
    for (int64_t value : values.asArrayRef())
      if (value < list.least || value > INT32_MAX)
        return op->emitOpError()
               << "attribute '" << list.name << "' has an entry of " << value;
  }
  return success();
}

LogicalResult MaxPoolOp::verify() {
  return verifyWindow(*this, rankOf(getX()));
}
LogicalResult AveragePoolOp::verify() {
  return verifyWindow(*this, rankOf(getX()));
}
LogicalResult LpPoolOp::verify() {
  if (getP() < 1)
    return emitOpError() << "p is " << getP();
  return verifyWindow(*this, rankOf(getX()));
}

LogicalResult RoiAlignOp::verify() {
  if (failed(verifyOneOf(*this, "mode", getMode(), {"avg", "max"})))
    return failure();
  if (getOutputHeight() < 1 || getOutputWidth() < 1 || getSamplingRatio() < 0)
    return emitOpError("has an output size or sampling ratio out of range");
  return verifyOneOf(*this, "coordinate_transformation_mode",
                     getCoordinateTransformationMode(),
                     {"half_pixel", "output_half_pixel"});
}
