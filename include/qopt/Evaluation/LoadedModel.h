//===- LoadedModel.h - a model.so that is being judged --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EVALUATION_LOADEDMODEL_H
#define QOPT_EVALUATION_LOADEDMODEL_H

#include "qopt/Support/ModelRun.h"
#include "qopt/Support/Signature.h"

#include <functional>
#include <memory>

namespace mlir::qopt {

struct ModelOptions {
  /// 0: the physical cores.
  int threads = 0;
  /// Variant of the library; empty: the best.
  std::string isa;
};

class LoadedModel {
public:
  /// Shown each tap of a library that has some, while it runs.
  using Observer =
      std::function<void(int32_t tap, llvm::StringRef name, const float *data,
                         int64_t rows, int64_t columns)>;

  static llvm::Expected<std::unique_ptr<LoadedModel>>
  open(llvm::StringRef path, const ModelOptions &options);
  ~LoadedModel() { qopt_unload(&handle); }

  const std::string &getPath() const { return path; }
  /// Size of the file.
  uint64_t getBytes() const { return bytes; }
  const Signature &getSignature() const { return signature; }
  std::string isa() const { return handle.api->isa(handle.model); }
  int threads() const { return handle.api->num_threads(handle.model); }

  llvm::Expected<std::vector<OutputTensor>> run(llvm::ArrayRef<DLTensor> in);

  Observer observer;

private:
  LoadedModel() = default;

  std::string path;
  uint64_t bytes = 0;
  qopt_handle handle = {};
  Signature signature;
};

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_LOADEDMODEL_H
