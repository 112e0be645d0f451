//===- model.hpp - run a library made by qopt, from C++ ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RAII over qopt/model.h: inputs and outputs by name, failures as exceptions on
// the caller's side of the boundary.
//
//   qopt::Model model("model.so");
//   std::vector<int64_t> ids = {464, 3290, 318, 257};
//   auto outputs = model({{"input_ids", {ids.data(), {1, 4}}}});
//   const float *logits = outputs.at("logits").data<float>();
//===----------------------------------------------------------------------===//

#ifndef QOPT_MODEL_HPP
#define QOPT_MODEL_HPP

#include "qopt/model.h"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace qopt {

/// A call that the library, or its loader, refused.
class Error : public std::runtime_error {
public:
  Error(int status, const std::string &text)
      : std::runtime_error(text), code(status) {}

  /// One of qopt_status.
  int status() const { return code; }

private:
  int code;
};

namespace detail {
template <typename T> constexpr int typeCode() {
  static_assert(std::is_arithmetic<T>::value, "no tensor of this type");
  return std::is_same<T, bool>::value       ? int(kDLBool)
         : std::is_floating_point<T>::value ? int(kDLFloat)
         : std::is_signed<T>::value         ? int(kDLInt)
                                            : int(kDLUInt);
}
} // namespace detail

/// An input: memory of the caller, compact and row-major, which must live as
/// long as the call.
class View {
public:
  template <typename T>
  View(const T *data, std::vector<int64_t> dims)
      : memory(data), code(detail::typeCode<T>()), bits(8 * sizeof(T)),
        shape(std::move(dims)) {}
  /// For types that C++ has no name for: half, bfloat16.
  View(const void *data, int code, int bits, std::vector<int64_t> dims)
      : memory(data), code(code), bits(bits), shape(std::move(dims)) {}

  DLTensor tensor() const {
    return qopt_tensor(memory, code, bits, int(shape.size()), shape.data());
  }

private:
  const void *memory;
  int code, bits;
  std::vector<int64_t> shape;
};

/// An output. Owns its memory and may outlive the model.
class Tensor {
public:
  explicit Tensor(DLManagedTensorVersioned *managed) : managed(managed) {}

  const DLTensor &tensor() const { return managed->dl_tensor; }
  std::vector<int64_t> dims() const {
    return {tensor().shape, tensor().shape + tensor().ndim};
  }
  int64_t size() const {
    int64_t elements = 1;
    for (int64_t dim : dims())
      elements *= dim;
    return elements;
  }
  template <typename T> const T *data() const {
    if (tensor().dtype.code != detail::typeCode<T>() ||
        tensor().dtype.bits != 8 * sizeof(T))
      throw Error(QOPT_E_ARGUMENT, "the tensor has another element type");
    return static_cast<const T *>(tensor().data);
  }

private:
  struct Deleter {
    void operator()(DLManagedTensorVersioned *self) const {
      self->deleter(self);
    }
  };
  std::unique_ptr<DLManagedTensorVersioned, Deleter> managed;
};

class Model {
public:
  explicit Model(const std::string &path, const qopt_options &options = {}) {
    char text[512] = "";
    if (int status =
            qopt_load(path.c_str(), &options, &handle, text, sizeof text))
      throw Error(status, text);
  }
  Model(Model &&other) noexcept : handle(other.handle) { other.handle = {}; }
  Model &operator=(Model &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Model() { qopt_unload(&handle); }

  std::map<std::string, Tensor>
  operator()(const std::map<std::string, View> &inputs) {
    std::vector<DLTensor> in;
    while (const char *name = handle.api->input_name(int(in.size()))) {
      auto it = inputs.find(name);
      if (it == inputs.end())
        throw Error(QOPT_E_ARGUMENT, std::string("missing input ") + name);
      in.push_back(it->second.tensor());
    }
    // All inputs of the model are there, so a larger number has strangers.
    if (inputs.size() != in.size())
      throw Error(QOPT_E_ARGUMENT, "an input that the model does not have");
    int n = 0;
    while (handle.api->output_name(n))
      ++n;
    std::vector<DLManagedTensorVersioned *> out(n);
    char text[512] = "";
    if (int status = qopt_run_owned(&handle, in.data(), int(in.size()),
                                    out.data(), n, text, sizeof text))
      throw Error(status, text);
    std::map<std::string, Tensor> outputs;
    for (int i = 0; i < n; ++i)
      outputs.emplace(handle.api->output_name(i), Tensor(out[i]));
    return outputs;
  }

  std::string signatureJson() const { return handle.api->signature_json(); }
  /// For what the C interface offers beyond this class.
  const qopt_handle &get() const { return handle; }

private:
  qopt_handle handle = {};
};

} // namespace qopt

#endif // QOPT_MODEL_HPP
