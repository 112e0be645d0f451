//===- Tensor.cpp - arrays on their way in and out ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tensor.h"

#include "qopt/Support/Half.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

namespace runner {

static constexpr DType dtypes[] = {
    {"float32", kDLFloat, 32, 'f', 1},
    {"uint8", kDLUInt, 8, 'u', 2},
    {"int8", kDLInt, 8, 'i', 3},
    {"uint16", kDLUInt, 16, 'u', 4},
    {"int16", kDLInt, 16, 'i', 5},
    {"int32", kDLInt, 32, 'i', 6},
    {"int64", kDLInt, 64, 'i', 7},
    {"bool", kDLBool, 8, 'b', 9},
    {"float16", kDLFloat, 16, 'f', 10},
    {"float64", kDLFloat, 64, 'f', 11},
    {"uint32", kDLUInt, 32, 'u', 12},
    {"uint64", kDLUInt, 64, 'u', 13},
    {"bfloat16", kDLBfloat, 16, 0, 16},
    {"float8_e4m3fn", kDLFloat8_e4m3fn, 8, 0, 17},
    {"float8_e4m3fnuz", kDLFloat8_e4m3fnuz, 8, 0, 18},
    {"float8_e5m2", kDLFloat8_e5m2, 8, 0, 19},
    {"float8_e5m2fnuz", kDLFloat8_e5m2fnuz, 8, 0, 20},
    {"uint4", kDLUInt, 4, 'u', 21},
    {"int4", kDLInt, 4, 'i', 22},
    {"float4_e2m1fn", kDLFloat4_e2m1fn, 4, 0, 23},
    {"float8_e8m0fnu", kDLFloat8_e8m0fnu, 8, 0, 24},
    {"uint2", kDLUInt, 2, 'u', 25},
    {"int2", kDLInt, 2, 'i', 26}};

static const fltSemantics &semanticsOf(const DType &dtype) {
  switch (dtype.code) {
  case kDLFloat8_e4m3fn:
    return APFloat::Float8E4M3FN();
  case kDLFloat8_e4m3fnuz:
    return APFloat::Float8E4M3FNUZ();
  case kDLFloat8_e5m2:
    return APFloat::Float8E5M2();
  case kDLFloat8_e5m2fnuz:
    return APFloat::Float8E5M2FNUZ();
  case kDLFloat8_e8m0fnu:
    return APFloat::Float8E8M0FNU();
  default:
    return APFloat::Float4E2M1FN();
  }
}

template <typename Predicate> static const DType *findIf(Predicate predicate) {
  const DType *it = llvm::find_if(dtypes, predicate);
  return it == std::end(dtypes) ? nullptr : it;
}

const DType *findDType(StringRef name) {
  return findIf([&](const DType &d) { return d.name == name; });
}

const DType *findDType(DLDataType type) {
  return findIf([&](const DType &d) {
    return d.code == type.code && d.bits == type.bits && type.lanes == 1;
  });
}

const DType *findDTypeOfOnnx(int64_t dataType) {
  return findIf([&](const DType &d) { return d.onnx == dataType; });
}

std::string Tensor::str() const {
  std::string result = dtype->name.str() + "[";
  for (size_t i = 0; i < shape.size(); ++i)
    result += (i ? ", " : "") + itostr(shape[i]);
  return result + "]";
}

template <typename T> static T load(const char *data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

static float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Element i of a tensor of packed or 8-bit elements, as its bits.
static unsigned codeAt(const Tensor &tensor, int64_t i) {
  unsigned bits = tensor.dtype->bits, perByte = 8 / bits;
  return static_cast<uint8_t>(tensor.data[i / perByte]) >>
             (i % perByte * bits) &
         ((1u << bits) - 1);
}

static void setCode(Tensor &tensor, int64_t i, unsigned code) {
  unsigned bits = tensor.dtype->bits, perByte = 8 / bits;
  unsigned shift = i % perByte * bits, mask = ((1u << bits) - 1) << shift;
  char &byte = tensor.data[i / perByte];
  byte = static_cast<char>((byte & ~mask) | (code << shift & mask));
}

long double Tensor::at(int64_t i) const {
  if (dtype->isSmallFloat())
    return APFloat(semanticsOf(*dtype), APInt(dtype->bits, codeAt(*this, i)))
        .convertToFloat();
  if (dtype->isPacked()) {
    APInt code(dtype->bits, codeAt(*this, i));
    return dtype->code == kDLInt ? code.getSExtValue()
                                 : static_cast<int64_t>(code.getZExtValue());
  }
  const char *p = data.data() + i * dtype->bytes();
  switch (dtype->code) {
  case kDLFloat:
    return dtype->bits == 16   ? halfToFloat(load<uint16_t>(p))
           : dtype->bits == 32 ? load<float>(p)
                               : load<double>(p);
  case kDLBfloat:
    return fromBits(uint32_t(load<uint16_t>(p)) << 16);
  case kDLInt:
    return dtype->bits == 8    ? load<int8_t>(p)
           : dtype->bits == 16 ? load<int16_t>(p)
           : dtype->bits == 32 ? load<int32_t>(p)
                               : static_cast<long double>(load<int64_t>(p));
  default:
    return dtype->bits == 8    ? load<uint8_t>(p)
           : dtype->bits == 16 ? load<uint16_t>(p)
           : dtype->bits == 32 ? load<uint32_t>(p)
                               : static_cast<long double>(load<uint64_t>(p));
  }
}

static uint16_t toBfloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) // NaN, made quiet
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

void Tensor::set(int64_t i, double value) {
  if (dtype->isSmallFloat()) {
    APFloat number(value);
    bool losesInfo;
    number.convert(semanticsOf(*dtype), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return setCode(*this, i, number.bitcastToAPInt().getZExtValue());
  }
  if (dtype->isPacked())
    return setCode(*this, i, static_cast<unsigned>(static_cast<int>(value)));
  char *p = data.data() + i * dtype->bytes();
  auto store = [&](auto x) { std::memcpy(p, &x, sizeof x); };
  if (dtype->code == kDLBfloat)
    return store(toBfloat(value));
  if (dtype->code == kDLFloat) {
    if (dtype->bits == 16)
      return store(floatToHalf(value));
    return dtype->bits == 32 ? store(float(value)) : store(value);
  }
  // Little endian: the low bytes of an integer are its narrower forms.
  int64_t whole = static_cast<int64_t>(value);
  std::memcpy(p, &whole, dtype->bytes());
}

DLTensor Tensor::view() const {
  return qopt_tensor(data.data(), dtype->code, dtype->bits, shape.size(),
                     shape.data());
}

Tensor makeTensor(const DType *dtype, std::vector<int64_t> shape) {
  Tensor tensor;
  tensor.dtype = dtype;
  int64_t elements = 1;
  for (int64_t dim : shape)
    elements *= dim;
  tensor.shape = std::move(shape);
  tensor.data.resize(dtype->bytesOf(elements));
  return tensor;
}

Expected<Tensor> fromNpy(const NpyArray &array, const DType *wanted) {
  Tensor tensor;
  tensor.dtype = wanted;
  tensor.shape.assign(array.shape.begin(), array.shape.end());
  if (array.type == wanted->npy() && wanted->npyKind && !wanted->isPacked()) {
    tensor.data.assign(array.data.begin(), array.data.end());
    return std::move(tensor);
  }
  if (array.type == wanted->npy()) {
    tensor.data.resize(wanted->bytesOf(array.elements));
    for (int64_t i = 0; i < array.elements; ++i)
      tensor.set(i, wanted->npyKind ? load<int8_t>(array.data.data() + i)
                                    : load<float>(array.data.data() + 4 * i));
    return std::move(tensor);
  }
  return invalidData("holds " + array.type.str() + ", expected " +
                     wanted->name);
}

Error toNpyFile(const Tensor &tensor, StringRef path) {
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code, path + ": " + code.message());
  const Tensor *source = &tensor;
  Tensor wide;
  if (!tensor.dtype->npyKind || tensor.dtype->isPacked()) {
    StringRef name = !tensor.dtype->npyKind          ? "float32"
                     : tensor.dtype->code == kDLUInt ? "uint8"
                                                     : "int8";
    wide = makeTensor(findDType(name), tensor.shape);
    for (int64_t i = 0, e = tensor.elements(); i < e; ++i)
      wide.set(i, tensor.at(i));
    source = &wide;
  }
  writeNpy(os, source->dtype->npy(), source->shape,
           StringRef(source->data.data(), source->data.size()));
  os.close();
  if (std::error_code failure = os.error()) {
    os.clear_error();
    return createStringError(failure, path + ": " + failure.message());
  }
  return Error::success();
}

} // namespace runner
