//===- Rows.cpp - quantization of rows on AArch64 -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Arm.h"
#include "Dot.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::aarch64;

Value aarch64::roundToWords(KernelBuilder &b, Value values) {
  return kernels::callIntrinsic(b, "llvm.aarch64.neon.fcvtns", i32x4(b),
                                values);
}

/// Two vectors as one of elements of half the bits.
static Value narrow(KernelBuilder &b, Value first, Value second) {
  auto type = cast<VectorType>(first.getType());
  int64_t lanes = type.getNumElements();
  auto half = VectorType::get(
      {lanes}, b.getIntegerType(type.getElementTypeBitWidth() / 2));
  auto one = [&](Value vector) {
    return kernels::callIntrinsic(b, "llvm.aarch64.neon.sqxtn", half, vector);
  };
  SmallVector<int64_t> inOrder(2 * lanes);
  std::iota(inOrder.begin(), inOrder.end(), 0);
  return vector::ShuffleOp::create(b, one(first), one(second), inOrder);
}

Value aarch64::packWords(KernelBuilder &b, ArrayRef<Value> four) {
  return narrow(b, narrow(b, four[0], four[1]), narrow(b, four[2], four[3]));
}
