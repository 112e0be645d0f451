//===- LoadedModel.cpp - a model.so that is being judged ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/LoadedModel.h"
#include "qopt/Support/InvalidData.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace mlir::qopt {

Expected<std::unique_ptr<LoadedModel>>
LoadedModel::open(StringRef path, const ModelOptions &options) {
  std::unique_ptr<LoadedModel> model(new LoadedModel);
  model->path = path.str();
  char text[512] = "";
  // Its message begins with the path.
  if (qopt_load_library(model->path.c_str(), &model->handle, text, sizeof text))
    return createStringError(
        std::make_error_code(std::errc::no_such_file_or_directory), text);
  (void)sys::fs::file_size(path, model->bytes);
  Expected<Signature> parsed =
      parseSignature(model->handle.api->signature_json());
  if (!parsed)
    return invalidData(path + ": " + toString(parsed.takeError()));
  model->signature = std::move(*parsed);

  qopt_options open = {};
  open.size = sizeof open;
  open.num_threads = options.threads;
  open.isa = options.isa.empty() ? nullptr : options.isa.c_str();
  open.observe_user = model.get();
  open.observe = [](void *user, int32_t tap, const char *name,
                    const float *data, int64_t rows, int64_t columns) {
    if (Observer &observer = static_cast<LoadedModel *>(user)->observer)
      observer(tap, name, data, rows, columns);
  };
  if (model->handle.api->open(&open, &model->handle.model, text, sizeof text))
    return invalidData(path + ": " + text);
  return std::move(model);
}

Expected<std::vector<OutputTensor>> LoadedModel::run(ArrayRef<DLTensor> in) {
  Expected<std::vector<OutputTensor>> result =
      runModel(*handle.api, handle.model, in, signature.outputs.size());
  if (!result)
    return invalidData(path + ": " + toString(result.takeError()));
  return result;
}

} // namespace mlir::qopt
