//===- Embeddings.h - vectors of a model against those of a reference -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For encoders: the cosine of what a text becomes, with and without
// quantization. Samples come from an npz file with one array per input, axis 0
// the samples; inputs that text determines may be missing.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EVALUATION_EMBEDDINGS_H
#define QOPT_EVALUATION_EMBEDDINGS_H

#include "qopt/Evaluation/Layerwise.h"
#include "qopt/Evaluation/Metrics.h"
#include "qopt/Support/Npy.h"

namespace mlir::qopt {

/// What becomes of an output [batch, positions, width].
enum class Pooling {
  /// All of it; positions that attention_mask marks as padding are left out.
  None,
  /// The mean over the positions that attention_mask keeps.
  Mean,
  /// The first position.
  First
};

/// The arrays of an npz file as inputs of a model.
class InputArrays {
public:
  static llvm::Expected<InputArrays> open(llvm::StringRef path,
                                          const Signature &signature);

  int64_t samples() const { return count; }
  /// The inputs of the samples [begin, begin + size).
  std::vector<DLTensor> batch(int64_t begin, int64_t size);
  /// Positions of a sample, with whether attention_mask keeps each; empty
  /// without that array.
  std::vector<bool> mask(int64_t sample) const;
  /// The same of the samples [begin, begin + size).
  std::vector<bool> masks(int64_t begin, int64_t size) const;

private:
  struct Source {
    NpyType type;
    NpyFile file;
    llvm::SmallVector<int64_t, 4> shape;
    /// Used where the file lacks the array.
    std::vector<char> filled;
    int64_t bytesPerSample = 0;
  };

  std::vector<Source> sources;
  int maskIndex = -1;
  int64_t count = -1;
};

/// One float array of an npz file, axis 0 the samples.
llvm::Expected<std::pair<std::vector<float>, llvm::SmallVector<int64_t, 4>>>
readFloats(llvm::StringRef path, llvm::StringRef name);

struct EmbeddingOptions {
  Pooling pooling = Pooling::None;
  /// Which output; empty: the first of floats.
  std::string output;
  int64_t batch = 1;
  /// Compares the outputs of layers too, where it is not null.
  LayerComparison *layers = nullptr;
  /// 0: all.
  int64_t limit = 0;
  std::function<void(int64_t done, int64_t total)> progress;
};

struct EmbeddingSummary {
  std::string output;
  int64_t samples = 0, width = 0;
  Estimate cosine;
  double median = 0, least = 0;
  int64_t leastSample = 0;
  double largestError = 0;
  /// 10 log10(sum y^2 / sum (y - y^)^2) over all samples.
  double sqnr = 0;
};

/// Compares with `reference`, another library, or with `expected` [samples,
/// ...], of which there is one.
llvm::Expected<EmbeddingSummary>
evaluateEmbeddings(LoadedModel &model, LoadedModel *reference,
                   llvm::ArrayRef<float> expected, InputArrays &inputs,
                   const EmbeddingOptions &options);

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_EMBEDDINGS_H
