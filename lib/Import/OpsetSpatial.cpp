//===- OpsetSpatial.cpp - convolutions, pooling, resizing, signals --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions, pools, resampling, detection, windows and transforms.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"Conv", 1, 2, 3, 1, 1,
     "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
};
} // namespace

ArrayRef<OpForm> spatialForms() { return table; }

} // namespace mlir::qopt::importer
