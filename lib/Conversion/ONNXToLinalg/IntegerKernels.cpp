//===- IntegerKernels.cpp - exact integer products on the i8 kernels ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels give float(sum) of signed codes. A float holds every integer up
// to 2^24, so that a sum of kExactDepth products of codes comes out exact, and
// a longer one is the i32 sum of several. Unsigned codes and their zero points
// lose 128 on both sides; what zero points are left with are corrections by the
// sums of columns and rows:
//   sum (a - z) (b - w) = sum a b - z sum b - w sum a + K z w
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Contraction.h"
#include "QuantLinear.h"
#include "Reduction.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {
/// 1024 * 2^7 * 2^7 = 2^24.
constexpr int64_t kExactDepth = 1024;

bool isByte(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.getWidth() == 8;
}

/// The constant matrix as signed codes, and what belongs to its columns.
struct Columns {
  SmallVector<int8_t> codes;
  SmallVector<float> sums;
  /// Zero points; empty if all are 0.
  SmallVector<int32_t> zeros;
};

std::optional<Columns> columnsOf(Lowering &l, Value b, Value zero, int64_t k,
                                 int64_t n) {
  ElementsAttr value = l.constantOf(b);
  if (!value)
    return std::nullopt;
  Columns columns;
  SmallVector<char> storage;
  ArrayRef<char> bytes = bytesOf(value, storage);
  bool isUnsigned = l.elementOf(b).isUnsignedInteger();
  columns.codes.assign(bytes.begin(), bytes.end());
  if (isUnsigned)
    for (int8_t &code : columns.codes)
      code ^= int8_t(-128);
  columns.sums.assign(n, 0);
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < n; ++j)
      columns.sums[j] += columns.codes[i * n + j];

  columns.zeros.assign(n, isUnsigned ? -128 : 0);
  if (l.present(zero)) {
    ElementsAttr zeros = l.constantOf(zero);
    if (!zeros || l.rankOf(zero) > 1)
      return std::nullopt;
    SmallVector<APInt> numbers(asInline(zeros).getValues<APInt>());
    if (numbers.size() != 1 && numbers.size() != size_t(n))
      return std::nullopt;
    for (int64_t j = 0; j < n; ++j) {
      const APInt &number = numbers[numbers.size() == 1 ? 0 : j];
      columns.zeros[j] += isUnsigned ? int32_t(number.getZExtValue())
                                     : int32_t(number.getSExtValue());
    }
  }
  if (llvm::all_of(columns.zeros, [](int32_t zero) { return zero == 0; }))
    columns.zeros.clear();
  return columns;
}
} // namespace

