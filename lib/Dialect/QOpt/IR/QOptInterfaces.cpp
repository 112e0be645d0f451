//===- QOptInterfaces.cpp - what the quantization passes see of an op -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

#include "qopt/Dialect/QOpt/IR/QOptInterfaces.cpp.inc"

Value qopt::buildArithSum(OpBuilder &builder, Value a, Value b) {
  return arith::AddFOp::create(builder, a.getLoc(), a, b);
}

Value qopt::buildArithConstant(OpBuilder &builder, Location loc,
                               ElementsAttr value) {
  return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
}
