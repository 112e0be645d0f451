//===- RepeatedCompileTest.cpp - many compiles in one process -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program that links the compiler calls it as often as it likes: nothing may
// be left behind, in memory or in the next result.
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Compile.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Progress.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <unistd.h>

using namespace mlir::qopt;

namespace {

/// A product with bias and an activation, and a softmax behind it.
const char modelText[] = R"(
func.func @main(%x: tensor<?x64xf32> {onnx.name = "x", onnx.dims = ["n", 64]})
    -> (tensor<?x32xf32> {onnx.name = "y", onnx.dims = ["n", 32]}) {
  %w = onnx.Constant {value = dense<0.25> : tensor<64x32xf32>} : tensor<64x32xf32>
  %b = onnx.Constant {value = dense<0.5> : tensor<32xf32>} : tensor<32xf32>
  %m = onnx.MatMul %x, %w : (tensor<?x64xf32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %a = onnx.Add %m, %b : (tensor<?x32xf32>, tensor<32xf32>) -> tensor<?x32xf32>
  %r = onnx.Relu %a : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = onnx.Softmax %r {axis = -1 : i64} : (tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
)";

class RepeatedCompileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("qopt-repeated", folder));
    std::error_code error;
    llvm::raw_fd_ostream model(pathOf("model.mlir"), error);
    ASSERT_FALSE(error);
    model << modelText;
  }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  std::string pathOf(llvm::StringRef name) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  /// The bytes of the library.
  std::string compile(llvm::StringRef pipeline) {
    Progress progress(ProgressMode::None);
    CompileOptions options;
    options.modelPath = pathOf("model.mlir");
    options.outputPath = pathOf("model.so");
    options.tempDir = folder.str().str();
    options.executablePath = QOPT_TOOL;
    options.pipeline = pipeline.str();
    options.isas = {"avx2"};
    options.jobs = 1;
    options.verbosity = -1;
    options.progress = &progress;
    if (llvm::sys::fs::openFileForWrite(options.outputPath, options.outputFd))
      return "";
    int code = compileModel(options);
    ::close(options.outputFd);
    EXPECT_EQ(code, ExitOk);
    auto file = llvm::MemoryBuffer::getFile(options.outputPath);
    return file ? (*file)->getBuffer().str() : "";
  }

  llvm::SmallString<128> folder;
};

TEST_F(RepeatedCompileTest, MemoryStaysAndResultsAreEqual) {
  std::string results[2] = {compile("fp32"), compile("w8a8")};
  ASSERT_FALSE(results[0].empty());
  ASSERT_NE(results[0], results[1]);
  uint64_t early = 0;
  for (int i = 1; i <= 100; ++i) {
    ASSERT_EQ(compile(i % 2 ? "fp32" : "w8a8"), results[!(i % 2)])
        << "compile " << i;
    if (i == 10)
      early = residentBytes();
  }
  // What malloc keeps in its arenas varies by a few megabytes.
  EXPECT_LT(residentBytes(), early + (8u << 20));
}

} // namespace
