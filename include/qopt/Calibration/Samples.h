//===- Samples.h - calibration data, fitted to a model's inputs -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One array per input, axis 0 the samples; each sample becomes a batch of one.
// Inputs that text alone determines may be missing: the cache of a decoder
// (past_key_values.*: empty), position_ids (0, 1, ...), attention_mask (ones),
// token_type_ids (zeros).
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_SAMPLES_H
#define QOPT_CALIBRATION_SAMPLES_H

#include "qopt/Support/Npy.h"
#include "qopt/Support/Npz.h"
#include "qopt/Support/Signature.h"

namespace mlir::qopt {

/// An input of one run: compact, row-major.
struct SampleInput {
  NpyType type;
  llvm::ArrayRef<int64_t> shape;
  const char *data = nullptr;
};

class SampleSet {
public:
  /// Reads the archive and checks every array against the signature: name,
  /// type, rank, static dims, number of samples. Messages name the file and the
  /// array.
  static llvm::Expected<SampleSet> open(llvm::StringRef path,
                                        const Signature &signature);

  int64_t size() const { return samples; }

  /// The inputs of one sample, in the order of the signature.
  std::vector<SampleInput> inputs(int64_t sample) const;

  /// One entry per row of an activation [1, length, ...] of this sample,
  /// nonzero where attention_mask marks padding; empty without that array.
  std::vector<uint8_t> padding(int64_t sample) const;

private:
  struct Source {
    NpyType type;
    /// Shape of one run, batch of one.
    llvm::SmallVector<int64_t, 4> shape;
    /// Of the file: the data of all samples; else the same for each.
    NpyFile file;
    std::vector<char> filled;
    int64_t bytesPerSample = 0;

    const char *data(int64_t sample) const {
      return file.buffer ? file.array.data.data() + sample * bytesPerSample
                         : filled.data();
    }
  };

  llvm::Error readArrays(const NpzArchive &archive, const Signature &signature);
  llvm::Error readArray(const NpzArchive &archive, const SignaturePort &port,
                        Source &source);
  llvm::Error fillMissing(const SignaturePort &port, Source &source);

  std::string path;
  std::vector<Source> sources;
  DimBindings bindings;
  int64_t samples = -1;
  /// Which array said so, for messages.
  std::string samplesFrom;
  /// Index of attention_mask in the sources, if the file has it.
  int maskIndex = -1;
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_SAMPLES_H
