//===- embed.cpp - qopt's passes in a compiler of one's own ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   embed MODULE.mlir [REGEX]
//
// Reads a module of linalg on tensors, quantizes its products with constant
// matrices to 8 bits, keeps those in float whose location has a name that
// matches REGEX, and prints the module in upstream dialects alone. The plan
// stands in the IR between the two pipelines: any compiler may read and change
// it there.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Interop/Linalg.h"

using namespace mlir;

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    llvm::errs() << "usage: embed MODULE.mlir [REGEX]\n";
    return 2;
  }
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                  math::MathDialect, tensor::TensorDialect, qopt::QOptDialect,
                  onnx::ONNXDialect>();
  qopt::registerLinalgContractions(registry);
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(argv[1], ParserConfig(&context));
  if (!module)
    return 1;

  PassManager decide(&context);
  qopt::PlanPassOptions plan;
  plan.scheme = "w8a8";
  if (argc > 2)
    plan.keep = {argv[2]};
  decide.addPass(qopt::createPlanPass(plan));
  if (failed(decide.run(*module)))
    return 1;

  // A product of few columns is not worth its codes here.
  unsigned quantized = 0;
  for (qopt::ContractionOpInterface op : qopt::collectContractions(*module)) {
    if (!op->hasAttr(qopt::schemeAttrName))
      continue;
    if (qopt::weightShape(op).second < 2) {
      op->removeAttr(qopt::schemeAttrName);
      op->setAttr(qopt::keepAttrName, StringAttr::get(&context, "one column"));
    } else {
      ++quantized;
    }
  }
  llvm::errs() << quantized << " products are quantized\n";

  PassManager carryOut(&context);
  carryOut.addPass(qopt::createQuantizePass());
  carryOut.addPass(qopt::createConvertQOptToLinalgPass());
  if (failed(carryOut.run(*module)))
    return 1;
  // What was decided about the others has no reader any more.
  module->walk([](Operation *op) { op->removeAttr(qopt::keepAttrName); });
  module->print(llvm::outs());
  return 0;
}
