//===- Instructions.cpp - what vectors alone do not say -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Instructions.h"
#include "../AArch64/Arm.h"
#include "../X86/Vectors.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

static int64_t lanesOf(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

Value kernels::callIntrinsic(KernelBuilder &b, StringRef name, Type result,
                             ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value kernels::roundToWords(KernelBuilder &b, Value values) {
  return lanesOf(values) == 4 ? aarch64::roundToWords(b, values)
                              : x86::roundToWords(b, values);
}

Value kernels::packWords(KernelBuilder &b, ArrayRef<Value> four) {
  return lanesOf(four[0]) == 4 ? aarch64::packWords(b, four)
                               : x86::packWords(b, four);
}

Value kernels::timesPowerOfTwo(KernelBuilder &b, Value values, Value n) {
  if (lanesOf(values) == 16)
    return x86::timesPowerOfTwo(b, values, n);
  // Added to the exponent.
  auto type = cast<VectorType>(values.getType());
  auto words = VectorType::get(type.getShape(), b.getI32Type());
  Value shift = arith::ConstantOp::create(
      b, DenseElementsAttr::get(words, b.getI32IntegerAttr(23)));
  Value bits = arith::BitcastOp::create(b, words, values);
  bits = arith::AddIOp::create(
      b, bits, arith::ShLIOp::create(b, kernels::roundToWords(b, n), shift));
  return arith::BitcastOp::create(b, type, bits);
}
