//===- LowerAndEmit.cpp - the back half of a compile ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One module on buffers, one clone of it per instruction set, one object per
// clone. MLIR's passes run on one variant after the other; LLVM, where the time
// goes, on as many threads as there are cores. The result does not depend on
// their number.
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "qopt/Pipelines/Lowering.h"
#include "qopt/Support/Progress.h"
#include "qopt/Support/WriteFile.h"
#include "qopt/Target/Link.h"
#include "qopt/Target/ObjectEmitter.h"
#include "qopt/Target/WeightsObject.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {

struct Variant {
  const TargetISA *isa = nullptr;
  std::optional<TargetISA> emulated;
  /// Before the module: it must outlive it.
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  llvm::SmallVector<char, 0> file;
  std::string error;
  bool failed = false;
};

class BackEnd {
public:
  BackEnd(ModuleOp module, const LoweringOptions &options)
      : module(module), options(options) {}

  LogicalResult run(std::unique_ptr<llvm::MemoryBuffer> &result) {
    if (failed(chooseVariants()))
      return failure();
    FailureOr<ModelDescription> described = describeModel(module);
    if (failed(described))
      return failure();
    model = std::move(*described);
    model.quant = options.quant;
    model.ranges = options.ranges;
    if (options.emit == EmitKind::Linalg) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      OpPrintingFlags flags;
      flags.elideLargeElementsAttrs(16).elideLargeResourceString(16);
      module.print(stream, flags);
      result = llvm::MemoryBuffer::getMemBufferCopy(text);
      return success();
    }
    if (options.emit == EmitKind::ONNX || options.emit == EmitKind::ONNXQDQ ||
        options.emit == EmitKind::QOpt)
      return module.emitError("this output is made before the lowering");

    begin("buffers and weights");
    weightsFile = tempPath("weights.o");
    PassManager buffers(module.getContext());
    BufferPipelineOptions bufferOptions;
    bufferOptions.weightsFile = weightsFile;
    bufferOptions.weightsReserve = kWeightsHeaderBytes;
    bufferOptions.packedDepth = machine->packedDepth;
    buildBufferPipeline(buffers, bufferOptions);
    if (failed(buffers.run(module)))
      return failure();
    uint64_t weightBytes = 0;
    if (std::error_code code =
            llvm::sys::fs::file_size(weightsFile, weightBytes))
      return module.emitError("weights file: ") << code.message();
    if (machine->reach && weightBytes > machine->reach)
      return module.emitError("code of ")
             << machine->triple << " reaches " << machine->reach
             << " bytes of weights, this model has " << weightBytes;
    largeWeights = !machine->reach && weightBytes > options.largeWeightBytes;
    if (std::error_code code =
            finishWeightsObject(weightsFile, machine->elfMachine, largeWeights))
      return module.emitError("weights file: ") << code.message();

    for (Variant &variant : variants) {
      begin("kernels and loops for " + variant.isa->name);
      if (failed(lowerVariant(variant, &variant == &variants.back())))
        return failure();
    }
    begin("machine code");
    FileKind kind = options.emit == EmitKind::LLVM  ? FileKind::LLVM
                    : options.emit == EmitKind::Asm ? FileKind::Assembly
                                                    : FileKind::Object;
    if (failed(emitVariants(kind)))
      return failure();
    if (kind != FileKind::Object) {
      std::string text;
      for (Variant &variant : variants) {
        // Both kinds of text take a line that starts like this for a comment.
        StringRef mark = kind == FileKind::LLVM ? "; " : "# ";
        text += (mark + "variant " + variant.isa->name + "\n").str();
        text.append(variant.file.begin(), variant.file.end());
      }
      result = llvm::MemoryBuffer::getMemBufferCopy(text);
      return success();
    }
    begin("link");
    return link(result);
  }

