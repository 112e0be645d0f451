//===- GenerateKernels.cpp - kernel-level operations to kernels -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the operations and hands each to its generator. A contraction that has
// no kernel stays for the lowering to loops; a qopt operation without one is an
// error.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Contraction.h"
#include "KernelBuilder.h"
#include "Matmul.h"
#include "Rows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Codegen/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_GENERATEKERNELSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// A slice of the last dim, say, is no buffer that a kernel can read or write:
/// the operation gets a copy, and its result is copied back.
void makeReadable(Operation *op) {
  bool anyStrides = isa<AttentionOp>(op);
  auto destinations = cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type || (anyStrides ? kernels::isContiguousInLastDim(type)
                             : kernels::isMatrix(type)))
      continue;
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Value strided = operand.get();
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(memref::DimOp::create(b, strided, i));
    Value compact = memref::AllocOp::create(
        b, MemRefType::get(type.getShape(), type.getElementType()), sizes);
    operand.set(compact);
    if (destinations.isDpsInit(&operand)) {
      b.setInsertionPointAfter(op);
      linalg::CopyOp::create(b, compact, strided);
    } else {
      linalg::CopyOp::create(b, strided, compact);
    }
  }
}

class GenerateKernelsPass final
    : public impl::GenerateKernelsPassBase<GenerateKernelsPass> {
public:
  using GenerateKernelsPassBase::GenerateKernelsPassBase;

private:
  void runOnOperation() override {
    std::optional<kernels::Isa> target = kernels::getIsa(isa);
    if (!target) {
      getOperation().emitError("unknown instruction set '")
          << isa << "': amx, avx512vnni, avxvnni, avx2, i8mm, dotprod or neon";
      return signalPassFailure();
    }
    SmallVector<Operation *> work;
    int64_t weightBytes = 0;
    getOperation().walk([&](Operation *op) {
      if (hasKernel(op))
        work.push_back(op);
      if (auto matmul = dyn_cast<MatmulOp>(op))
        weightBytes += bytesOf(cast<MemRefType>(matmul.getRhs().getType()));
    });
    kernels::KernelTable kernels(getOperation(), weightBytes);
    for (Operation *op : work) {
      if (!mlir::isa<linalg::LinalgOp>(op))
        makeReadable(op);
      LogicalResult lowered =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case([&](MatmulOp matmul) {
                return kernels::lowerMatmul(matmul, *target, kernels);
              })
              .Case([&](QuantizeRowsOp quantize) {
                return kernels::lowerQuantizeRows(quantize, *target, kernels);
              })
              .Case([&](AttentionOp attention) {
                kernels::lowerAttention(attention, *target, kernels);
                return success();
              })
              .Case([&](FindOutliersOp find) {
                return kernels::lowerFindOutliers(find, *target, kernels);
              })
              .Case([&](linalg::LinalgOp contraction) {
                kernels::lowerContraction(contraction, *target, kernels);
                return success();
              });
      if (failed(lowered))
        return signalPassFailure();
      ++numCalls;
    }
    numKernels += kernels.getNumKernels();
  }

  static int64_t bytesOf(MemRefType type) {
    return type.hasStaticShape()
               ? type.getNumElements() * type.getElementTypeBitWidth() / 8
               : 0;
  }

  static bool hasKernel(Operation *op) {
    if (mlir::isa<AttentionOp, MatmulOp, QuantizeRowsOp, FindOutliersOp>(op))
      return true;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    return linalgOp && kernels::isContraction(linalgOp);
  }
};

} // namespace
} // namespace mlir::qopt
