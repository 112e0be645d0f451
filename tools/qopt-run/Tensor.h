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

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace runner {

struct DType {
  llvm::StringLiteral name;
  uint8_t code, bits;
  /// NumPy's kind; floats that it lacks have none and travel as float32.
  char npyKind;
  /// TensorProto.DataType.
  int onnx;

  /// Less than a byte: `8 / bits` elements are packed into one.
  bool isPacked() const { return bits < 8; }
  unsigned bytes() const { return isPacked() ? 1 : bits / 8; }
  /// Bytes of a tensor.
  int64_t bytesOf(int64_t elements) const {
    return isPacked() ? (elements * bits + 7) / 8 : elements * bytes();
  }
  /// Floats that NumPy lacks.
  bool isSmallFloat() const { return code > kDLBool; }
  bool isInteger() const {
    return code == kDLInt || code == kDLUInt || code == kDLBool;
  }
  /// The type of a .npy file.
  mlir::qopt::NpyType npy() const {
    return npyKind ? mlir::qopt::NpyType{npyKind, bytes()}
                   : mlir::qopt::NpyType{'f', 4};
  }
};

const DType *findDType(llvm::StringRef name);
const DType *findDType(DLDataType type);
const DType *findDTypeOfOnnx(int64_t dataType);

struct Tensor {
  const DType *dtype = nullptr;
  std::vector<int64_t> shape;
  std::vector<char> data;

  int64_t elements() const {
    // The others may be anything beside a dim of 0.
    if (llvm::is_contained(shape, 0))
      return 0;
    int64_t count = 1;
    for (int64_t dim : shape)
      count *= dim;
    return count;
  }
  /// "float32[2, 3]"
  std::string str() const;
  /// Element i; a long double holds every 64-bit integer exactly.
  long double at(int64_t i) const;
  void set(int64_t i, double value);
  DLTensor view() const;
};

/// A tensor of zeros.
Tensor makeTensor(const DType *dtype, std::vector<int64_t> shape);

/// The array as `wanted`. Only types that NumPy lacks are converted, from
/// float32 or from integers of a byte.
llvm::Expected<Tensor> fromNpy(const mlir::qopt::NpyArray &array,
                               const DType *wanted);
llvm::Error toNpyFile(const Tensor &tensor, llvm::StringRef path);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_TENSOR_H
