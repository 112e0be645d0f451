//===- BufferizableOpInterfaceImpl.cpp - bufferization of qopt ops --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels write all of their inits and read none of them, so that an init never
// forces a copy. A weight is memory that nobody may write: an operation that
// wants to work in place on it gets a copy from the analysis.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace mlir::qopt {
namespace {

template <typename OpT>
struct KernelModel
    : DstBufferizableOpInterfaceExternalModel<KernelModel<OpT>, OpT> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    auto kernel = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> results;
    for (OpOperand &init : kernel.getDpsInitsMutable())
      results.push_back(operands[init.getOperandNumber()]);
    clone(rewriter, op, /*newResultTypes=*/TypeRange(), operands);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

struct WeightModel
    : BufferizableOpInterface::ExternalModel<WeightModel, WeightOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &,
                          BufferizationState &) const {
    auto weight = cast<WeightOp>(op);
    auto type = dyn_cast<RankedTensorType>(weight.getResult().getType());
    if (!type)
      return success();
    replaceOpWithNewBufferizedOp<WeightOp>(
        rewriter, op, MemRefType::get(type.getShape(), type.getElementType()),
        weight.getValueAttr(), weight.getOffsetAttr());
    return success();
  }

  bool isWritable(Operation *, Value, const AnalysisState &) const {
    return false;
  }
};

/// An operation that shows its only operand to the runtime.
template <typename OpT>
struct ReaderModel
    : BufferizableOpInterface::ExternalModel<ReaderModel<OpT>, OpT> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }

  /// The runtime gets one pointer and the number of rows: a strided view is
  /// copied first.
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer =
        getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    auto type = cast<MemRefType>(buffer->getType());
    if (!type.getLayout().isIdentity()) {
      SmallVector<Value> sizes;
      for (int64_t i = 0; i < type.getRank(); ++i)
        if (type.isDynamicDim(i))
          sizes.push_back(
              memref::DimOp::create(rewriter, op->getLoc(), *buffer, i));
      Value copy = memref::AllocOp::create(
          rewriter, op->getLoc(),
          MemRefType::get(type.getShape(), type.getElementType()), sizes);
      memref::CopyOp::create(rewriter, op->getLoc(), *buffer, copy);
      *buffer = copy;
    }
    clone(rewriter, op, /*newResultTypes=*/TypeRange(), *buffer);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QOptDialect *) {
    QuantizeRowsOp::attachInterface<KernelModel<QuantizeRowsOp>>(*context);
    FindOutliersOp::attachInterface<KernelModel<FindOutliersOp>>(*context);
    MatmulOp::attachInterface<KernelModel<MatmulOp>>(*context);
    AttentionOp::attachInterface<KernelModel<AttentionOp>>(*context);
    WeightOp::attachInterface<WeightModel>(*context);
    ObserveOp::attachInterface<ReaderModel<ObserveOp>>(*context);
    GuardOp::attachInterface<ReaderModel<GuardOp>>(*context);
  });
}

} // namespace mlir::qopt
