//===- Plugin.cpp - qopt inside another compiler's opt tool ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   mlir-opt --load-dialect-plugin=libQoptPlugin.so
//            --load-pass-plugin=libQoptPlugin.so --qopt-plan --qopt-quantize
//            ...
//
// The dialects and passes of the graph level: what quantizes a module of linalg
// on tensors, and what turns the result back into upstream dialects.
//===----------------------------------------------------------------------===//

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Interop/Linalg.h"
#include "qopt/Interop/Passes.h"

using namespace mlir;

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "qopt", QOPT_VERSION,
          [](DialectRegistry *registry) {
            registry->insert<qopt::QOptDialect, onnx::ONNXDialect>();
            qopt::registerONNXInterfaces(*registry);
            qopt::registerLinalgContractions(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "qopt", QOPT_VERSION, []() {
            qopt::registerQOptTransformsPasses();
            qopt::registerQOptInteropPasses();
            registerPass([] { return qopt::createConvertQOptToLinalgPass(); });
          }};
}
