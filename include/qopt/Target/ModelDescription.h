//===- ModelDescription.h - what a library says about itself --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, types and dims of a model's inputs and outputs, read from @main before
// it is lowered, and written into the library as its descriptor and signature.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_MODELDESCRIPTION_H
#define QOPT_TARGET_MODELDESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include "qopt/Target/TargetISA.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace mlir::qopt {

struct PortDescription {
  std::string name;
  Type element;
  /// Per dim: the number, or the text of its expression ("" when it has none).
  struct Dim {
    int64_t size = -1;
    std::string text;
  };
  std::vector<Dim> dims;
  /// An input that a run writes to.
  bool isCache = false;
};

struct ModelDescription {
  std::vector<PortDescription> inputs, outputs;
  /// Name of a calibration tap by its index.
  std::vector<std::string> taps;
  /// Name of a guarded layer by the index of its counter.
  std::vector<std::string> guards;
  /// Range of a symbol that is checked at each call.
  struct Range {
    std::string symbol;
    int64_t min = 0, max = 0;
  };
  std::vector<Range> ranges;
  /// A cache that is updated in place: the input, what the model calls the
  /// result, and the axis along which it fills.
  struct InplaceCache {
    unsigned input;
    std::string present;
    int64_t axis;
  };
  std::vector<InplaceCache> caches;
  /// The input that says how far they are filled; empty without such caches.
  std::string cacheLength;
  /// How the model was quantized; a preset's name.
  std::string quant;
  std::string sourceSha256;
};

/// Notes the element types of inputs and outputs on @main (`qopt.element`):
/// below `onnx` integers are signless, and only the note still says which are
/// unsigned.
void recordElementTypes(ModuleOp module);

/// Reads ports, taps, guards and hash from a module that still has its tensors.
FailureOr<ModelDescription> describeModel(ModuleOp module);

/// The signature as in interface.md, "Signature JSON".
std::string makeSignature(const ModelDescription &model,
                          llvm::ArrayRef<const TargetISA *> isas);

/// A module that defines `qopt_model_descriptor`.
std::unique_ptr<llvm::Module>
makeDescriptorModule(const ModelDescription &model,
                     llvm::ArrayRef<const TargetISA *> isas,
                     llvm::LLVMContext &context);

} // namespace mlir::qopt

#endif // QOPT_TARGET_MODELDESCRIPTION_H
