//===- LayerBlocks.h - the repeated blocks that a model is made of --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters write the path of a module into the names of its nodes or of its
// weights: `/model/layers.3/mlp/fc1/MatMul`. The first number in a path (a part
// of its own, or behind `_`) of which there are several with the same text in
// front of it counts blocks. An encoder and a decoder are two series, each with
// a first and a last block.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_LAYERBLOCKS_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_LAYERBLOCKS_H

#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

#include <string>
#include <vector>

namespace mlir::qopt {

struct BlockPlace {
  /// "/model/layers."; empty outside of blocks.
  std::string series;
  int64_t index = 0;
  bool isFirst = false, isLast = false;
};

/// One entry per path.
std::vector<BlockPlace> findBlocks(ArrayRef<std::string> paths);

/// From the names of the nodes, or else from those of the weights.
std::vector<BlockPlace> findBlocks(ArrayRef<ContractionOpInterface> ops);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_LAYERBLOCKS_H
