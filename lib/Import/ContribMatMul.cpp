//===- ContribMatMul.cpp - com.microsoft: matrix products -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights of 2, 4 or 8 bits in blocks are unpacked to one code per element,
// behind a blocked DequantizeLinear; what becomes of that is the business of
// the passes.
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "NodeComposer.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {

/// The bytes of a constant operand; none if it is no constant.
std::optional<ArrayRef<char>> bytesOf(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  if (!constant)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return dense.isSplat() ? std::nullopt : std::optional(dense.getRawData());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return std::nullopt;
}

/// Bytes of a constant operand, a splat written out.
std::optional<SmallVector<uint8_t>> readBytes(Value value) {
  SmallVector<uint8_t> bytes;
  if (std::optional<ArrayRef<char>> data = bytesOf(value)) {
    bytes.assign(data->begin(), data->end());
    return bytes;
  }
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                        : DenseElementsAttr();
  if (!dense || !dense.isSplat())
    return std::nullopt;
  ArrayRef<char> one = dense.getRawData();
  for (int64_t i = 0, e = dense.getNumElements(); i < e; ++i)
    bytes.append(one.begin(), one.end());
  return bytes;
}

/// Codes of `bits` bits, the first in the lowest bits of a byte. Every row of
/// `rows` starts at a byte and has `columns` codes.
SmallVector<uint8_t> unpack(ArrayRef<uint8_t> packed, int64_t rows,
                            int64_t columns, int64_t bits) {
  int64_t perByte = 8 / bits;
  int64_t pitch = (columns + perByte - 1) / perByte;
  uint8_t mask = static_cast<uint8_t>((1u << bits) - 1);
  SmallVector<uint8_t> codes;
  codes.reserve(rows * columns);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < columns; ++i) {
      uint8_t byte = packed[row * pitch + i / perByte];
      codes.push_back((byte >> (i % perByte * bits)) & mask);
    }
  return codes;
}

/// A ui8 constant; a resource where it is large.
Value codesConstant(NodeComposer &c, ArrayRef<uint8_t> codes,
                    ArrayRef<int64_t> shape, StringRef name) {
  auto type = RankedTensorType::get(
      shape, IntegerType::get(c.b.getContext(), 8, IntegerType::Unsigned));
  ArrayRef<char> bytes(reinterpret_cast<const char *>(codes.data()),
                       codes.size());
  Location loc = NameLoc::get(c.b.getStringAttr(name));
  if (codes.size() < 1024)
    return c.node.builder.constant(
        loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      bytes, 64, /*dataIsMutable=*/false);
  return c.node.builder.constant(
      loc, DenseResourceElementsAttr::get(type, name, std::move(blob)));
}

std::string nameOf(Value value, StringRef otherwise) {
  if (Operation *op = value.getDefiningOp())
    if (auto name = dyn_cast<NameLoc>(op->getLoc()))
      return name.getName().str();
  return otherwise.str();
}

} // namespace

//===----------------------------------------------------------------------===//
// MatMulNBits, GatherBlockQuantized
//===----------------------------------------------------------------------===//

