//===- Diversity.h - whether more data would change the statistics --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One sample of ten, chosen by the hash of its contents, is held out: all other
// samples make the base. How far the held-out tenth still moved the statistics
// says how far more data of the kind would. Since contents choose, it does not
// matter in which order or where samples were seen, and figures of merged parts
// are those of one run.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_DIVERSITY_H
#define QOPT_CALIBRATION_DIVERSITY_H

#include "qopt/Calibration/Statistics.h"
#include "llvm/Support/JSON.h"

namespace mlir::qopt {

struct Diversity {
  /// Samples in the tenth and in all; the rest is 0 when either part is empty.
  uint64_t heldOut = 0, samples = 0;
  /// Mean over the columns of all taps: (absmax - absmax of the base) / absmax.
  double growth = 0;
  /// The tap where it is largest.
  std::string tap;
  double tapGrowth = 0;
  /// Columns that are outliers (6.0 in 1 % of the tokens) in all, and those
  /// that are so in only one of all and base.
  uint64_t outliers = 0, outliersMoved = 0;

  bool measured() const { return heldOut != 0 && heldOut != samples; }
  /// Empty, or what to tell the user.
  std::string warning() const;
  llvm::json::Object toJSON() const;
};

Diversity measureDiversity(const Statistics &statistics);

/// Whether the sample with this hash is in the tenth.
inline bool isHeldOut(uint64_t hash) { return hash % 10 == 0; }

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_DIVERSITY_H
