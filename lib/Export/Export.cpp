//===- Export.cpp - from the onnx dialect back to a model file ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The opset is the least one that holds the graph, so that runtimes of some age
// read it. The bytes depend on the module alone.
//===----------------------------------------------------------------------===//

#include "qopt/Export/Export.h"
#include "GraphWriter.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Export/Passes.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::exporter;

/// Protobuf's messages end at 2 GiB; room for everything but the weights.
static constexpr uint64_t mostInlineBytes = (2ull << 30) - (64ull << 20);

/// The version of the file format that came with an opset.
static int64_t irVersionOf(int64_t opset) {
  switch (opset) {
  case 21:
  case 22:
    return 10;
  case 23:
    return 11;
  case 24:
    return 12;
  default:
    return 13;
  }
}

void qopt::buildExportPipeline(OpPassManager &pm) {
  onnx::ONNXInferShapesPassOptions lenient;
  lenient.allowUnranked = true;
  // Constants keep their places and with them their names.
  GreedyRewriteConfig config;
  config.enableConstantCSE(false);
  pm.addPass(createConvertQOptToONNXPass());
  pm.addPass(onnx::createONNXInferShapesPass(lenient));
  pm.addPass(onnx::createONNXExpandAttentionPass());
  pm.addPass(createONNXExpandNewPass());
  pm.addPass(onnx::createONNXInferShapesPass(lenient));
  pm.addPass(createCanonicalizerPass(config));
  pm.addPass(createCSEPass());
}

void qopt::registerExportPipelines() {
  PassPipelineRegistration<>(
      "qopt-export", "Quantized products and new operators as standard ones",
      buildExportPipeline);
}

FailureOr<std::string> qopt::exportModel(ModuleOp module,
                                         const ExportOptions &options) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("cannot be exported: there is no function @main");
  uint64_t bytes = 0;
  function.walk([&](onnx::ConstantOp op) {
    if (!isa<SplatElementsAttr>(op.getValue()))
      bytes += tensorBytes(op.getValue());
  });
  bool external = options.externalData || bytes > mostInlineBytes;
  if (external && options.dataFd < 0)
    return module.emitError("cannot be exported: ")
           << bytes << " bytes of weights do not fit into a model file";
  TensorWriter tensors = external
                             ? TensorWriter(options.dataFd, options.dataName)
                             : TensorWriter();
  pb::ModelProto model;
  GraphWriter writer(tensors);
  if (failed(writer.write(function, *model.mutable_graph())))
    return failure();
  model.set_producer_name("qopt");
  model.set_producer_version(QOPT_VERSION);
  model.set_ir_version(irVersionOf(writer.getOpset()));
  model.add_opset_import()->set_version(writer.getOpset());
  std::string result;
  if (!model.SerializeToString(&result))
    return module.emitError("cannot be exported: the model without its weights "
                            "exceeds the 2 GiB of a model file");
  return result;
}
