//===- LoadedModel.h - a model.so that is being judged --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EVALUATION_LOADEDMODEL_H
#define QOPT_EVALUATION_LOADEDMODEL_H

#include "qopt/Support/Signature.h"
#include "qopt/model.h"

#include "llvm/ADT/ArrayRef.h"

#include <functional>
#include <memory>

namespace mlir::qopt {

struct ModelOptions {
  /// 0: the physical cores.
  int threads = 0;
  /// Variant of the library; empty: the best.
  std::string isa;
};

/// An output of a run, which frees itself.
class OutputTensor {
public:
  explicit OutputTensor(DLManagedTensorVersioned *tensor)
      : tensor(tensor, [](DLManagedTensorVersioned *t) { t->deleter(t); }) {}

  llvm::ArrayRef<int64_t> shape() const {
    return {tensor->dl_tensor.shape, size_t(tensor->dl_tensor.ndim)};
  }
  int64_t elements() const;
  /// The elements as f32: the tensor's own memory, or `converted` for other
  /// float types. Null when they are no floats.
  const float *floats(std::vector<float> &converted) const;

private:
  std::unique_ptr<DLManagedTensorVersioned,
                  void (*)(DLManagedTensorVersioned *)>
      tensor;
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
