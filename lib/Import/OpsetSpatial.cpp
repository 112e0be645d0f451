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

constexpr const char *convolution =
    "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I";
constexpr const char *deconvolution =
    "auto_pad:s dilations:I group:i kernel_shape:I output_padding:I "
    "output_shape:I pads:I strides:I";
constexpr const char *averagePool =
    "auto_pad:s ceil_mode:i@10 count_include_pad:i@7 dilations:I@19 "
    "kernel_shape:I! pads:I strides:I";
constexpr const char *lpPool =
    "auto_pad:s ceil_mode:i@18 dilations:I@18 kernel_shape:I! p:i pads:I "
    "strides:I";
constexpr const char *maxPool =
    "auto_pad:s ceil_mode:i@10 dilations:I@10 kernel_shape:I! pads:I "
    "storage_order:i@8 strides:I";
constexpr const char *resize =
    "antialias:i@18 axes:I@18 coordinate_transformation_mode:s cubic_coeff_a:f "
    "exclude_outside:i extrapolation_value:f keep_aspect_ratio_policy:s@18 "
    "mode:s nearest_mode:s";
constexpr const char *roiAlign =
    "coordinate_transformation_mode:s@16 mode:s output_height:i output_width:i "
    "sampling_ratio:i spatial_scale:f";

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"AffineGrid", 20, 2, 2, 1, 1, "align_corners:i"},
    {"AveragePool", 1, 1, 1, 1, 1, averagePool},
    {"BatchNormalization", 1, 5, 5, 1, 5,
     "consumed_inputs:x epsilon:f is_test:x momentum:f spatial:i",
     upgradeBatchNormalization},
    {"BatchNormalization", 9, 5, 5, 1, 5, "epsilon:f momentum:f",
     upgradeBatchNormalization},
    {"BatchNormalization", 14, 5, 5, 1, 3,
     "epsilon:f momentum:f training_mode:i"},
    {"CenterCropPad", 18, 2, 2, 1, 1, "axes:I"},
    {"Col2Im", 18, 3, 3, 1, 1, "dilations:I pads:I strides:I"},
    {"Conv", 1, 2, 3, 1, 1, convolution},
    {"ConvInteger", 10, 2, 4, 1, 1, convolution},
    {"ConvTranspose", 1, 2, 3, 1, 1, deconvolution},
    {"DeformConv", 19, 3, 5, 1, 1,
     "dilations:I group:i kernel_shape:I offset_group:i pads:I strides:I"},
    {"GlobalAveragePool", 1, 1, 1, 1, 1, ""},
    {"GlobalLpPool", 2, 1, 1, 1, 1, "p:i"},
    {"GlobalMaxPool", 1, 1, 1, 1, 1, ""},
    {"GridSample", 16, 2, 2, 1, 1, "align_corners:i mode:s padding_mode:s",
     upgradeGridSample},
    {"GridSample", 20, 2, 2, 1, 1, "align_corners:i mode:s padding_mode:s"},
    {"GroupNormalization", 18, 3, 3, 1, 1, "epsilon:f num_groups:i!",
     upgradeGroupNormalization},
    {"GroupNormalization", 21, 3, 3, 1, 1,
     "epsilon:f num_groups:i! stash_type:i"},
    {"InstanceNormalization", 1, 3, 3, 1, 1, "consumed_inputs:x epsilon:f"},
    {"InstanceNormalization", 6, 3, 3, 1, 1, "epsilon:f"},
    {"LRN", 1, 1, 1, 1, 1, "alpha:f beta:f bias:f size:i!"},
    {"LpPool", 2, 1, 1, 1, 1, lpPool},
    {"MaxPool", 1, 1, 1, 1, 1, maxPool, upgradeMaxPool},
    {"MaxPool", 8, 1, 1, 1, 2, maxPool},
    {"MaxRoiPool", 1, 2, 2, 1, 1, "pooled_shape:I! spatial_scale:f"},
    {"MaxUnpool", 9, 2, 3, 1, 1, "kernel_shape:I! pads:I strides:I"},
    {"QLinearConv", 10, 8, 9, 1, 1, convolution},
    {"Resize", 10, 2, 2, 1, 1, "mode:s", upgradeResize},
    {"Resize", 11, 3, 4, 1, 1, resize},
    {"Resize", 13, 1, 4, 1, 1, resize},
    {"RoiAlign", 10, 3, 3, 1, 1, roiAlign, upgradeRoiAlign},
    {"RoiAlign", 16, 3, 3, 1, 1, roiAlign},
    {"Upsample", 7, 1, 1, 1, 1, "mode:s scales:F!", upgradeResize},
    {"Upsample", 9, 2, 2, 1, 1, "mode:s", upgradeResize},
};
} // namespace

ArrayRef<OpForm> spatialForms() { return table; }

} // namespace mlir::qopt::importer
