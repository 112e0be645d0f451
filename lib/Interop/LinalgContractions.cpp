//===- LinalgContractions.cpp - linalg products as contractions -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// External models, so that linalg does not know of qopt. What a product reads
// as rows, as K and as N follows from its indexing maps alone; the initial
// value of the result is what ONNX calls a bias of full shape, unless it is
// filled with 0.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "qopt/Interop/Linalg.h"

using namespace mlir;

namespace {

/// How the second operand is stored.
enum class Form { Irregular, KByN, NByK };

Form formOf(linalg::LinalgOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap lhs = maps[0], rhs = maps[1], out = maps[2];
  unsigned rank = out.getNumResults();
  if (rank == 0 || lhs.getNumResults() != rank || rhs.getNumResults() != 2 ||
      op.getNumLoops() != rank + 1 || !lhs.isProjectedPermutation() ||
      !rhs.isProjectedPermutation() || !out.isProjectedPermutation())
    return Form::Irregular;
  // The rows agree, the last axes are K and N.
  if (lhs.getResults().drop_back() != out.getResults().drop_back())
    return Form::Irregular;
  AffineExpr k = lhs.getResults().back(), n = out.getResults().back();
  auto position = cast<AffineDimExpr>(k).getPosition();
  if (op.getIteratorTypesArray()[position] != utils::IteratorType::reduction)
    return Form::Irregular;
  if (rhs.getResult(0) == k && rhs.getResult(1) == n)
    return Form::KByN;
  if (rhs.getResult(0) == n && rhs.getResult(1) == k)
    return Form::NByK;
  return Form::Irregular;
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs()[0];
  return matchPattern(value, m_AnyZeroFloat());
}

template <typename Op>
struct LinalgContraction
    : public qopt::ContractionOpInterface::ExternalModel<LinalgContraction<Op>,
                                                         Op> {
  Value getActivation(Operation *op) const { return op->getOperand(0); }
  Value getWeight(Operation *op) const { return op->getOperand(1); }
  bool isWeightTransposed(Operation *op) const {
    return formOf(cast<linalg::LinalgOp>(op)) == Form::NByK;
  }
  bool isActivationTransposed(Operation *) const { return false; }
  Value getContractionBias(Operation *op) const {
    Value init = op->getOperand(2);
    return isZero(init) ? Value() : init;
  }
  double getProductFactor(Operation *) const { return 1; }
  double getBiasFactor(Operation *) const { return 1; }

  std::string whyIrregular(Operation *op) const {
    auto product = cast<linalg::LinalgOp>(op);
    if (!product.hasPureTensorSemantics())
      return "the product is not on tensors";
    auto isF32 = [](Value value) {
      return getElementTypeOrSelf(value.getType()).isF32();
    };
    if (!isF32(op->getOperand(0)) || !isF32(op->getResult(0)))
      return "only products of f32 are quantized";
    if (formOf(product) == Form::Irregular)
      return "the indexing maps are not those of rows times one matrix";
    return {};
  }
};

} // namespace

void qopt::registerLinalgContractions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::MatmulOp::attachInterface<LinalgContraction<linalg::MatmulOp>>(
        *context);
    linalg::BatchMatmulOp::attachInterface<
        LinalgContraction<linalg::BatchMatmulOp>>(*context);
    linalg::ContractOp::attachInterface<LinalgContraction<linalg::ContractOp>>(
        *context);
  });
}
