//===- Passes.h - passes of Dialect/QOpt/Transforms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::qopt {

/// Makes operations of the onnx dialect known to the passes: products as
/// contractions; products, norms and constant factors as absorbers of scales;
/// operations that factors per channel pass through.
void registerONNXContractions(DialectRegistry &registry);
void registerONNXScaleAbsorbers(DialectRegistry &registry);
void registerONNXScalePassing(DialectRegistry &registry);
inline void registerONNXInterfaces(DialectRegistry &registry) {
  registerONNXContractions(registry);
  registerONNXScaleAbsorbers(registry);
  registerONNXScalePassing(registry);
}

/// The plan on the module as an aligned table: what `--dry-run` shows.
/// `floatWeightBits` (16 or 32) is the size in which weights of float layers
/// will be stored.
void printPlan(ModuleOp module, raw_ostream &os, unsigned floatWeightBits);
/// The type of the products of attention, as a sentence; empty without any.
std::string describeAttention(ModuleOp module);

#define GEN_PASS_DECL
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_PASSES_H