LogicalResult decodeMatMulNBits(NodeContext &node) {
  NodeComposer c(node);
  int64_t K = c.takeInt("K"), N = c.takeInt("N"), bits = c.takeInt("bits", 4),
          block = c.takeInt("block_size");
  c.takeInt("accuracy_level");
  if (c.takeInt("weight_prepacked"))
    return c.unsupported("a prepacked weight");
  if (bits != 2 && bits != 4 && bits != 8)
    return c.unsupported(Twine(bits) + " bits");
  if (K <= 0 || N <= 0 || block <= 0 || block * bits % 8)
    return c.invalid("K, N or block_size is no size");
  if (K > (int64_t(1) << 31) || N > (int64_t(1) << 31) ||
      block > (int64_t(1) << 31))
    return c.invalid("K, N or block_size is too large");
  int64_t blocks = (K + block - 1) / block;
  std::optional<SmallVector<uint8_t>> packed = readBytes(c.operand(1));
  if (!packed)
    return c.unsupported("a weight that is no constant");
  int64_t pitch = blocks * block * bits / 8;
  if (static_cast<int64_t>(packed->size()) != N * pitch)
    return c.invalid("B has " + Twine(packed->size()) + " bytes instead of " +
                     Twine(N * pitch));
  SmallVector<uint8_t> padded = unpack(*packed, N, blocks * block, bits);
  SmallVector<uint8_t> codes;
  if (K == blocks * block)
    codes = std::move(padded);
  else
    for (int64_t n = 0; n < N; ++n)
      codes.append(padded.begin() + n * blocks * block,
                   padded.begin() + n * blocks * block + K);
  std::string name = nameOf(c.operand(1), "weight");
  Value weight = codesConstant(c, codes, {N, K}, name + ".codes");
  Value scales = c.reshape(c.operand(2), {N, blocks});

  // Zero points are packed like codes, or floats.
  Value zeros;
  bool floatZeros = node.has(3) && isa<FloatType>(c.elementOf(c.operand(3)));
  if (floatZeros) {
    zeros = c.reshape(c.operand(3), {N, blocks});
  } else if (node.has(3)) {
    std::optional<SmallVector<uint8_t>> data = readBytes(c.operand(3));
    int64_t zeroPitch = (blocks * bits + 7) / 8;
    if (!data)
      return c.unsupported("zero points that are no constant");
    if (static_cast<int64_t>(data->size()) != N * zeroPitch)
      return c.invalid("zero_points has " + Twine(data->size()) +
                       " bytes instead of " + Twine(N * zeroPitch));
    zeros = codesConstant(c, unpack(*data, N, blocks, bits), {N, blocks},
                          name + ".zero_points");
  } else {
    SmallVector<uint8_t> middle(N * blocks, uint8_t(1 << (bits - 1)));
    zeros = codesConstant(c, middle, {N, blocks}, name + ".zero_points");
  }

  Value dense;
  NamedAttribute axis = c.attr("axis", int64_t(1));
  if (node.has(4)) {
    // Column k belongs to group g_idx[k].
    Value groups = c.operand(4);
    scales = c.gather(scales, groups, 1);
    zeros = c.gather(zeros, groups, 1);
    Type element = c.elementOf(scales);
    dense =
        c.mul(c.sub(c.cast(weight, element), c.cast(zeros, element)), scales);
  } else if (floatZeros) {
    // Without a zero point of their own type codes are dequantized around 0.
    Value units = c.op("DequantizeLinear", {weight, scales, c.none()},
                       {axis, c.attr("block_size", block)});
    Value shift = c.mul(zeros, scales);
    Value columns = c.op("Div", {c.range(c.scalar(K)), c.scalar(block)});
    dense = c.sub(units, c.gather(shift, columns, 1));
  } else {
    dense = c.op("DequantizeLinear", {weight, scales, zeros},
                 {axis, c.attr("block_size", block)});
  }
  Value y = c.op("MatMul", {c.operand(0), c.cast(c.transpose(dense, {1, 0}),
                                                 c.elementOf(c.operand(0)))});
  if (node.has(5))
    y = c.add(y, c.operand(5));
  return c.finish({y});
}

LogicalResult decodeGatherBlockQuantized(NodeContext &node) {
  NodeComposer c(node);
  int64_t bits = c.takeInt("bits", 4), block = c.takeInt("block_size", 128);
  int64_t gatherAxis = c.takeInt("gather_axis"),
          quantizeAxis = c.takeInt("quantize_axis", 1);
  Value data = c.operand(0), indices = c.operand(1), scales = c.operand(2);
  auto type = dyn_cast<RankedTensorType>(data.getType());
  std::optional<int64_t> indexRank = c.rankOf(indices);
  if (!type || !type.hasStaticShape() || !indexRank)
    return c.unsupported("data of dynamic shape or indices of unknown rank");
  int64_t rank = type.getRank();
  if (quantizeAxis < 0)
    quantizeAxis += rank;
  if (gatherAxis < 0)
    gatherAxis += rank;
  if (gatherAxis != 0 || quantizeAxis != rank - 1 || rank < 2)
    return c.unsupported("gather_axis other than 0 or quantize_axis other than "
                         "the last");
  Value zeros = c.operand(3);
  if (type.getElementType().isUnsignedInteger(8) && bits != 8) {
    if (bits != 4 && bits != 2)
      return c.unsupported(Twine(bits) + " bits");
    auto unpacked = [&](Value packed, std::optional<int64_t> columns) -> Value {
      auto from = dyn_cast<RankedTensorType>(packed.getType());
      std::optional<SmallVector<uint8_t>> bytes = readBytes(packed);
      if (!bytes || !from || from.getRank() == 0)
        return {};
      SmallVector<int64_t> shape(from.getShape());
      int64_t rows = shape.back() ? from.getNumElements() / shape.back() : 0;
      shape.back() = columns.value_or(shape.back() * 8 / bits);
      return codesConstant(c, unpack(*bytes, rows, shape.back(), bits), shape,
                           nameOf(packed, "table") + ".codes");
    };
    data = unpacked(data, std::nullopt);
    auto scaleType = dyn_cast<RankedTensorType>(scales.getType());
    if (node.has(3) && scaleType)
      zeros = unpacked(zeros, scaleType.getShape().back());
    if (!data || !zeros || !scaleType)
      return c.unsupported("packed data that is no constant");
    if (!node.has(3)) {
      int64_t count = scaleType.getNumElements();
      zeros = codesConstant(
          c, SmallVector<uint8_t>(count, uint8_t(1 << (bits - 1))),
          scaleType.getShape(), "table.zero_points");
    }
  }
  Value codes = c.gather(data, indices, 0);
  scales = c.gather(scales, indices, 0);
  if (!isa<NoneType>(zeros.getType()))
    zeros = c.gather(zeros, indices, 0);
  return c.finish(
      {c.op("DequantizeLinear", {codes, scales, zeros},
            {c.attr("axis", int64_t(-1)), c.attr("block_size", block)})});
}

