//===- ObjectEmitter.cpp - LLVM dialect to LLVM IR and objects ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's own pipeline at O2 with the loop vectorizer; functions carry the CPU
// and the vector width of their variant as attributes, as clang's do. Nothing
// here reads the environment or the host, so that equal input gives equal
// objects on every machine.
//===----------------------------------------------------------------------===//

#include "qopt/Target/ObjectEmitter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <mutex>

using namespace mlir;
using namespace mlir::qopt;

FailureOr<std::unique_ptr<llvm::Module>>
mlir::qopt::translateVariant(ModuleOp module, const TargetISA &isa,
                             bool largeWeights, llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context, isa.name);
  if (!result)
    return module.emitError("cannot be translated to LLVM IR");
  result->setSourceFileName("model");
  result->setModuleIdentifier("model");
  if (largeWeights)
    if (llvm::GlobalVariable *weights =
            result->getGlobalVariable("qopt_weights"))
      weights->setCodeModel(llvm::CodeModel::Large);
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.setDoesNotThrow();
    function.addFnAttr("target-cpu", isa.cpu);
    if (!isa.attributes.empty())
      function.addFnAttr("target-features", isa.attributes);
    if (!isa.tune.empty())
      function.addFnAttr("tune-cpu", isa.tune);
    function.addFnAttr("prefer-vector-width", std::to_string(isa.vectorWidth));
    function.addFnAttr("no-trapping-math", "true");
  }
  return std::move(result);
}

static std::unique_ptr<llvm::TargetMachine>
createTargetMachine(const TargetISA &isa, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
  });
  llvm::Triple triple(findTargetMachine(isa.triple)->llvmTriple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, isa.cpu, isa.attributes, options, llvm::Reloc::PIC_,
      /*CM=*/std::nullopt, llvm::CodeGenOptLevel::Default));
}

LogicalResult mlir::qopt::emitFile(llvm::Module &module, const TargetISA &isa,
                                   FileKind kind,
                                   llvm::SmallVectorImpl<char> &result,
                                   std::string &error) {
  std::unique_ptr<llvm::TargetMachine> machine =
      createTargetMachine(isa, error);
  if (!machine)
    return failure();
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  {
    llvm::raw_string_ostream stream(error);
    if (llvm::verifyModule(module, &stream))
      return failure();
  }

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  tuning.LoopInterleaving = true;
  llvm::PassBuilder passes(machine.get(), tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);

  llvm::raw_svector_ostream stream(result);
  if (kind == FileKind::LLVM) {
    module.print(stream, nullptr);
    return success();
  }
  llvm::legacy::PassManager codegen;
  codegen.add(llvm::createTargetTransformInfoWrapperPass(
      machine->getTargetIRAnalysis()));
  if (machine->addPassesToEmitFile(codegen, stream, nullptr,
                                   kind == FileKind::Assembly
                                       ? llvm::CodeGenFileType::AssemblyFile
                                       : llvm::CodeGenFileType::ObjectFile)) {
    error = "the target cannot emit this kind of file";
    return failure();
  }
  codegen.run(module);
  return success();
}
