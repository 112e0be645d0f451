//===- Options.h - the command line of qopt-eval ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_EVAL_OPTIONS_H
#define QOPT_TOOLS_QOPT_EVAL_OPTIONS_H

#include "qopt/Evaluation/Embeddings.h"
#include "qopt/Evaluation/Windows.h"
#include "qopt/Support/Progress.h"

#include "llvm/Support/CommandLine.h"

namespace evaluate {

namespace cl = llvm::cl;
using mlir::qopt::Pooling;
using mlir::qopt::ProgressMode;

struct Options {
  cl::OptionCategory category{"qopt-eval options"};

  cl::opt<std::string> model{cl::Positional, cl::desc("model.so"),
                             cl::cat(category)};
  cl::opt<std::string> ref{
      "ref",
      cl::desc("Float model to compare with; an ONNX file is compiled first"),
      cl::value_desc("model.onnx|ref.so"), cl::cat(category)};

  cl::opt<std::string> tokens{
      "tokens", cl::desc("Text of a language model, as token ids"),
      cl::value_desc("file.npy|bin|npz"), cl::cat(category)};
  cl::opt<int64_t> window{"window",
                          cl::desc("Tokens of a window (default 512), or to "
                                   "which documents are cut (default: none)"),
                          cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> stride{"stride",
                          cl::desc("Distance of windows (default: the window)"),
                          cl::value_desc("n"), cl::cat(category)};
  cl::opt<bool> documents{
      "documents",
      cl::desc("Each document on its own (default if the file has documents)"),
      cl::cat(category)};
  cl::opt<bool> llamaCpp{
      "llama-cpp",
      cl::desc("llama.cpp's protocol: the second half of each window counts"),
      cl::cat(category)};
  cl::opt<int> bos{"bos",
                   cl::desc("Id that begins each document, or each window of "
                            "llama.cpp's protocol (default: as the JSON says)"),
                   cl::value_desc("id"), cl::cat(category)};
  cl::opt<std::string> ids{"ids",
                           cl::desc("Input for token ids (default: input_ids)"),
                           cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> logits{"logits",
                              cl::desc("Output with logits (default: logits)"),
                              cl::value_desc("name"), cl::cat(category)};

  cl::opt<std::string> inputs{
      "inputs",
      cl::desc("Samples of any other model: an array per input, axis 0 the "
               "samples"),
      cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<std::string> expected{
      "expected", cl::desc("Array of --inputs to compare with, without --ref"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> output{
      "output", cl::desc("Output to compare (default: the first of floats)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<Pooling> pool{
      "pool", cl::desc("What is compared (default: none)"),
      cl::values(clEnumValN(Pooling::None, "none", "the whole output"),
                 clEnumValN(Pooling::Mean, "mean",
                            "the mean over positions that are no padding"),
                 clEnumValN(Pooling::First, "first", "the first position")),
      cl::init(Pooling::None), cl::cat(category)};

  cl::opt<bool> layerwise{
      "layerwise",
      cl::desc("Compare the output of each layer with --ref; libraries are "
               "compiled with --layer-taps for that"),
      cl::cat(category)};
  cl::opt<double> layerBound{
      "layer-bound",
      cl::desc("--layerwise: exit 6 and name the first layer below that SQNR"),
      cl::value_desc("dB"), cl::init(0), cl::cat(category)};

  cl::opt<int64_t> limit{
      "limit", cl::desc("At most that many windows, documents or samples"),
      cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> batch{"batch",
                         cl::desc("Windows or samples of one run (default 1)"),
                         cl::value_desc("n"), cl::init(1), cl::cat(category)};
  cl::opt<std::string> json{"json", cl::desc("Write the numbers to a file"),
                            cl::value_desc("file"), cl::cat(category)};
  cl::opt<int> threads{"threads",
                       cl::desc("Number of threads (0: physical cores)"),
                       cl::init(0), cl::cat(category)};
  cl::opt<std::string> isa{"isa", cl::desc("Variant of the libraries to use"),
                           cl::value_desc("name"), cl::cat(category)};
  cl::opt<ProgressMode> progress{
      "progress", cl::desc("Progress on stderr (default: auto)"),
      cl::values(clEnumValN(ProgressMode::Auto, "auto",
                            "a bar on a terminal, else a line per stage"),
                 clEnumValN(ProgressMode::Plain, "plain", "a line per stage"),
                 clEnumValN(ProgressMode::None, "none", "nothing")),
      cl::init(ProgressMode::Auto), cl::cat(category)};
};

} // namespace evaluate

#endif // QOPT_TOOLS_QOPT_EVAL_OPTIONS_H