FailureOr<Value> qopt::kernelProduct(Lowering &l, Value a, Value aZero, Value b,
                                     Value bZero) {
  int64_t rank = l.rankOf(a);
  if (rank < 2 || l.rankOf(b) != 2 || !isByte(l.elementOf(a)) ||
      !isByte(l.elementOf(b)))
    return failure();
  std::optional<int64_t> k = l.expr(b, 0).getConstant(),
                         n = l.expr(b, 1).getConstant();
  if (!k || !n || *k == 0 || *n == 0 || *k > 65536 ||
      !l.expr(a, rank - 1).isConstant(*k))
    return failure();
  bool hasZero = l.present(aZero);
  if (hasZero && l.rankOf(aZero) != 0 &&
      !(l.rankOf(aZero) == 1 && l.expr(aZero, 0).isConstant(1)))
    return failure();
  std::optional<Columns> columns = columnsOf(l, b, bZero, *k, *n);
  if (!columns)
    return failure();

  Type i8 = l.b.getI8Type(), i32 = l.b.getI32Type(), f32 = l.b.getF32Type();
  MLIRContext *context = l.b.getContext();
  bool isUnsigned = l.elementOf(a).isUnsignedInteger();
  SmallVector<OpFoldResult> dims = l.dims(a), rows(dims), outDims(dims);
  rows.pop_back();
  outDims.back() = l.b.getIndexAttr(*n);
  AffineMap identity = l.b.getMultiDimIdentityMap(rank);
  Value codes = l.get(a);
  if (isUnsigned)
    codes = l.parallel(dims, i8, codes, identity,
                       [&](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
                         return arith::XOrIOp::create(
                             inner, x[0], constantNumber(inner, i8, -128));
                       });

  // The zero point of a, without its 128.
  Value zero;
  if (hasZero) {
    SmallVector<Value> first(l.rankOf(aZero), l.index(0));
    zero =
        castScalar(l.b, l.read(l.get(aZero), first), l.elementOf(aZero), i32);
    if (isUnsigned)
      zero = arith::SubIOp::create(l.b, zero, l.number(i32, 128));
  } else if (isUnsigned) {
    zero = l.number(i32, -128);
  }

  // Products, with scales of 1.
  Value rowScale = l.filled(rows, l.number(f32, 1));
  SmallVector<float> ones(*n, 1.0f);
  Value columnScale = constantVector<float>(l, f32, ones, "ones");
  SmallVector<OpFoldResult> zeros(rank, l.b.getIndexAttr(0)),
      strides(rank, l.b.getIndexAttr(1));
  SmallVector<Value> products;
  for (int64_t begin = 0; begin < *k; begin += kExactDepth) {
    int64_t depth = std::min(kExactDepth, *k - begin);
    SmallVector<OpFoldResult> part(dims), padded(dims), from(zeros);
    part.back() = l.b.getIndexAttr(depth);
    padded.back() = l.b.getIndexAttr(llvm::alignTo(depth, kCodeBlock));
    from.back() = l.b.getIndexAttr(begin);
    Value lhs = codes;
    if (depth != *k)
      lhs = tensor::ExtractSliceOp::create(l.b, lhs, from, part, strides);
    if (depth % kCodeBlock)
      lhs = tensor::InsertSliceOp::create(
          l.b, lhs, l.filled(padded, l.number(i8, 0)), zeros, part, strides);
    auto type = RankedTensorType::get({depth, *n}, i8);
    ArrayRef<char> bytes(reinterpret_cast<const char *>(columns->codes.data()) +
                             begin * *n,
                         depth * *n);
    MatmulOperands in;
    in.lhs = lhs;
    in.rhs = l.weight(makeBlob(type, bytes, "codes"));
    in.lhsScale = rowScale;
    in.rhsScale = columnScale;
    Value product = buildMatmul(l, l.empty(outDims, f32), in);
    markSignedCodes(product);
    products.push_back(product);
  }

  // What the zero points take off. The sums are floats, as an epilogue wants
  // its operands, and exact.
  SmallVector<Value> inputs(products);
  SmallVector<AffineMap> maps(products.size(), identity);
  int64_t sumsAt = -1, rowsAt = -1, zerosAt = -1;
  auto perColumn = [&](Value vector) {
    inputs.push_back(vector);
    maps.push_back(mapOnto(context, rank, {rank - 1}));
    return int64_t(inputs.size()) - 1;
  };
  if (zero)
    sumsAt = perColumn(constantVector<float>(l, f32, columns->sums, "sums"));
  if (!columns->zeros.empty()) {
    SmallVector<float> numbers(columns->zeros.begin(), columns->zeros.end());
    zerosAt = perColumn(constantVector<float>(l, f32, numbers, "zeros"));
    Value sums =
        reduce(l, dims, {rank - 1}, codes, identity, l.number(i32, 0),
               [&](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
                 Value code = arith::ExtSIOp::create(inner, i32, x[0]);
                 return arith::AddIOp::create(inner, code, x[1]);
               });
    inputs.push_back(sums);
    maps.push_back(identity.dropResult(rank - 1));
    rowsAt = inputs.size() - 1;
  }
  return l.parallel(
      outDims, i32, inputs, maps,
      [&](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
        auto integer = [&](Value number) -> Value {
          return arith::FPToSIOp::create(inner, i32, number);
        };
        Value sum = integer(x[0]);
        for (size_t i = 1; i < products.size(); ++i)
          sum = arith::AddIOp::create(inner, sum, integer(x[i]));
        if (zero)
          sum = arith::SubIOp::create(
              inner, sum,
              arith::MulIOp::create(inner, zero, integer(x[sumsAt])));
        if (zerosAt >= 0) {
          Value rest = x[rowsAt];
          if (zero)
            rest = arith::SubIOp::create(
                inner, rest,
                arith::MulIOp::create(inner, zero,
                                      constantNumber(inner, i32, *k)));
          sum = arith::SubIOp::create(
              inner, sum,
              arith::MulIOp::create(inner, rest, integer(x[zerosAt])));
        }
        return sum;
      });
}
