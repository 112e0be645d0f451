//===- Lowering.h - the back half of a compile ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From linalg on tensors (with kernel-level qopt operations) to a shared
// library.
//===----------------------------------------------------------------------===//

#ifndef QOPT_PIPELINES_LOWERING_H
#define QOPT_PIPELINES_LOWERING_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassOptions.h"
#include "qopt/Pipelines/Compile.h"
#include "qopt/Target/ModelDescription.h"
#include "llvm/Support/MemoryBuffer.h"

namespace mlir {
class OpPassManager;
namespace qopt {

struct BufferPipelineOptions
    : public PassPipelineOptions<BufferPipelineOptions> {
  Option<std::string> weightsFile{
      *this, "weights-file",
      llvm::cl::desc("File that takes the constants (empty: they stay)"),
      llvm::cl::init("")};
  Option<uint64_t> weightsReserve{
      *this, "weights-reserve",
      llvm::cl::desc("Bytes left free at the start of that file"),
      llvm::cl::init(0)};
  Option<int64_t> packedDepth{
      *this, "packed-depth",
      llvm::cl::desc("Codes of a column side by side in packed weights"),
      llvm::cl::init(4)};
};

struct VariantPipelineOptions
    : public PassPipelineOptions<VariantPipelineOptions> {
  Option<std::string> isa{*this, "isa",
                          llvm::cl::desc("Instruction set of the variant"),
                          llvm::cl::init("avx2")};
  Option<bool> emulate{
      *this, "emulate",
      llvm::cl::desc("For tests: no instruction that x86-64-v3 lacks"),
      llvm::cl::init(false)};
};

/// Tensors to buffers; what all variants share.
void buildBufferPipeline(OpPassManager &pm,
                         const BufferPipelineOptions &options);

/// Kernels, loops and calls of one variant, down to the LLVM dialect.
void buildVariantPipeline(OpPassManager &pm,
                          const VariantPipelineOptions &options);

/// Registers both as `qopt-buffers` and `qopt-variant`.
void registerLoweringPipelines();

struct LoweringOptions {
  /// Linalg, LLVM, Asm, Obj or SharedLibrary.
  EmitKind emit = EmitKind::SharedLibrary;
  /// What machine the library is for; empty: this one.
  std::string triple;
  /// Variants to generate; empty: all of that machine.
  std::vector<std::string> isas;
  /// Private directory for intermediate files.
  std::string tempDir;
  /// For tests: all variants run on every x86-64-v3, without their
  /// instructions.
  bool emulate = false;
  /// Path of the running executable, by which the runtime archive is found.
  std::string executablePath;
  /// Threads; 0: one per core.
  unsigned jobs = 0;
  /// What the signature says beyond what the module knows.
  std::string quant;
  std::vector<ModelDescription::Range> ranges;
  /// From this size on code and weights may be further apart than 32 bits
  /// reach.
  uint64_t largeWeightBytes = 1ull << 30;
  /// May be null.
  Progress *progress = nullptr;
};

/// Lowers `module`, which is used up, and gives the bytes of the result: a
/// library is a mapping of its file in `tempDir`, which may then be removed.
/// All failures are diagnostics on the module's context.
LogicalResult lowerAndEmit(ModuleOp module, const LoweringOptions &options,
                           std::unique_ptr<llvm::MemoryBuffer> &result);

} // namespace qopt
} // namespace mlir

#endif // QOPT_PIPELINES_LOWERING_H
