//===- qopt-info.cpp - what is in a library or a model --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shows names, types, dims, sizes and hashes without running anything.
//===----------------------------------------------------------------------===//

#include "LibraryInfo.h"
#include "ModelInfo.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/StandardOutput.h"

#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  cl::OptionCategory category("qopt-info options");
  cl::opt<std::string> file(cl::Positional, cl::desc("model.so|model.onnx"),
                            cl::cat(category));
  cl::opt<bool> json("json", cl::desc("Print one JSON object"),
                     cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Shows what is in a library made by qopt, or in an\n"
          "ONNX model.\n",
          &errs()))
    return ExitUsage;
  if (file.empty()) {
    errs() << "error: no file given\n";
    return ExitUsage;
  }
  // Every library is an ELF file; anything else is read as a model, whose
  // reader says what it is instead.
  file_magic magic = file_magic::unknown;
  if (identify_magic(file, magic) || magic == file_magic::elf_shared_object ||
      StringRef(file).ends_with(".so"))
    return finishStandardOutput(qopt_info::printLibrary(file, json));
  return finishStandardOutput(qopt_info::printModel(file, json));
}
