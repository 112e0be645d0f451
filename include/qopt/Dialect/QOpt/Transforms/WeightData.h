//===- WeightData.h - the data of constant tensors ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading f32 constants wherever they are kept (attribute or resource blob, at
// any alignment), writing new ones, and giving back the memory of blobs that
// nothing refers to any more.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_WEIGHTDATA_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_WEIGHTDATA_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstring>
#include <optional>

namespace mlir::qopt {

/// The elements of an f32 constant. Valid as long as its attribute and blob.
class FloatData {
public:
  /// Nothing when the attribute is not f32 or its blob is absent or too short.
  static std::optional<FloatData> get(ElementsAttr value);

  int64_t size() const { return count; }
  /// External data may start at any byte of a mapped file, so that a float*
  /// into it would be undefined.
  float operator[](int64_t index) const {
    float value;
    std::memcpy(&value, data + (splat ? 0 : index * sizeof value),
                sizeof value);
    return value;
  }

private:
  const char *data = nullptr;
  int64_t count = 0;
  bool splat = false;
};

/// Name of the initializer behind a constant: its attribute `name`, or its
/// location; empty if there is none. Passes that merge constants lose
/// locations.
StringRef constantName(Operation *constant);

/// Whether qopt-float-weights would store the constant in half precision if it
/// fits: large, f32, and read only by contractions (as weight) and Gather (as
/// data) that are meant to. `half` says so for readers without a rule.
bool isStoredAsHalf(Operation *constant, bool half);

/// A buffer for the data of a constant that is about to be made.
AsmResourceBlob allocateBlob(int64_t bytes);

/// The data of a constant: small ones in the attribute, larger ones as a
/// resource of that name.
ElementsAttr makeElements(RankedTensorType type, StringRef name,
                          AsmResourceBlob blob);

/// An onnx.Constant with this data: an attribute when it is small, so that it
/// can be read in the IR, else a resource called like `name`.
Value createConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                     StringRef name, AsmResourceBlob blob);

/// Counts the operations that refer to each blob of a module, so that the data
/// of the last one can be freed.
class BlobUses {
public:
  explicit BlobUses(ModuleOp module);

  /// Counts an operation that was made after this object.
  void add(Operation *op);

  /// Erases a constant without uses, and its blob if no other operation of the
  /// module refers to it. Does nothing for other operations.
  void eraseIfUnused(Operation *constant);

private:
  /// By the entry of the blob manager.
  llvm::DenseMap<const void *, unsigned> uses;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_WEIGHTDATA_H
