//===- QOptToLinalg.cpp - graph-level qopt operations as linalg -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For compilers that have their own way from linalg on: the meaning of the
// graph-level operations in upstream dialects, one generic per step. qopt's own
// way to code is convert-onnx-to-linalg with its fused kernels.
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/DialectConversion.h"
#include "qopt/Conversion/Passes.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_CONVERTQOPTTOLINALGPASS
#include "qopt/Conversion/Passes.h.inc"

SmallVector<OpFoldResult> sizesOf(ImplicitLocOpBuilder &b, Value like) {
  return tensor::getMixedSizes(b, b.getLoc(), like);
}

static int64_t rankOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

AffineMap rowMap(OpBuilder &b, Value operand, int64_t rank) {
  if (rankOf(operand) == 0)
    return AffineMap::get(rank, 0, b.getContext());
  return AffineMap::getMultiDimIdentityMap(rank, b.getContext())
      .getMajorSubMap(rank - 1);
}

AffineMap columnMap(OpBuilder &b, Value operand, int64_t rank) {
  if (rankOf(operand) == 0)
    return AffineMap::get(rank, 0, b.getContext());
  return AffineMap::getMinorIdentityMap(rank, 1, b.getContext());
}

static Value emptyTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                         Type element) {
  return tensor::EmptyOp::create(b, sizes, element);
}

Value mapElements(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                  Type element, ArrayRef<Operand> operands, ElementFn fn) {
  Value init = emptyTensor(b, sizes, element);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Operand &operand : operands) {
    inputs.push_back(operand.value);
    maps.push_back(operand.map);
  }
  int64_t rank = sizes.size();
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, init.getType(), inputs, init, maps, loops,
             [&](OpBuilder &body, Location loc, ValueRange elements) {
               ImplicitLocOpBuilder inner(loc, body);
               linalg::YieldOp::create(inner, fn(inner, elements.drop_back()));
             })
      .getResult(0);
}

Value reduceRows(ImplicitLocOpBuilder &b, Value value, bool all, Value start,
                 ElementFn fn) {
  int64_t rank = rankOf(value);
  SmallVector<OpFoldResult> sizes = sizesOf(b, value);
  SmallVector<utils::IteratorType> loops(rank,
                                         all ? utils::IteratorType::reduction
                                             : utils::IteratorType::parallel);
  loops.back() = utils::IteratorType::reduction;
  sizes.resize(all ? 0 : rank - 1);
  Value init =
      linalg::FillOp::create(b, start, emptyTensor(b, sizes, start.getType()))
          .getResult(0);
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(rank),
                              rowMap(b, init, rank)};
  return linalg::GenericOp::create(
             b, init.getType(), value, init, maps, loops,
             [&](OpBuilder &body, Location loc, ValueRange elements) {
               ImplicitLocOpBuilder inner(loc, body);
               linalg::YieldOp::create(inner, fn(inner, elements));
             })
      .getResult(0);
}

Value withoutSign(ImplicitLocOpBuilder &b, Value codes) {
  auto type = cast<RankedTensorType>(codes.getType());
  if (type.getElementType().isSignlessInteger())
    return codes;
  return tensor::BitcastOp::create(b, type.clone(b.getI8Type()), codes);
}

Value withSignOf(ImplicitLocOpBuilder &b, Value codes, Type type) {
  auto wanted = cast<RankedTensorType>(type);
  auto have = cast<RankedTensorType>(codes.getType());
  if (have.getShape() != wanted.getShape())
    codes =
        tensor::CastOp::create(b, wanted.clone(have.getElementType()), codes);
  if (codes.getType() == type)
    return codes;
  return tensor::BitcastOp::create(b, type, codes);
}

Value constantOf(ImplicitLocOpBuilder &b, float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

class ConvertQOptToLinalgPass final
    : public qopt::impl::ConvertQOptToLinalgPassBase<ConvertQOptToLinalgPass> {
public:
  using ConvertQOptToLinalgPassBase::ConvertQOptToLinalgPassBase;

  void runOnOperation() override {
    ConversionTarget target(getContext());
    target.addLegalDialect<arith::ArithDialect, linalg::LinalgDialect,
                           math::MathDialect, tensor::TensorDialect>();
    target
        .addIllegalOp<QuantizeOp, DequantizeOp, DynamicQuantizeOp,
                      OutlierSplitOp, QuantizedMatmulOp, WeightOnlyMatmulOp>();
    RewritePatternSet patterns(&getContext());
    populateQuantizers(patterns);
    populateProducts(patterns);
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
