//===- SmallTypes.h - types of less than one byte, and 8-bit floats -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers of 4 and 2 bits and floats of 8 and 4 bits are storage types: no
// operator computes with them. Their tensors are tensors of i8, one element
// per byte: integers with their value, sign-extended, floats with their bits.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_SMALLTYPES_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_SMALLTYPES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::qopt {

/// Integers of 4 or 2 bits.
bool isSmallInteger(Type element);
/// Floats of 8 or 4 bits.
bool isSmallFloat(Type element);
inline bool isStorageOnly(Type element) {
  return isSmallInteger(element) || isSmallFloat(element);
}

/// Element type of the tensors that stand for a graph's: i8 for the types
/// above, signless otherwise.
Type storageType(Type element);

/// A constant in the form that tensors of its type have; other constants are
/// returned as they are.
ElementsAttr storageForm(ElementsAttr value);

/// Whether an operator only moves or converts elements, so that it takes
/// storage types.
bool takesStorageTypes(Operation *op);

/// Rounding of Cast to float8e8m0.
enum class ScaleRounding { Up, Down, Nearest };

/// The f32 that the bits stand for; exact.
Value decodeSmallFloat(ImplicitLocOpBuilder &b, Value bits, FloatType from);

/// Bits of the nearest number, halves to even; f32 or f64 `number`. Beyond the
/// largest number: that one if `saturate`, else infinity, or NaN for types
/// without infinity.
Value encodeSmallFloat(ImplicitLocOpBuilder &b, Value number, FloatType to,
                       bool saturate, ScaleRounding rounding);

/// Cuts an i8 to the bits of a small integer, and extends it again.
Value wrapSmallInteger(ImplicitLocOpBuilder &b, Value number, Type to);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_SMALLTYPES_H
