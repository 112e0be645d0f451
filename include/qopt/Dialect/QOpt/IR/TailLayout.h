//===- TailLayout.h - a fixed list of outliers in bfloat16 ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A half is exactly the sum of two bfloat16, a float nearly; of the four
// products the least one is left out. So an outlier takes three slots of the
// depth of tiles: high times high, low times high, high times low. 32 outliers
// are two tiles of either side, which meet three times. Of the outliers behind
// the last 32, few ones lie side by side three times: up to 10 of them are one
// step of tiles, up to 21 are two.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_TAILLAYOUT_H
#define QOPT_DIALECT_QOPT_IR_TAILLAYOUT_H

#include "llvm/Support/MathExtras.h"
#include <cstdint>

namespace mlir::qopt {

struct TailLayout {
  /// Slots of a tile.
  static constexpr int64_t kDepth = 32;
  /// More outliers than that take three steps either way.
  static constexpr int64_t kMostRest = 2 * kDepth / 3;

  explicit TailLayout(int64_t count)
      : groups(count / kDepth), rest(count % kDepth) {
    if (rest > kMostRest) {
      ++groups;
      rest = 0;
    }
  }

  int64_t restTiles() const { return llvm::divideCeil(3 * rest, kDepth); }
  int64_t tiles() const { return 2 * groups + restTiles(); }

  /// Slots of the weight of outlier j, tile by tile: of its high part, of that
  /// part again (-1: the tile is used twice), of its low part.
  struct Slots {
    int64_t high, again, low;
  };
  Slots slotsOf(int64_t j) const {
    int64_t i = j - kDepth * groups, first = 2 * kDepth * groups;
    if (i >= 0)
      return {first + i, first + rest + i, first + 2 * rest + i};
    int64_t high = j / kDepth * 2 * kDepth + j % kDepth;
    return {high, -1, high + kDepth};
  }

  /// Groups of 32 outliers, which may lack some, and the outliers behind them.
  int64_t groups, rest;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_TAILLAYOUT_H
