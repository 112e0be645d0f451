//===- DataTypes.cpp - ONNX data types and builtin types ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data types are plain numbers in the protobuf message, so that those newer
// than the schema of 1.12 (8-bit floats, 4-bit integers) still arrive. Strings
// and complex numbers have a name and no type.
//===----------------------------------------------------------------------===//

#include "DataTypes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;

namespace mlir::qopt::importer {

StringRef dataTypeName(int64_t dataType) {
  static constexpr StringLiteral names[] = {"float",        "uint8",
                                            "int8",         "uint16",
                                            "int16",        "int32",
                                            "int64",        "string",
                                            "bool",         "float16",
                                            "double",       "uint32",
                                            "uint64",       "complex64",
                                            "complex128",   "bfloat16",
                                            "float8e4m3fn", "float8e4m3fnuz",
                                            "float8e5m2",   "float8e5m2fnuz",
                                            "uint4",        "int4",
                                            "float4e2m1",   "float8e8m0",
                                            "uint2",        "int2"};
  if (dataType < 1 || dataType > static_cast<int64_t>(std::size(names)))
    return {};
  return names[dataType - 1];
}

Type elementTypeOf(int64_t dataType, MLIRContext *context) {
  auto unsignedType = [&](unsigned width) {
    return IntegerType::get(context, width, IntegerType::Unsigned);
  };
  switch (dataType) {
  case 1:
    return Float32Type::get(context);
  case 2:
    return unsignedType(8);
  case 3:
    return IntegerType::get(context, 8);
  case 4:
    return unsignedType(16);
  case 5:
    return IntegerType::get(context, 16);
  case 6:
    return IntegerType::get(context, 32);
  case 7:
    return IntegerType::get(context, 64);
  case 9:
    return IntegerType::get(context, 1);
  case 10:
    return Float16Type::get(context);
  case 11:
    return Float64Type::get(context);
  case 12:
    return unsignedType(32);
  case 13:
    return unsignedType(64);
  case 16:
    return BFloat16Type::get(context);
  case 17:
    return Float8E4M3FNType::get(context);
  case 18:
    return Float8E4M3FNUZType::get(context);
  case 19:
    return Float8E5M2Type::get(context);
  case 20:
    return Float8E5M2FNUZType::get(context);
  case 21:
    return unsignedType(4);
  case 22:
    return IntegerType::get(context, 4);
  case 23:
    return Float4E2M1FNType::get(context);
  case 24:
    return Float8E8M0FNUType::get(context);
  case 25:
    return unsignedType(2);
  case 26:
    return IntegerType::get(context, 2);
  default:
    return {};
  }
}

LogicalResult requireElementType(int64_t dataType, const Twine &subject,
                                 MLIRContext *context, Reporter &reporter,
                                 Type &type) {
  type = elementTypeOf(dataType, context);
  if (type)
    return success();
  StringRef name = dataTypeName(dataType);
  if (name.empty())
    return reporter.invalid(subject + ": data type " + Twine(dataType) +
                            " does not exist");
  return reporter.unsupported(subject + ": data type " + name +
                              " is not supported");
}

bool countElements(ArrayRef<int64_t> dims, uint64_t &count) {
  bool zero = false;
  int64_t product = 1;
  for (int64_t dim : dims) {
    if (dim < 0)
      return false;
    if (dim == 0) {
      zero = true;
      continue;
    }
    std::optional<int64_t> next = checkedMul(product, dim);
    if (!next)
      return false;
    product = *next;
  }
  count = zero ? 0 : static_cast<uint64_t>(product);
  return true;
}

} // namespace mlir::qopt::importer
