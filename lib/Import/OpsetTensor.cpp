//===- OpsetTensor.cpp - shapes, movement, selection, constants -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that make, move or choose elements, and control flow.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"Compress", 9, 2, 2, 1, 1, "axis:i"},
    {"Concat", 4, 1, -1, 1, 1, "axis:i!"},
    {"Constant", 1, 0, 0, 1, 1,
     "sparse_value:u@11 value:t value_float:f@12 value_floats:F@12 "
     "value_int:i@12 "
     "value_ints:I@12 value_string:u@12 value_strings:u@12",
     decodeConstant},
    {"ConstantOfShape", 9, 1, 1, 1, 1, "value:t"},
    {"DepthToSpace", 1, 1, 1, 1, 1, "blocksize:i! mode:s@11"},
    {"Dropout", 6, 1, 1, 1, 2, "is_test:i ratio:f", decodeDropout},
    {"Dropout", 7, 1, 1, 1, 2, "ratio:f", decodeDropout},
    {"Dropout", 12, 1, 3, 1, 2, "seed:x", decodeDropout},
    {"Expand", 8, 2, 2, 1, 1, ""},
    {"EyeLike", 9, 1, 1, 1, 1, "dtype:d k:i"},
    {"Flatten", 1, 1, 1, 1, 1, "axis:i"},
    {"Gather", 1, 2, 2, 1, 1, "axis:i"},
    {"GatherElements", 11, 2, 2, 1, 1, "axis:i"},
    {"GatherND", 11, 2, 2, 1, 1, "batch_dims:i@12"},
    {"Identity", 1, 1, 1, 1, 1, ""},
    {"NonMaxSuppression", 10, 2, 5, 1, 1, "center_point_box:i"},
    {"NonZero", 9, 1, 1, 1, 1, ""},
    {"OneHot", 9, 3, 3, 1, 1, "axis:i"},
    {"Pad", 2, 1, 1, 1, 1, "mode:s pads:I! value:f", upgradePad},
    {"Pad", 11, 2, 3, 1, 1, "mode:s"},
    {"Pad", 18, 2, 4, 1, 1, "mode:s"},
    {"Range", 11, 3, 3, 1, 1, "stash_type:i@27", decodeRange},
    {"Reshape", 5, 2, 2, 1, 1, "allowzero:i@14"},
    {"ReverseSequence", 10, 2, 2, 1, 1, "batch_axis:i time_axis:i"},
    {"Scatter", 9, 3, 3, 1, 1, "axis:i", decodeScatter},
    {"ScatterElements", 11, 3, 3, 1, 1, "axis:i reduction:s@16"},
    {"ScatterND", 11, 3, 3, 1, 1, "reduction:s@16"},
    {"Shape", 1, 1, 1, 1, 1, "end:i@15 start:i@15"},
    {"Size", 1, 1, 1, 1, 1, ""},
    {"Slice", 1, 1, 1, 1, 1, "axes:I ends:I! starts:I!", upgradeSlice},
    {"Slice", 10, 3, 5, 1, 1, ""},
    {"SpaceToDepth", 1, 1, 1, 1, 1, "blocksize:i!"},
    {"Split", 2, 1, 1, 1, -1, "axis:i split:I", upgradeSplit},
    {"Split", 13, 1, 2, 1, -1, "axis:i num_outputs:i@18", upgradeSplit},
    {"Squeeze", 1, 1, 1, 1, 1, "axes:I", upgradeAxes},
    {"Squeeze", 13, 1, 2, 1, 1, ""},
    {"TensorScatter", 24, 2, 3, 1, 1, "axis:i mode:s"},
    {"TfIdfVectorizer", 9, 1, 1, 1, 1,
     "max_gram_length:i! max_skip_count:i! min_gram_length:i! mode:s! "
     "ngram_counts:I! ngram_indexes:I! pool_int64s:I! pool_strings:u "
     "weights:F"},
    {"Tile", 6, 2, 2, 1, 1, ""},
    {"TopK", 1, 1, 1, 2, 2, "axis:i k:i!", upgradeTopK},
    {"TopK", 10, 2, 2, 2, 2, "axis:i largest:i@11 sorted:i@11"},
    {"Transpose", 1, 1, 1, 1, 1, "perm:I"},
    {"Trilu", 14, 1, 2, 1, 1, "upper:i"},
    {"Unique", 11, 1, 1, 1, 4, "axis:i sorted:i"},
    {"Unsqueeze", 1, 1, 1, 1, 1, "axes:I!", upgradeAxes},
    {"Unsqueeze", 13, 2, 2, 1, 1, ""},
};
} // namespace

ArrayRef<OpForm> tensorForms() { return table; }

} // namespace mlir::qopt::importer
