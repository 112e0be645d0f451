//===- Library.cpp - a loaded model.so ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Library.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/ModelRun.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <array>
#include <chrono>

using namespace llvm;
using mlir::qopt::invalidData;

namespace runner {

Expected<std::unique_ptr<Library>> Library::load(StringRef path,
                                                 const qopt_options &options) {
  std::unique_ptr<Library> library(new Library);
  library->path = path.str();
  char text[512] = "";
  int status = qopt_load_library(library->path.c_str(), &library->handle, text,
                                 sizeof text);
  if (status) // the text begins with the path
    return invalidData(text);
  Expected<mlir::qopt::Signature> signature =
      mlir::qopt::parseSignature(library->handle.api->signature_json());
  if (!signature)
    return invalidData(path + ": " + toString(signature.takeError()));
  library->signature = std::move(*signature);
  status = library->handle.api->open(&options, &library->handle.model, text,
                                     sizeof text);
  if (status)
    return invalidData(path + ": " + text);
  return std::move(library);
}

std::vector<std::string> Library::guardMessages() const {
  std::vector<std::string> messages;
  qopt_guard guard;
  for (int i = 0; qopt_guard_at(&handle, i, &guard) == QOPT_OK; ++i)
    if (guard.beyond)
      messages.push_back(
          ("guard: " + Twine(guard.beyond) + " of " + Twine(guard.rows) +
           " rows had values beyond the threshold outside the outlier columns "
           "of " +
           mlir::qopt::quoteName(guard.layer))
              .str());
  return messages;
}

static std::vector<DLTensor> views(const std::vector<Tensor> &tensors) {
  std::vector<DLTensor> result;
  for (const Tensor &tensor : tensors)
    result.push_back(tensor.view());
  return result;
}

Expected<std::vector<Tensor>> Library::run(const std::vector<Tensor> &inputs) {
  std::vector<DLTensor> in = views(inputs);
  Expected<std::vector<mlir::qopt::OutputTensor>> out = mlir::qopt::runModel(
      *handle.api, handle.model, in, signature.outputs.size());
  if (!out)
    return invalidData(path + ": " + toString(out.takeError()));
  std::vector<Tensor> outputs;
  for (const mlir::qopt::OutputTensor &output : *out) {
    const DType *dtype = findDType(output.get().dtype);
    if (!dtype)
      return invalidData(path + ": an output has an element type that is not "
                                "supported here");
    Tensor tensor = makeTensor(dtype, output.shape().vec());
    std::memcpy(tensor.data.data(), output.get().data, tensor.data.size());
    outputs.push_back(std::move(tensor));
  }
  return std::move(outputs);
}

/// Outputs for `run`, or nothing when a size is not known before.
static std::vector<Tensor> preallocate(const qopt_handle &handle,
                                       const mlir::qopt::Signature &signature,
                                       const std::vector<DLTensor> &in) {
  size_t n = signature.outputs.size();
  std::vector<std::array<int64_t, 8>> dims(n);
  std::vector<int> rank(n);
  std::vector<Tensor> outputs;
  if (handle.api->infer_shapes(handle.model, in.data(), in.size(),
                               reinterpret_cast<int64_t (*)[8]>(dims.data()),
                               rank.data()))
    return {};
  for (size_t i = 0; i < n; ++i) {
    ArrayRef<int64_t> shape(dims[i].data(), rank[i]);
    const DType *dtype = findDType(signature.outputs[i].dtype);
    if (!dtype || llvm::any_of(shape, [](int64_t dim) { return dim < 0; }))
      return {};
    outputs.push_back(makeTensor(dtype, shape.vec()));
  }
  return outputs;
}

Expected<std::vector<double>>
Library::measure(const std::vector<Tensor> &inputs, int n, int warmUp) {
  std::vector<DLTensor> in = views(inputs);
  std::vector<Tensor> buffers = preallocate(handle, signature, in);
  std::vector<DLTensor> out = views(buffers);
  std::vector<DLManagedTensorVersioned *> owned(signature.outputs.size());
  std::vector<double> times;
  char text[512] = "";
  for (int i = -warmUp; i < n; ++i) {
    auto begin = std::chrono::steady_clock::now();
    int status;
    if (!buffers.empty()) {
      status = qopt_run(&handle, in.data(), in.size(), out.data(), out.size(),
                        text, sizeof text);
    } else {
      status = qopt_run_owned(&handle, in.data(), in.size(), owned.data(),
                              owned.size(), text, sizeof text);
      if (!status)
        for (DLManagedTensorVersioned *tensor : owned)
          tensor->deleter(tensor);
    }
    std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    if (status)
      return invalidData(path + ": " + text);
    if (i >= 0)
      times.push_back(taken.count());
  }
  return std::move(times);
}

Expected<Profile> Library::profile(const std::vector<Tensor> &inputs, int n) {
  if (Error error = measure(inputs, 0).takeError())
    return std::move(error);
  int status = qopt_profile(&handle, 1);
  if (status == QOPT_E_UNSUPPORTED)
    return invalidData(path +
                       ": is older than profiles; compile the model again");
  if (status)
    return invalidData(path + ": out of memory");
  Expected<std::vector<double>> times = measure(inputs, n, /*warmUp=*/0);
  qopt_profile(&handle, 0);
  if (!times)
    return times.takeError();
  Profile profile;
  profile.isa = isa();
  profile.threads = numThreads();
  qopt_event event;
  while (qopt_event_at(&handle, profile.events.size(), &event) == QOPT_OK)
    profile.events.push_back(event);
  qopt_memory_of(&handle, &profile.memory);
  return std::move(profile);
}

} // namespace runner
