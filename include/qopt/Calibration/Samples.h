//===- Samples.h - calibration data, fitted to a model's inputs -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One sample is one run of the model. It comes from
//   x.npz                one array per input, axis 0 the samples
//   a folder of NAME.npy the same
//   a folder of test_data_set_*/input_N.pb, one sample each
//   x.npy, x.bin         token ids, cut into windows (Support/TokenFile.h)
// Inputs that text alone determines may be missing: the cache of a decoder
// (past_key_values.*: empty), position_ids (0, 1, ...), attention_mask (ones),
// token_type_ids (zeros). Samples are read one after the other; large files are
// never in memory as a whole.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_SAMPLES_H
#define QOPT_CALIBRATION_SAMPLES_H

#include "qopt/Support/Npy.h"
#include "qopt/Support/Signature.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace mlir::qopt {

/// An input of one run: compact, row-major.
struct SampleInput {
  NpyType type;
  llvm::SmallVector<int64_t, 4> shape;
  llvm::StringRef data;
  /// Holds the data unless a file does.
  std::vector<char> storage;
  /// How messages call it: the file, and the array in it. Empty when it was
  /// filled in.
  std::string where;
};

struct Sample {
  /// "sample 3", "test_data_set_3"
  std::string name;
  /// In the order of the signature.
  std::vector<SampleInput> inputs;
  /// Index of attention_mask in the inputs, if the data has one.
  int maskIndex = -1;

  /// Of the contents of all inputs.
  uint64_t hash() const;
  /// One entry per row of an activation [batch, length, ...] of this sample,
  /// nonzero where the mask marks padding; empty without a mask.
  std::vector<uint8_t> padding() const;
  /// For messages: "; array 'input_ids' holds values from -1 (at [0, 3]) to 9
  /// (at [0, 5])" of all integers that came from a file.
  std::string describeIntegers(const Signature &signature) const;
};

struct SampleOptions {
  /// Tokens of a window, where a file of token ids is cut into such.
  int64_t windowLength = 256;
  /// Inputs whose values index a table: its number of entries.
  std::map<std::string, int64_t> vocabularies;
};

class SampleSource;

class SampleSet {
public:
  /// Opens the data and checks names and what else can be known in advance.
  /// Messages name the file and the array. The signature must live as long as
  /// the set.
  static llvm::Expected<SampleSet> open(llvm::StringRef path,
                                        const Signature &signature,
                                        const SampleOptions &options = {});
  SampleSet(SampleSet &&) noexcept;
  ~SampleSet();

  int64_t size() const;

  /// The next sample, size() times: types, shapes and ids are checked, missing
  /// inputs filled in. The set must live as long as the sample.
  llvm::Expected<Sample> next();

private:
  SampleSet() = default;

  std::string path;
  const Signature *signature = nullptr;
  SampleOptions options;
  std::unique_ptr<SampleSource> source;
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_SAMPLES_H
