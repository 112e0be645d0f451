//===- SampleSource.h - where samples come from ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A source knows files; that an array fits the model, and what is missing, is
// for the set to say (Samples.cpp).
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CALIBRATION_SAMPLESOURCE_H
#define QOPT_LIB_CALIBRATION_SAMPLESOURCE_H

#include "qopt/Calibration/Samples.h"
#include "qopt/Support/InvalidData.h"
#include "llvm/ADT/Twine.h"

namespace mlir::qopt {

class SampleSource {
public:
  virtual ~SampleSource() = default;
  virtual int64_t size() const = 0;
  /// The arrays of the next sample and its name: one entry per input of the
  /// signature, nothing for an input that the data does not have.
  virtual llvm::Error next(std::vector<std::optional<SampleInput>> &arrays,
                           std::string &name) = 0;
};

using SourceOr = llvm::Expected<std::unique_ptr<SampleSource>>;

SourceOr openNpz(llvm::StringRef path, const Signature &signature);
SourceOr openNpyFolder(llvm::StringRef path, const Signature &signature);
/// Nothing when the folder holds no test data.
llvm::Expected<std::unique_ptr<SampleSource>>
openTestData(llvm::StringRef path, const Signature &signature);
SourceOr openTokens(llvm::StringRef path, const Signature &signature,
                    const SampleOptions &options);

/// "int64" against the model's type; `where` in front of the message.
llvm::Error checkType(const SampleInput &array, const SignaturePort &port);
/// That every name is an input of the model.
llvm::Error checkNames(llvm::StringRef path, llvm::ArrayRef<std::string> names,
                       const Signature &signature);

} // namespace mlir::qopt

#endif // QOPT_LIB_CALIBRATION_SAMPLESOURCE_H
