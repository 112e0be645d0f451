//===- PackWeights.cpp - constant operands into the form of the kernels ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A blob becomes a blob, once for all users of a weight, and the row-major one
// is freed as soon as no operation refers to it: the compiler holds one large
// tensor twice at a time, not the model twice. Panels of 32 columns are
// independent and packed in parallel.
//===----------------------------------------------------------------------===//

#include "PackedForms.h"
#include "mlir/IR/Threading.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

#include <map>

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

using namespace packed;

/// What one weight became.
struct Packed {
  ElementsAttr value, sums;
};

class PackWeightsPass final
    : public impl::PackWeightsPassBase<PackWeightsPass> {
public:
  using PackWeightsPassBase::PackWeightsPassBase;

private:
  void runOnOperation() override {
    if (depth != 4 && depth != 8) {
      getOperation().emitError("packed weights have a depth of 4 or 8, not ")
          << int64_t(depth);
      return signalPassFailure();
    }
    SmallVector<MatmulOp> products;
    getOperation().walk([&](Operation *op) {
      if (auto matmul = dyn_cast<MatmulOp>(op))
        products.push_back(matmul);
      for (NamedAttribute attribute : op->getAttrs())
        if (auto resource =
                dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
          ++users[resource.getRawHandle().getResource()];
    });
    for (MatmulOp product : products)
      if (failed(pack(product)))
        return signalPassFailure();
  }

  LogicalResult pack(MatmulOp op) {
    OpBuilder builder(op);
    WeightOp weight = rowMajorWeight(op.getRhs());
    if (weight) {
      FailureOr<Packed> packed =
          op.isInteger() ? packInteger(weight, op.getGroupSize().value_or(0))
          : op.isBF16()  ? packBF16(weight)
                         : packFloat(weight);
      if (failed(packed))
        return failure();
      replace(builder, weight, op.getRhsMutable(), packed->value);
      if (packed->sums)
        op.getRhsSumsMutable().assign(
            createWeight(builder, op.getLoc(), packed->sums));
    }
    Value tail = op.getTailRhs();
    WeightOp tailWeight = tail ? rowMajorWeight(tail) : WeightOp();
    // Lists that are known: others pick their rows in each call.
    if (tailWeight && depth == 4 && !op.getColumns() &&
        getElementTypeOrSelf(tail).isF16() &&
        cast<ShapedType>(op.getTailLhs().getType()).getShape().back() ==
            cast<ShapedType>(tail.getType()).getDimSize(0)) {
      FailureOr<Packed> packed = packParts(tailWeight);
      if (failed(packed))
        return failure();
      replace(builder, tailWeight, op.getTailRhsMutable()[0], packed->value);
    } else if (tailWeight &&
               tailWeight.getValue().getShapedType().getShape()[1] % kPanel !=
                   0) {
      FailureOr<Packed> packed = widen(tailWeight);
      if (failed(packed))
        return failure();
      OpOperand &operand = op.getTailRhsMutable()[0];
      replace(builder, tailWeight, operand, packed->value);
    }
    return success();
  }

  static WeightOp rowMajorWeight(Value value) {
    auto weight = value.getDefiningOp<WeightOp>();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return weight && type && type.getRank() == 2 ? weight : WeightOp();
  }

  static Value createWeight(OpBuilder &builder, Location loc,
                            ElementsAttr value) {
    return WeightOp::create(builder, loc, value.getType(), value,
                            /*offset=*/IntegerAttr());
  }

  void replace(OpBuilder &builder, WeightOp weight, OpOperand &operand,
               ElementsAttr value) {
    operand.set(createWeight(builder, weight.getLoc(), value));
    if (!weight->use_empty())
      return;
    auto resource = dyn_cast<DenseResourceElementsAttr>(weight.getValue());
    weight.erase();
    if (!resource)
      return;
    const void *handle = resource.getRawHandle().getResource();
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (--users[handle] == 0 && blob)
      *blob = AsmResourceBlob();
  }

  /// `groupSize` rows have sums of their own, 0: all of them together.
  FailureOr<Packed> packInteger(WeightOp weight, int64_t groupSize) {
    std::string suffix = "packed";
    if (groupSize)
      suffix += "_g" + std::to_string(groupSize);
    return once(weight, suffix, [&](const Matrix &from, StringRef name) {
      int64_t panels = llvm::divideCeil(from.columns, kPanel);
      int64_t blocks = llvm::divideCeil(from.rows, 64);
      Builder builder(&getContext());
      auto type = RankedTensorType::get({panels, blocks, 2, 16, 64},
                                        builder.getI8Type());
      SmallVector<int64_t> sumShape{panels * kPanel};
      int64_t groupRows = std::max<int64_t>(from.rows, 1);
      if (groupSize) {
        groupRows = groupSize;
        sumShape.insert(sumShape.begin(),
                        llvm::divideCeil(from.rows, groupSize));
      }
      auto sumType = RankedTensorType::get(sumShape, builder.getI32Type());
      AsmResourceBlob blob = allocate(type), sumBlob = allocate(sumType);
      char *to = blob.getMutableData().data();
      auto *sums = reinterpret_cast<int32_t *>(sumBlob.getMutableData().data());
      parallelFor(&getContext(), 0, panels, [&](size_t panel) {
        packCodes(from, panel, to + panel * blocks * 64 * kPanel, depth,
                  groupRows, sums + panel * kPanel, panels * kPanel);
      });
      return Packed{DenseResourceElementsAttr::get(type, name, std::move(blob)),
                    DenseResourceElementsAttr::get(
                        sumType, (name + "_sums").str(), std::move(sumBlob))};
    });
  }

  /// Rows of panels, of floats or of the codes of a weight-only product.
  FailureOr<Packed> packFloat(WeightOp weight) {
    bool codes = weight.getValue().getElementType().isInteger();
    return once(weight, codes ? "panels" : "packed",
                [&](const Matrix &from, StringRef name) {
                  Type element =
                      weight.getValue().getShapedType().getElementType();
                  int64_t size = element.getIntOrFloatBitWidth() / 8;
                  int64_t panels = llvm::divideCeil(from.columns, kPanel);
                  auto type = RankedTensorType::get({panels, from.rows, kPanel},
                                                    element);
                  AsmResourceBlob blob = allocate(type);
                  char *to = blob.getMutableData().data();
                  parallelFor(&getContext(), 0, panels, [&](size_t panel) {
                    packRows(from, size, panel * kPanel, kPanel,
                             to + panel * from.rows * kPanel * size);
                  });
                  return Packed{DenseResourceElementsAttr::get(type, name,
                                                               std::move(blob)),
                                ElementsAttr()};
                });
  }

  FailureOr<Packed> packBF16(WeightOp weight) {
    return once(weight, "pairs", [&](const Matrix &from, StringRef name) {
      int64_t panels = llvm::divideCeil(from.columns, kPanel);
      auto type = RankedTensorType::get({panels, from.rows / 32, 2, 16, 32},
                                        BFloat16Type::get(&getContext()));
      AsmResourceBlob blob = allocate(type);
      auto *to = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
      parallelFor(&getContext(), 0, panels, [&](size_t panel) {
        packPairs(from, panel, to + panel * from.rows * kPanel);
      });
      return Packed{DenseResourceElementsAttr::get(type, name, std::move(blob)),
                    ElementsAttr()};
    });
  }

  FailureOr<Packed> packParts(WeightOp weight) {
    return once(weight, "parts", [&](const Matrix &from, StringRef name) {
      TailLayout layout(from.rows);
      int64_t panels = llvm::divideCeil(from.columns, kPanel);
      auto type = RankedTensorType::get({panels, layout.tiles(), 2, 16, 32},
                                        BFloat16Type::get(&getContext()));
      AsmResourceBlob blob = allocate(type);
      auto *to = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
      parallelFor(&getContext(), 0, panels, [&](size_t panel) {
        packTail(from, panel, layout, to + panel * layout.tiles() * 1024);
      });
      return Packed{DenseResourceElementsAttr::get(type, name, std::move(blob)),
                    ElementsAttr()};
    });
  }

  FailureOr<Packed> widen(WeightOp weight) {
    return once(weight, "wide", [&](const Matrix &from, StringRef name) {
      Type element = weight.getValue().getShapedType().getElementType();
      int64_t width = llvm::alignTo(from.columns, kPanel);
      auto type = RankedTensorType::get({from.rows, width}, element);
      AsmResourceBlob blob = allocate(type);
      packRows(from, element.getIntOrFloatBitWidth() / 8, 0, width,
               blob.getMutableData().data());
      return Packed{DenseResourceElementsAttr::get(type, name, std::move(blob)),
                    ElementsAttr()};
    });
  }

  static AsmResourceBlob allocate(RankedTensorType type) {
    size_t bytes = type.getNumElements() * (type.getElementTypeBitWidth() / 8);
    return HeapAsmResourceBlob::allocate(bytes, /*align=*/64);
  }

  /// The form `suffix` of a weight, made by `fn` when it is first asked for.
  FailureOr<Packed>
  once(WeightOp weight, StringRef suffix,
       function_ref<Packed(const Matrix &, StringRef name)> fn) {
    ElementsAttr value = weight.getValue();
    auto [it, isNew] =
        forms.try_emplace({value.getAsOpaquePointer(), suffix.str()});
    if (!isNew)
      return it->second;
    auto type = cast<RankedTensorType>(value.getType());
    ArrayRef<char> bytes;
    SmallVector<char, 0> expanded;
    std::string name = "weight";
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      if (!blob)
        return weight.emitOpError("refers to a resource without content");
      bytes = blob->getData();
      name = resource.getRawHandle().getKey().str();
    } else if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      bytes = dense.getRawData();
      if (dense.isSplat()) {
        for (int64_t i = 0; i < type.getNumElements(); ++i)
          expanded.append(bytes.begin(), bytes.end());
        bytes = expanded;
      }
    }
    if (int64_t(bytes.size()) !=
        type.getNumElements() * (type.getElementTypeBitWidth() / 8))
      return weight.emitOpError("has a value that is not its bytes");
    Matrix matrix{bytes.data(), type.getDimSize(0), type.getDimSize(1)};
    it->second = fn(matrix, name + "_" + suffix.str());
    ++numPacked;
    return it->second;
  }

  DenseMap<const void *, unsigned> users;
  std::map<std::pair<const void *, std::string>, Packed> forms;
};

} // namespace
} // namespace mlir::qopt