//===----------------------------------------------------------------------===//
// FusedMatMul, FusedGemm
//===----------------------------------------------------------------------===//

LogicalResult decodeFusedMatMul(NodeContext &node) {
  NodeComposer c(node);
  double alpha = c.takeFloat("alpha", 1);
  auto arrange = [&](unsigned i, bool batch, bool last) -> Value {
    Value x = c.operand(i);
    if (!batch && !last)
      return x;
    std::optional<int64_t> rank = c.rankOf(x);
    if (!rank)
      return {};
    if (*rank < 2)
      return x;
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, *rank));
    if (batch)
      std::rotate(permutation.begin(), permutation.begin() + 1,
                  permutation.end() - 1);
    if (last)
      std::swap(permutation[*rank - 1], permutation[*rank - 2]);
    return c.transpose(x, permutation);
  };
  bool batchA = c.takeInt("transBatchA"), transA = c.takeInt("transA");
  bool batchB = c.takeInt("transBatchB"), transB = c.takeInt("transB");
  Value a = arrange(0, batchA, transA), b = arrange(1, batchB, transB);
  if (!a || !b)
    return c.unsupported("a transposed input of unknown rank");
  Value y = c.op("MatMul", {a, b});
  if (alpha != 1)
    y = c.mul(y, c.scalar(c.elementOf(a), alpha));
  return c.finish({y});
}

LogicalResult decodeFusedGemm(NodeContext &node) {
  NodeComposer c(node);
  std::string activation = c.takeString("activation");
  auto alpha = node.take<FloatAttr>("activation_alpha");
  auto beta = node.take<FloatAttr>("activation_beta");
  node.take<FloatAttr>("activation_gamma");
  Value y = c.op("Gemm", {c.operand(0), c.operand(1), c.operand(2)},
                 node.attributes.getAttrs());
  SmallVector<NamedAttribute> attrs;
  bool hasAlpha =
      is_contained({"LeakyRelu", "Elu", "ThresholdedRelu", "HardSigmoid"},
                   StringRef(activation));
  if (hasAlpha && alpha)
    attrs.push_back(c.attr("alpha", Attribute(alpha)));
  if (activation == "HardSigmoid" && beta)
    attrs.push_back(c.attr("beta", Attribute(beta)));
  if (!hasAlpha &&
      !is_contained({"", "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign"},
                    StringRef(activation)))
    return c.unsupported("activation '" + Twine(activation) + "'");
  if (!activation.empty())
    y = c.op(activation, {y}, attrs);
  return c.finish({y});
}

//===----------------------------------------------------------------------===//
// Integer products with a float result
//===----------------------------------------------------------------------===//

/// float(product) * scale + bias.
static LogicalResult finishProduct(NodeContext &node, NodeComposer &c, Value a,
                                   Value b, Value aZero, Value bZero,
                                   Value scale, unsigned biasAt) {
  Value y = c.op("MatMulInteger", {a, b, aZero, bZero});
  y = c.mul(c.cast(y, c.elementOf(scale)), scale);
  if (node.has(biasAt))
    y = c.add(y, c.operand(biasAt));
  return c.finish({y});
}

LogicalResult decodeDynamicQuantizeMatMul(NodeContext &node) {
  NodeComposer c(node);
  SmallVector<Value> a = c.ops("DynamicQuantizeLinear", {c.operand(0)}, 3);
  return finishProduct(node, c, a[0], c.operand(1), a[2], c.operand(3),
                       c.mul(a[1], c.operand(2)), /*biasAt=*/4);
}

LogicalResult decodeMatMulIntegerToFloat(NodeContext &node) {
  NodeComposer c(node);
  return finishProduct(node, c, c.operand(0), c.operand(1), c.operand(4),
                       c.operand(5), c.mul(c.operand(2), c.operand(3)),
                       /*biasAt=*/6);
}

} // namespace mlir::qopt::importer
