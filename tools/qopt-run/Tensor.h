//===- Tensor.h - arrays on their way in and out ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tensors of qopt-run and the names of their types in the places that they
// come from: the signature, DLPack, NumPy and ONNX.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_RUN_TENSOR_H
#define QOPT_TOOLS_QOPT_RUN_TENSOR_H

#include "qopt/Support/Npy.h"
#include "qopt/model.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace runner {

struct DType {
  llvm::StringLiteral name;
  uint8_t code, bits;
  /// NumPy's kind; bfloat16 has none and travels as float32.
  char npyKind;
  /// TensorProto.DataType.
  int onnx;

  unsigned bytes() const { return bits / 8; }
};

const DType *findDType(llvm::StringRef name);
const DType *findDType(DLDataType type);
const DType *findDTypeOfOnnx(int dataType);

struct Tensor {
  const DType *dtype = nullptr;
  std::vector<int64_t> shape;
  std::vector<char> data;

  int64_t elements() const { return data.size() / dtype->bytes(); }
  /// "float32[2, 3]"
  std::string str() const;
  /// Element i; a long double holds every 64-bit integer exactly.
  long double at(int64_t i) const;
  void set(int64_t i, double value);
  DLTensor view() const;
};

/// A tensor of zeros.
Tensor makeTensor(const DType *dtype, std::vector<int64_t> shape);

/// The array as `wanted`; only bfloat16 is converted, from float32.
llvm::Expected<Tensor> fromNpy(const mlir::qopt::NpyArray &array,
                               const DType *wanted);
llvm::Error toNpyFile(const Tensor &tensor, llvm::StringRef path);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_TENSOR_H
