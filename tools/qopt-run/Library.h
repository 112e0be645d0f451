//===- Library.h - a loaded model.so ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_RUN_LIBRARY_H
#define QOPT_TOOLS_QOPT_RUN_LIBRARY_H

#include "Profile.h"
#include "Tensor.h"

#include "qopt/Support/Signature.h"

namespace runner {

class Library {
public:
  static llvm::Expected<std::unique_ptr<Library>>
  load(llvm::StringRef path, const qopt_options &options);
  ~Library() { qopt_unload(&handle); }

  const mlir::qopt::Signature &getSignature() const { return signature; }
  std::string isa() const { return handle.api->isa(handle.model); }
  int numThreads() const { return handle.api->num_threads(handle.model); }

  /// One sentence for each guarded layer whose counter is not 0.
  std::vector<std::string> guardMessages() const;

  llvm::Expected<std::vector<Tensor>> run(const std::vector<Tensor> &inputs);
  /// Milliseconds of each of `n` runs after some unmeasured ones. Outputs are
  /// allocated once, unless their size depends on data.
  llvm::Expected<std::vector<double>> measure(const std::vector<Tensor> &inputs,
                                              int n, int warmUp = 3);
  /// What `n` runs do and when, after some that are not recorded.
  llvm::Expected<Profile> profile(const std::vector<Tensor> &inputs, int n);

private:
  Library() = default;

  std::string path;
  qopt_handle handle = {};
  mlir::qopt::Signature signature;
};

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_LIBRARY_H
