//===- ConstantData.h - bytes of constants --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A constant is a DenseElementsAttr (small; bools may be bit-packed, equal
// elements stored once) or a resource blob (one element after the other, bools
// as bytes). These helpers give either form, with the signedness taken off.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_CONSTANTDATA_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_CONSTANTDATA_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::qopt {

/// The elements in row-major order, without gaps; `storage` is used if they are
/// not stored that way.
ArrayRef<char> bytesOf(ElementsAttr value, SmallVectorImpl<char> &storage);

/// As a DenseElementsAttr of signless elements.
DenseElementsAttr asInline(ElementsAttr value);

/// As a resource blob of signless elements.
ElementsAttr asBlob(ElementsAttr value);

/// A new blob with a copy of `bytes`.
ElementsAttr makeBlob(RankedTensorType type, ArrayRef<char> bytes,
                      StringRef name);

/// [N, K] to [K, N].
ElementsAttr transposeMatrix(ElementsAttr value);

/// bf16 or f64 to f32, element by element.
ElementsAttr toF32(ElementsAttr value);
/// The same as bf16, rounded to nearest, ties to even.
ElementsAttr toBF16(ElementsAttr value);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_CONSTANTDATA_H
