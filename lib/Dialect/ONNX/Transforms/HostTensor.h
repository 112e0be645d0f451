//===- HostTensor.h - constants as numbers -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads dense attributes and resource blobs element by element whatever their
// type, and builds attributes from computed elements. A tensor of one repeated
// value is kept as that value.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_HOSTTENSOR_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_HOSTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <vector>

namespace mlir::onnx {

class HostTensor {
public:
  // `view` may point into `storage`, which a move keeps in place and a copy
  // does not.
  HostTensor(HostTensor &&) = default;
  HostTensor &operator=(HostTensor &&) = default;
  HostTensor(const HostTensor &) = delete;

  // The elements of a constant, without a copy where the attribute has them as
  // bytes. None for element types other than ints of 1 to 64 bits, f16, bf16,
  // f32 and f64, and for blobs that are gone.
  static std::optional<HostTensor> read(ElementsAttr attr);

  // Zeros to be written to; with `splat`, one element that stands for all.
  static HostTensor create(RankedTensorType type, bool splat = false);

  static bool isSupported(Type elementType);

  RankedTensorType getType() const { return type; }
  Type getElementType() const { return type.getElementType(); }
  ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t getNumElements() const { return type.getNumElements(); }
  bool isSplat() const { return splat; }
  bool isFloat() const { return isa<FloatType>(type.getElementType()); }
  unsigned getElementBytes() const { return bytes; }

  // Raw bytes of element i.
  const char *at(int64_t i) const {
    return view.data() + (splat ? 0 : i * bytes);
  }
  char *writableAt(int64_t i) { return storage.data() + i * bytes; }

  int64_t getInt(int64_t i) const;
  double getFloat(int64_t i) const;
  void setInt(int64_t i, int64_t value);
  void setFloat(int64_t i, double value);

  // The same elements under another type of equal element count.
  void setType(RankedTensorType newType) { type = newType; }

  // A dense attribute below 1 KiB and for splats, a resource otherwise.
  ElementsAttr toAttr(StringRef resourceName);

private:
  HostTensor() = default;
  enum class Kind {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Half,
    BFloat,
    Float,
    Double
  };
  static std::optional<Kind> kindOf(Type elementType);

  RankedTensorType type;
  Kind kind = Kind::Float;
  bool splat = false;
  unsigned bytes = 4;
  std::vector<char> storage;
  ArrayRef<char> view;
};

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_HOSTTENSOR_H
