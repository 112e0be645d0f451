//===- Lowering.cpp - the pipelines from tensors to the LLVM dialect ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Lowering.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;
using namespace mlir::qopt;

void mlir::qopt::buildBufferPipeline(OpPassManager &pm,
                                     const BufferPipelineOptions &options) {
  // Sizes first: they are read off the graph before fusion reshapes it.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCreateShapeFunctionPass());

  // Fewer passes over memory. Epilogues before fusion, so that a bias meets its
  // product and not the consumer's loop, and after it, when an activation that
  // reads the sum twice has become one operation.
  pm.addNestedPass<func::FuncOp>(createFuseEpiloguePass());
  pm.addNestedPass<func::FuncOp>(createFuseTensorOpsPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createFuseEpiloguePass());
  pm.addPass(createPackWeightsPass({options.packedDepth}));

  // Buffers: inputs read-only, results as whole buffers.
  pm.addNestedPass<func::FuncOp>(createPrepareBufferizationPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(std::move(bufferize)));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createForwardCarriedPass());
  pm.addPass(createOutputsPass());
  pm.addPass(createCanonicalizerPass());

  if (!options.weightsFile.empty())
    pm.addPass(
        createPlaceWeightsPass({options.weightsFile, options.weightsReserve}));
}

void mlir::qopt::buildVariantPipeline(OpPassManager &pm,
                                      const VariantPipelineOptions &options) {
  // Kernels first: what they do not take becomes plain loops.
  pm.addPass(createGenerateKernelsPass({options.isa}));
  if (options.emulate)
    pm.addPass(createEmulateInstructionsPass());
  pm.addNestedPass<func::FuncOp>(createLowerLinalgToLoopsPass());
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());

  // Norms, softmax and their neighbours on rows that are still in the cache.
  pm.addNestedPass<func::FuncOp>(createFuseRowLoopsPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFuseInnerLoopsPass());
  pm.addNestedPass<func::FuncOp>(createContractRowBuffersPass());

  // Buffers live from their first loop to their last.
  pm.addNestedPass<func::FuncOp>(createInsertDeallocsPass());

  // Threads; equal loops share code.
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createOutlineParallelPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSplitFunctionsPass());

  // The runtime's calls, then everything else to LLVM.
  pm.addPass(createLowerRuntimeOpsPass({options.isa}));
  pm.addPass(createApproximateMathPass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createLowerExpandShapePass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(affine::createAffineExpandIndexOpsPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Intrinsics where LLVM has them; libm for the rest.
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createMarkNoAliasPass());
}

void mlir::qopt::registerLoweringPipelines() {
  PassPipelineRegistration<BufferPipelineOptions>(
      "qopt-buffers", "Linalg on tensors to buffers, shared by all variants",
      buildBufferPipeline);
  PassPipelineRegistration<VariantPipelineOptions>(
      "qopt-variant", "Buffers to the LLVM dialect, for one instruction set",
      buildVariantPipeline);
}
