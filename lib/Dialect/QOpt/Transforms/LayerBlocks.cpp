//===- LayerBlocks.cpp - the repeated blocks that a model is made of ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last part of a path is the name of the node itself, `MatMul_12`: its
// number counts nodes, not blocks.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/LayerBlocks.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"
#include "llvm/ADT/StringExtras.h"

#include <map>
#include <set>

using namespace mlir;

namespace mlir::qopt {

/// Parts of a path that end in a number: the text in front of it, and it.
static std::vector<std::pair<StringRef, int64_t>> numbersIn(StringRef path) {
  std::vector<std::pair<StringRef, int64_t>> numbers;
  for (size_t begin = 0;;) {
    size_t end = path.find_first_of("/.:", begin);
    if (end == StringRef::npos)
      return numbers;
    StringRef part = path.slice(begin, end);
    StringRef digits = part.drop_front(part.find_last_not_of("0123456789") + 1);
    StringRef word = part.drop_back(digits.size());
    int64_t index;
    // `layers.3` and `layer_3` count, `fc1` is a name.
    if (!digits.empty() && (word.empty() || word.ends_with("_")) &&
        !digits.getAsInteger(10, index))
      numbers.emplace_back(path.take_front(end - digits.size()), index);
    begin = end + 1;
  }
}

std::vector<BlockPlace> findBlocks(ArrayRef<std::string> paths) {
  std::map<StringRef, std::set<int64_t>> series;
  for (StringRef path : paths)
    for (auto [prefix, index] : numbersIn(path))
      series[prefix].insert(index);
  std::vector<BlockPlace> places(paths.size());
  for (auto [path, place] : llvm::zip_equal(paths, places))
    for (auto [prefix, index] : numbersIn(path)) {
      const std::set<int64_t> &indices = series[prefix];
      if (indices.size() < 2)
        continue;
      place = {prefix.str(), index, index == *indices.begin(),
               index == *indices.rbegin()};
      break;
    }
  return places;
}

std::vector<BlockPlace> findBlocks(ArrayRef<ContractionOpInterface> ops) {
  std::vector<std::string> nodes, weights;
  for (ContractionOpInterface op : ops) {
    nodes.push_back(nodeName(op).str());
    Operation *weight = op.getWeight().getDefiningOp();
    weights.push_back(weight ? constantName(weight).str() : "");
  }
  std::vector<BlockPlace> places = findBlocks(nodes);
  bool found = llvm::any_of(
      places, [](const BlockPlace &place) { return !place.series.empty(); });
  return found ? places : findBlocks(weights);
}

} // namespace mlir::qopt
