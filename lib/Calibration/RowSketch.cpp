//===- RowSketch.cpp - a fixed sample of the rows of an activation --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Equal rows share an entry with a count: the first position of every sentence
// has the same row in the first layer, and as entries of their own these rows
// would fill the sketch or be missing in it, by the luck of one hash. The count
// is exact, as a row that ends in the sketch never left it in between.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/RowSketch.h"
#include "qopt/Support/Clones.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cstring>

using namespace llvm;

namespace mlir::qopt {

QOPT_CLONES
uint64_t hashRow(ArrayRef<float> row) {
  // Independent chains of 32 bits, which the vectorizer makes a few registers
  // of; multiplying by odd numbers and shifting is invertible, so no
  // information is lost on the way.
  constexpr unsigned lanes = 32;
  uint32_t state[lanes];
  for (unsigned i = 0; i < lanes; ++i)
    state[i] = 0x9e3779b9u * (i + 1);
  size_t whole = row.size() / lanes * lanes;
  for (size_t k = 0; k < whole; k += lanes)
    for (unsigned i = 0; i < lanes; ++i) {
      uint32_t word;
      std::memcpy(&word, &row[k + i], sizeof word);
      uint32_t mixed = (state[i] ^ word) * 0x85ebca6bu;
      state[i] = mixed ^ (mixed >> 15);
    }
  uint64_t hash = row.size();
  auto mix = [&](uint32_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32;
  };
  for (uint32_t word : state)
    mix(word);
  for (size_t k = whole; k < row.size(); ++k) {
    uint32_t word;
    std::memcpy(&word, &row[k], sizeof word);
    mix(word);
  }
  hash *= 0xd6e8feb86659fd93ull;
  return hash ^ (hash >> 32);
}

int64_t RowSketch::limit(int64_t columns) {
  constexpr int64_t floats = 512 * 1024;
  return std::clamp<int64_t>(floats / std::max<int64_t>(columns, 1), 64, 512);
}

uint64_t RowSketch::bound() const {
  return size() < limit(columns) ? UINT64_MAX : entries.back().hash;
}

void RowSketch::add(ArrayRef<float> row, uint64_t hash, uint64_t count) {
  if (entries.empty())
    columns = row.size();
  if (hash > bound())
    return;
  size_t bytes = row.size() * sizeof(float);
  auto less = [&](const Entry &entry, uint64_t wanted) {
    return entry.hash < wanted ||
           (entry.hash == wanted &&
            std::memcmp(&rows[entry.slot * columns], row.data(), bytes) < 0);
  };
  auto at = llvm::lower_bound(entries, hash, less);
  if (at != entries.end() && at->hash == hash &&
      std::memcmp(&rows[at->slot * columns], row.data(), bytes) == 0) {
    at->count += count;
    return;
  }
  int64_t slot = size();
  size_t index = at - entries.begin();
  if (size() == limit(columns)) {
    if (at == entries.end())
      return;
    slot = entries.back().slot;
    entries.pop_back();
  } else if (rows.size() < size_t((slot + 1) * columns)) {
    // Pages that no row reaches cost nothing; growing would leave copies.
    rows.reserve(limit(columns) * columns);
    rows.resize((slot + 1) * columns);
  }
  llvm::copy(row, rows.begin() + slot * columns);
  entries.insert(entries.begin() + index, {hash, count, slot});
}

void RowSketch::merge(const RowSketch &other) {
  for (const Entry &entry : other.entries)
    add(ArrayRef<float>(other.rows)
            .slice(entry.slot * other.columns, other.columns),
        entry.hash, entry.count);
}

} // namespace mlir::qopt
