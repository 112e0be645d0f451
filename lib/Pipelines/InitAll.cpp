//===- InitAll.cpp - registration of all dialects and passes --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/InitAll.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "qopt/Codegen/BufferizableOpInterfaceImpl.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Export/Export.h"
#include "qopt/Export/Passes.h"
#include "qopt/Interop/Linalg.h"
#include "qopt/Interop/Passes.h"
#include "qopt/Pipelines/Lowering.h"
#include "qopt/Pipelines/Presets.h"

using namespace mlir;

void qopt::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<QOptDialect, onnx::ONNXDialect>();
  registerONNXInterfaces(registry);
  registerLinalgContractions(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
}

void qopt::registerAllPasses() {
  mlir::registerAllPasses();
  registerQOptTransformsPasses();
  onnx::registerONNXTransformsPasses();
  onnx::registerONNXPipelines();
  registerQOptCodegenPasses();
  registerQOptConversionPasses();
  registerQOptExportPasses();
  registerQOptInteropPasses();
  registerExportPipelines();
  registerLoweringPipelines();
  registerPresets();
}
