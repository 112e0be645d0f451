//===- RowCodes.h - range, scale and codes of one row -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of qopt.quantize_rows; which row and when is decided in
// QuantizeRows.cpp. A row is x times the factors of its columns.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_ROWCODES_H
#define QOPT_LIB_CODEGEN_KERNELS_ROWCODES_H

#include "KernelBuilder.h"

namespace mlir::qopt::kernels {

struct RowRule {
  /// Unsigned codes with a zero point.
  bool asymmetric = false;
  /// Elements of at least this magnitude are left out.
  std::optional<float> threshold;
  /// They are left out of the range only, and columns whose factor is not
  /// positive of the codes only.
  bool keepSmall = false;
  /// The factors of columns are 0 and 1.
  bool unitMask = false;
};

/// i32. Symmetric: `high` holds the bits of the largest magnitude. Asymmetric:
/// keys of the least and the largest element, 0 included; the order of keys as
/// integers is that of the floats, with NaN outside of both infinities.
struct RowRange {
  RowRange() = default;
  explicit RowRange(ValueRange parts)
      : high(parts[0]), low(parts.size() > 1 ? parts[1] : Value()) {}
  SmallVector<Value> parts() const {
    return low ? SmallVector<Value>{high, low} : SmallVector<Value>{high};
  }

  Value high, low;
};

/// What codes are made with. `multiplier` (symmetric) or `divisor` and
/// `zeroPoint`, an unsigned one as f32 (asymmetric); `value` is the scale that
/// the product is multiplied by.
struct RowScale {
  Value value, multiplier, divisor, zeroPoint;
  /// Every value of the row is within the bounds of the codes, to rounding. NaN
  /// and Inf are not, and get any code: the scale of their row is NaN.
  bool coversRow = false;
};

class RowCodes {
public:
  /// `mask` may be null. Rows are the last dims of `input` and `codes`; a row
  /// is named by its indices in the others.
  RowCodes(KernelBuilder &b, const Isa &isa, const RowRule &rule, Value input,
           Value mask, Value codes);

  RowRange range(ValueRange row);
  RowRange emptyRange();
  RowRange join(RowRange a, RowRange other);
  /// Bits of the largest magnitude.
  Value magnitude(RowRange range);

  RowScale scaleOf(RowRange range);
  RowScale givenScale(Value scale, Value zeroPoint);
  /// `scale`, or NaN when the bits `magnitude` are those of Inf or NaN.
  Value nanUnlessFinite(Value scale, Value magnitude);
  /// The zero point of codes that are stored less 128.
  Value signedZero(const RowScale &scale);

  /// Writes the codes of a row; the range is that of its largest magnitude,
  /// found in the same pass when the scale does not cover the row.
  RowRange emit(ValueRange row, const RowScale &scale);

private:
  using Carried = SmallVector<Value>;
  /// The vectors of a row, the last one with less than all lanes: `body` gets
  /// one set of carried values of `sets`, which take turns.
  Carried eachVector(
      ValueRange initial, int64_t sets,
      function_ref<Carried(Value column, int64_t count, ValueRange carried)>
          body);
  /// x * factor, 0 for what is left out of the range or of the codes.
  Value load(ValueRange row, Value column, int64_t count, bool forRange);
  /// As vectors of i32.
  Value magnitudeBits(Value values);
  Value key(Value values);
  Value fromKey(Value key);
  Value clamp(Value x, Value low, Value high);
  /// Codes as words, not yet offset.
  Value toWords(Value values, const RowScale &scale);
  Value i32(int32_t value);
  Value isFiniteBits(Value magnitude);

  KernelBuilder &b;
  const Isa &isa;
  const RowRule &rule;
  Value input, mask, codes;
  VectorType floats, words;
  int64_t k, padded;
};

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_ROWCODES_H
