//===- BitFlips.cpp - damaged models through the importer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   BitFlips COUNT MODEL...
//
// Flips COUNT single bits of each model (every bit of one that has no more),
// one at a time, and imports the result: into a module, or to a refusal of one
// line with a code that a damaged model may have. Built with sanitizers, so
// that a read out of bounds is a signal. The flip at work lies in a file whose
// path is printed first: after a crash it is the reproducer.
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "qopt/Import/Import.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <random>

using namespace mlir;
using namespace mlir::qopt;

namespace {

class BitFlips {
public:
  explicit BitFlips(llvm::StringRef path) : path(path.str()) {}

  unsigned passed = 0, failed = 0;
  std::map<int, unsigned> outcomes;

  void run(llvm::StringRef name, std::string bytes, uint64_t count) {
    uint64_t bits = bytes.size() * 8;
    std::mt19937_64 random(bits);
    for (uint64_t i = 0; i < std::min(bits, count); ++i) {
      uint64_t bit = bits <= count ? i : random() % bits;
      bytes[bit / 8] ^= 1 << (bit % 8);
      import(name, bit, bytes);
      bytes[bit / 8] ^= 1 << (bit % 8);
    }
  }

private:
  void import(llvm::StringRef name, uint64_t bit, llvm::StringRef bytes) {
    std::error_code code;
    {
      llvm::raw_fd_ostream file(path, code);
      file << bytes;
    }
    // Types and attributes live as long as their context: now and then a new
    // one.
    if (imports++ % 200 == 0)
      context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    ScopedDiagnosticHandler silent(context.get(),
                                   [](Diagnostic &) { return success(); });
    ImportError error;
    OwningOpRef<ModuleOp> module = importModel(path, *context, {}, error);
    ++outcomes[module ? ExitOk : error.status];
    bool right = module ? error.status == ExitOk
                        : isRefusal(error.status) && !error.message.empty() &&
                              !llvm::StringRef(error.message).contains('\n');
    if (right) {
      ++passed;
      return;
    }
    ++failed;
    llvm::errs() << "FAIL: " << name << ": bit " << bit << ": exit "
                 << error.status << ": " << error.message << "\n";
  }

  /// Invalid, unsupported, external data that is not there, a limit.
  static bool isRefusal(int status) {
    return status == ExitInvalid || status == ExitUnsupported ||
           status == ExitIO || status == ExitLimit;
  }

  std::string path;
  std::unique_ptr<MLIRContext> context;
  uint64_t imports = 0;
};

} // namespace

int main(int argc, char **argv) {
  uint64_t count;
  if (argc < 3 || llvm::StringRef(argv[1]).getAsInteger(10, count)) {
    llvm::errs() << "usage: BitFlips COUNT MODEL...\n";
    return ExitUsage;
  }
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("qopt-flip", "onnx", path))
    return ExitIO;
  llvm::outs() << "flipping in " << path << "\n";
  llvm::outs().flush();
  BitFlips flips(path);
  for (int i = 2; i < argc; ++i) {
    auto file = llvm::MemoryBuffer::getFile(argv[i]);
    if (!file) {
      llvm::errs() << "error: " << argv[i] << ": " << file.getError().message()
                   << "\n";
      return ExitIO;
    }
    flips.run(argv[i], (*file)->getBuffer().str(), count);
  }
  llvm::sys::fs::remove(path);
  for (auto [code, number] : flips.outcomes)
    llvm::outs() << "exit code " << code << ": " << number << "\n";
  llvm::outs() << "bit flips: " << flips.passed << " passed, " << flips.failed
               << " failed\n";
  return flips.failed ? ExitInvalid : ExitOk;
}
