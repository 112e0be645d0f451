//===- ModelRun.h - tensors into and out of a model.so ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every host of a compiled model needs around `run_owned` of qopt/model.h:
// its inputs as tensors of DLPack, its outputs as objects that free themselves,
// its message as an Error.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_MODELRUN_H
#define QOPT_SUPPORT_MODELRUN_H

#include "qopt/Support/Npy.h"
#include "qopt/model.h"

#include <memory>
#include <vector>

namespace mlir::qopt {

/// Compact numbers in row-major order as a tensor. It points to the data and
/// to the dims, which both must outlive it.
DLTensor viewTensor(NpyType type, llvm::ArrayRef<int64_t> shape,
                    llvm::ArrayRef<char> data);

/// The same for each of a run's inputs, which have `type`, `shape` and `data`.
/// The tensors point into `inputs`.
template <typename Inputs>
std::vector<DLTensor> viewTensors(const Inputs &inputs) {
  std::vector<DLTensor> result;
  for (const auto &input : inputs)
    result.push_back(viewTensor(input.type, input.shape,
                                {input.data.data(), input.data.size()}));
  return result;
}

/// An output of a run, which frees itself. It may outlive the model.
class OutputTensor {
public:
  explicit OutputTensor(DLManagedTensorVersioned *tensor)
      : tensor(tensor, [](DLManagedTensorVersioned *t) { t->deleter(t); }) {}

  const DLTensor &get() const { return tensor->dl_tensor; }
  llvm::ArrayRef<int64_t> shape() const {
    return {get().shape, size_t(get().ndim)};
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

/// Runs a model that has so many outputs. The error is the model's message.
llvm::Expected<std::vector<OutputTensor>> runModel(const qopt_api &api,
                                                   qopt_model *model,
                                                   llvm::ArrayRef<DLTensor> in,
                                                   size_t outputs);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_MODELRUN_H
