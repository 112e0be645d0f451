//===- Vectors.cpp - instructions on vectors of x86 -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Vectors.h"
#include "../Kernels/Instructions.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

static Value constant(KernelBuilder &b, Type type, int64_t value) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
}

static bool isWide(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements() == 16;
}

/// Round to even, in the operands of AVX-512.
constexpr int64_t kToEven = 8;
/// The rounding of the thread.
constexpr int64_t kCurrent = 4;

Value x86::roundToWords(KernelBuilder &b, Value values) {
  auto words = VectorType::get(cast<VectorType>(values.getType()).getShape(),
                               b.getI32Type());
  if (!isWide(values))
    return callIntrinsic(b, "llvm.x86.avx.cvt.ps2dq.256", words, values);
  return callIntrinsic(b, "llvm.x86.avx512.mask.cvtps2dq.512", words,
                       {values, b.splat(words, 0),
                        constant(b, b.getI16Type(), -1),
                        constant(b, b.getI32Type(), kToEven)});
}

/// The instructions join 128-bit parts, which one permutation puts right.
Value x86::packWords(KernelBuilder &b, ArrayRef<Value> four) {
  bool wide = isWide(four[0]);
  auto join = [&](StringRef from, StringRef to, Value x, Value y) {
    auto type = cast<VectorType>(x.getType());
    auto result =
        VectorType::get({2 * type.getNumElements()},
                        b.getIntegerType(type.getElementTypeBitWidth() / 2));
    std::string name = wide ? "llvm.x86.avx512.packss" : "llvm.x86.avx2.packss";
    name += (from + to + (wide ? ".512" : "")).str();
    return callIntrinsic(b, name, result, {x, y});
  };
  Value bytes = join("w", "b", join("d", "w", four[0], four[1]),
                     join("d", "w", four[2], four[3]));
  auto words = cast<VectorType>(four[0].getType());
  SmallVector<int64_t> order;
  int64_t parts = words.getNumElements() / 4;
  for (int64_t vector = 0; vector < 4; ++vector)
    for (int64_t part = 0; part < parts; ++part)
      order.push_back(4 * part + vector);
  Value joined = vector::BitCastOp::create(b, words, bytes);
  return vector::BitCastOp::create(
      b, bytes.getType(), vector::ShuffleOp::create(b, joined, joined, order));
}

Value x86::roundToHalf(KernelBuilder &b, Value values) {
  auto type = cast<VectorType>(values.getType());
  auto words = VectorType::get(type.getShape(), b.getI32Type());
  Value bits = arith::BitcastOp::create(b, words, values);
  bits = b.add(bits, b.splat(words, 0x8000));
  bits = arith::AndIOp::create(b, bits, b.splat(words, -0x10000));
  return arith::BitcastOp::create(b, type, bits);
}

Value x86::timesPowerOfTwo(KernelBuilder &b, Value values, Value n) {
  return callIntrinsic(b, "llvm.x86.avx512.mask.scalef.ps.512",
                       values.getType(),
                       {values, n, values, constant(b, b.getI16Type(), -1),
                        constant(b, b.getI32Type(), kCurrent)});
}
