//===- MakeInputs.cpp - inputs for a benchmark ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values must be acceptable rather than typical: ids inside of any vocabulary,
// masks of ones, positions in order. The speed of dense kernels does not depend
// on them.
//===----------------------------------------------------------------------===//

#include "MakeInputs.h"

#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir::qopt;

namespace runner {

/// Takes sizes for the symbols that are dims of their own from one shape.
static void bindSymbols(const SignaturePort &port, ArrayRef<int64_t> shape,
                        DimBindings &bindings) {
  for (size_t i = 0; i < port.shape.size() && i < shape.size(); ++i)
    if (port.shape[i].size < 0 && !port.shape[i].text.empty())
      bindings.emplace(port.shape[i].text, shape[i]);
}

static void fill(Tensor &tensor, StringRef name) {
  int64_t n = tensor.elements();
  int64_t inner = tensor.shape.empty() ? 1 : tensor.shape.back();
  bool isFloat =
      tensor.dtype->code == kDLFloat || tensor.dtype->code == kDLBfloat;
  for (int64_t i = 0; i < n; ++i) {
    // A linear congruence: the same values on every machine.
    uint32_t random = (uint32_t(i) + 1) * 2654435761u >> 16;
    double value;
    if (tensor.dtype->code == kDLBool || name.contains("mask"))
      value = 1;
    else if (isFloat)
      value = random / 32768.0 - 1.0;
    else if (name.contains("position"))
      value = i % inner;
    else if (name.contains("type"))
      value = 0;
    else
      value = random % 100;
    tensor.set(i, value);
  }
}

static Expected<Tensor> makeInput(const SignaturePort &port,
                                  const ShapeMap &shapes,
                                  const DimBindings &bindings) {
  const DType *dtype = findDType(port.dtype);
  if (!dtype)
    return invalidData("input " + quoteName(port.name) + ": cannot make up " +
                       port.dtype);
  std::vector<int64_t> shape;
  if (auto it = shapes.find(port.name); it != shapes.end()) {
    shape = it->second;
  } else {
    for (const SignatureDim &dim : port.shape) {
      DimBindings all = bindings;
      for (const std::string &symbol : dim.symbols())
        all.emplace(symbol, 1);
      std::optional<int64_t> size = dim.evaluate(all);
      if (!size)
        return invalidData("input " + quoteName(port.name) + ": the dim " +
                           quoteName(dim.str()) + " needs --shape");
      shape.push_back(*size);
    }
  }
  int64_t bytes = dtype->bytes();
  for (int64_t dim : shape)
    if (MulOverflow(bytes, dim, bytes) || bytes > (int64_t(1) << 40))
      return invalidData("input " + quoteName(port.name) +
                         " would be too large");
  Tensor tensor = makeTensor(dtype, std::move(shape));
  fill(tensor, port.name);
  return std::move(tensor);
}

Expected<std::vector<Tensor>> makeInputs(const Signature &signature,
                                         std::map<std::string, Tensor> given,
                                         const ShapeMap &shapes) {
  DimBindings bindings;
  for (const SignaturePort &port : signature.inputs) {
    if (auto it = given.find(port.name); it != given.end())
      bindSymbols(port, it->second.shape, bindings);
    else if (auto it = shapes.find(port.name); it != shapes.end())
      bindSymbols(port, it->second, bindings);
  }
  std::vector<Tensor> inputs;
  for (const SignaturePort &port : signature.inputs) {
    if (auto it = given.find(port.name); it != given.end()) {
      inputs.push_back(std::move(it->second));
      continue;
    }
    Expected<Tensor> tensor = makeInput(port, shapes, bindings);
    if (!tensor)
      return tensor.takeError();
    // Caches in place start empty.
    if (signature.json.getString("kv_length") == port.name)
      tensor->set(0, 0);
    inputs.push_back(std::move(*tensor));
  }
  return std::move(inputs);
}

} // namespace runner