private:
  void begin(const llvm::Twine &stage) {
    if (options.progress)
      options.progress->begin(stage.str());
  }

  std::string tempPath(const llvm::Twine &name) {
    llvm::SmallString<256> path(options.tempDir);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  LogicalResult chooseVariants() {
    machine = findTargetMachine(options.triple);
    if (!machine)
      return module.emitError("unknown target '") << options.triple << "'";
    for (const std::string &name : options.isas)
      if (llvm::none_of(machine->isas,
                        [&](const TargetISA &isa) { return isa.name == name; }))
        return module.emitError("unknown instruction set '")
               << name << "' of " << machine->triple;
    variants.reserve(machine->isas.size());
    // Best first, whatever the order on the command line.
    for (const TargetISA &isa : machine->isas) {
      if (!options.isas.empty() && !llvm::is_contained(options.isas, isa.name))
        continue;
      Variant &variant = variants.emplace_back();
      variant.isa = &isa;
      if (options.emulate) {
        variant.emulated = emulatedTargetISA(isa);
        if (!variant.emulated)
          return module.emitError("there is no emulation for ") << isa.triple;
        variant.isa = &*variant.emulated;
      }
    }
    return success();
  }

  LogicalResult lowerVariant(Variant &variant, bool last) {
    OwningOpRef<ModuleOp> clone = last ? nullptr : module.clone();
    ModuleOp lowered = last ? module : *clone;
    PassManager passes(module.getContext());
    VariantPipelineOptions variantOptions;
    variantOptions.isa = variant.isa->name.str();
    variantOptions.emulate = options.emulate;
    buildVariantPipeline(passes, variantOptions);
    if (failed(passes.run(lowered)))
      return failure();
    variant.context = std::make_unique<llvm::LLVMContext>();
    FailureOr<std::unique_ptr<llvm::Module>> translated =
        translateVariant(lowered, *variant.isa, largeWeights, *variant.context);
    if (failed(translated))
      return failure();
    variant.module = std::move(*translated);
    return success();
  }

  LogicalResult emitVariants(FileKind kind) {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
    for (Variant &variant : variants)
      pool.async([&variant, kind] {
        variant.failed = failed(emitFile(*variant.module, *variant.isa, kind,
                                         variant.file, variant.error));
        variant.module.reset();
        variant.context.reset();
      });
    pool.wait();
    for (Variant &variant : variants)
      if (variant.failed)
        return module.emitError("code for ")
               << variant.isa->name << ": " << variant.error;
    return success();
  }

  LogicalResult writeFile(StringRef path, ArrayRef<char> bytes) {
    if (std::error_code code =
            qopt::writeFile(path, StringRef(bytes.data(), bytes.size())))
      return module.emitError("temporary file: ") << code.message();
    return success();
  }

  LogicalResult link(std::unique_ptr<llvm::MemoryBuffer> &result) {
    LinkSpec spec;
    spec.machine = machine;
    spec.executablePath = options.executablePath;
    spec.tempDir = options.tempDir;
    spec.output = tempPath("model.so");
    spec.relocatable = options.emit == EmitKind::Obj;
    llvm::SmallVector<const TargetISA *> isas;
    for (Variant &variant : variants) {
      isas.push_back(variant.isa);
      spec.objects.push_back(tempPath(variant.isa->name + ".o"));
      if (failed(writeFile(spec.objects.back(), variant.file)))
        return failure();
      variant.file.clear();
    }

    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> descriptor =
        makeDescriptorModule(model, isas, context);
    llvm::SmallVector<char, 0> object;
    std::string error;
    // The descriptor is data only: any variant's target will do.
    if (failed(emitFile(*descriptor, machine->isas.back(), FileKind::Object,
                        object, error)))
      return module.emitError("descriptor: ") << error;
    spec.objects.push_back(tempPath("descriptor.o"));
    if (failed(writeFile(spec.objects.back(), object)))
      return failure();
    spec.objects.push_back(weightsFile);
    if (failed(linkModel(spec, error)))
      return module.emitError() << error;
    // The linker has read them: room for the copy that is the result.
    (void)llvm::sys::fs::remove(weightsFile);
    auto library =
        llvm::MemoryBuffer::getFile(spec.output, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
    if (!library)
      return module.emitError("linked library: ")
             << library.getError().message();
    result = std::move(*library);
    return success();
  }

  ModuleOp module;
  const LoweringOptions &options;
  const TargetMachineSpec *machine = nullptr;
  ModelDescription model;
  std::string weightsFile;
  bool largeWeights = false;
  /// Does not grow while there are pointers into it.
  std::vector<Variant> variants;
};

} // namespace

LogicalResult
mlir::qopt::lowerAndEmit(ModuleOp module, const LoweringOptions &options,
                         std::unique_ptr<llvm::MemoryBuffer> &result) {
  return BackEnd(module, options).run(result);
}
