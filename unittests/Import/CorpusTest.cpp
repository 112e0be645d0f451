//===- CorpusTest.cpp - every model at hand goes through the importer -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX's own test models are valid: each is imported or cleanly unsupported.
// QOPT_IMPORT_CORPUS adds directories (separated by colons);
// QOPT_IMPORT_PRINT=1 prints the histogram of what is unsupported, =2 also each
// refusal, =3 also each imported module.
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "qopt/Import/Import.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <map>

using namespace mlir;
using namespace mlir::qopt;

namespace {

std::vector<std::string> modelsUnder(llvm::StringRef directory) {
  std::vector<std::string> found;
  std::error_code code;
  for (llvm::sys::fs::recursive_directory_iterator it(directory, code), end;
       it != end && !code; it.increment(code))
    if (llvm::sys::path::extension(it->path()) == ".onnx")
      found.push_back(it->path());
  llvm::sort(found);
  return found;
}

TEST(Corpus, ImportedOrUnsupported) {
  std::vector<std::string> directories{QOPT_ONNX_TESTDATA};
  if (const char *more = std::getenv("QOPT_IMPORT_CORPUS")) {
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(more).split(parts, ':', -1, /*KeepEmpty=*/false);
    directories.insert(directories.end(), parts.begin(), parts.end());
  }
  const char *verbosity = std::getenv("QOPT_IMPORT_PRINT");
  int print = verbosity ? std::atoi(verbosity) : 0;

  unsigned imported = 0, unsupported = 0;
  std::map<std::string, unsigned> reasons;
  for (const std::string &directory : directories) {
    for (const std::string &path : modelsUnder(directory)) {
      MLIRContext context(MLIRContext::Threading::DISABLED);
      ImportError error;
      OwningOpRef<ModuleOp> module = importModel(path, context, {}, error);
      if (module) {
        ++imported;
        if (print > 2)
          module->print(llvm::outs(),
                        OpPrintingFlags().elideLargeElementsAttrs(16));
        continue;
      }
      EXPECT_EQ(error.status, ExitUnsupported) << error.message;
      EXPECT_FALSE(llvm::StringRef(error.message).contains('\n'));
      ++unsupported;
      if (print > 1)
        llvm::outs() << error.status << " " << error.message << "\n";
      llvm::StringRef reason =
          llvm::StringRef(error.message).substr(path.size() + 2);
      ++reasons[reason.split(" in node").first.str()];
    }
  }
  RecordProperty("imported", imported);
  RecordProperty("unsupported", unsupported);
  if (print)
    for (const auto &[reason, count] : reasons)
      llvm::outs() << count << "  " << reason << "\n";
  llvm::outs() << imported << " imported, " << unsupported << " unsupported\n";
}

} // namespace
