//===- Patterns.h - graph-level qopt operations as linalg -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the patterns of this conversion share: element-wise and reducing
// linalg.generic over ranked tensors whose operands may lack axes.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_QOPTTOLINALG_PATTERNS_H
#define QOPT_LIB_CONVERSION_QOPTTOLINALG_PATTERNS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::qopt {

/// Computes one element from one element of each operand (or the index).
using ElementFn =
    llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange elements)>;

/// The sizes of `like`, as attributes or values.
SmallVector<OpFoldResult> sizesOf(ImplicitLocOpBuilder &b, Value like);

/// Maps of operands in a loop nest of `rank` axes: the identity, all but the
/// last axis, the last axis, or none, by the rank of the operand.
AffineMap rowMap(OpBuilder &b, Value operand, int64_t rank);
AffineMap columnMap(OpBuilder &b, Value operand, int64_t rank);

/// An operand and how it is read.
struct Operand {
  Value value;
  AffineMap map;
};

/// A tensor of `sizes` whose elements `fn` computes.
Value mapElements(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                  Type element, ArrayRef<Operand> operands, ElementFn fn);

/// Folds `value` with `fn(element, accumulator)`, starting at `start`, over the
/// last axis, or over all.
Value reduceRows(ImplicitLocOpBuilder &b, Value value, bool all, Value start,
                 ElementFn fn);

/// ui8 as arith wants it.
Value withoutSign(ImplicitLocOpBuilder &b, Value codes);
Value withSignOf(ImplicitLocOpBuilder &b, Value codes, Type type);

Value constantOf(ImplicitLocOpBuilder &b, float value);

void populateQuantizers(RewritePatternSet &patterns);
void populateProducts(RewritePatternSet &patterns);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_QOPTTOLINALG_PATTERNS_H
