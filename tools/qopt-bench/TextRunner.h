//===- TextRunner.h - a text model, call after call -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_BENCH_TEXTRUNNER_H
#define QOPT_TOOLS_QOPT_BENCH_TEXTRUNNER_H

#include "qopt/Evaluation/LoadedModel.h"
#include "qopt/Support/TextInputs.h"

namespace bench {

/// Reads tokens as a decoder does: each call stands behind those before it,
/// whose keys and values are in the model's caches. A model without caches
/// knows single calls only.
class TextRunner {
public:
  static llvm::Expected<TextRunner> create(mlir::qopt::LoadedModel &model);

  /// Whether a call can stand behind another one.
  bool remembers() const { return !pairs.empty() || isInPlace; }

  /// Forgets what was read. Caches in place are made for `room` tokens.
  void begin(int64_t room) {
    this->room = room;
    past = 0;
  }
  /// Runs the model on `count` further tokens of `rows` equal texts.
  llvm::Error read(int64_t rows, int64_t count);

private:
  /// Where a cache comes out of a run, and where it goes into the next.
  struct CachePair {
    size_t output, input;
  };

  explicit TextRunner(mlir::qopt::LoadedModel &model) : model(&model) {}
  llvm::Error pairCaches();
  std::vector<int32_t> makeTokens(int64_t count) const;

  mlir::qopt::LoadedModel *model;
  mlir::qopt::TextInputs inputs;
  std::vector<CachePair> pairs;
  std::vector<mlir::qopt::OutputTensor> outputs;
  bool isInPlace = false;
  int64_t past = 0, room = 0;
};

} // namespace bench

#endif // QOPT_TOOLS_QOPT_BENCH_TEXTRUNNER_H
