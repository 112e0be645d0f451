//===- MatmulTasks.cpp - how a product is cut into tasks ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MatmulTasks.h"
#include <numeric>

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Weights that stay in L2 beside the rows from one run to the next, if all of
/// the model are not more. Others are fetched ahead, small ones too: by the
/// time that they are read again, all others have been.
constexpr int64_t kResidentBytes = 1 << 20;
/// Digits of the rows of a task stay in L2.
constexpr int64_t kDigitBytes = 1 << 20;

Tasks::Tasks(const Isa &isa, const Form &form, int64_t n, int64_t k,
             int64_t modelBytes)
    : n(n), streamed(modelBytes > kResidentBytes), isa(isa), form(form) {
  bool integer = form.integer;
  columns = integer ? isa.integerColumns : isa.floatColumns;
  // A row of a panel of bytes is half a cache line: one task reads it all.
  if (form.weightOnly)
    columns = std::max<int64_t>(columns, 32);
  // Widening a row costs as much as a few columns of it.
  if (form.bf16)
    columns = 128;
  rows = integer ? isa.integerRows : isa.floatRows;
  if (integer && form.grouped)
    rows = isa.groupedRows();
  int64_t bytesPerRow = integer ? k : 4 * k;
  // Widened rows are on the stack.
  if (int64_t bytes = widenedBytes(isa, form))
    rows = std::clamp<int64_t>(kWidenedBytes / (bytes * k), 1, rows);
  // Rows of a task share the L2 cache with its columns of rhs. Where there
  // are few blocks of columns the rows have to feed the threads.
  int64_t limit = columnBlocks() >= 8 ? 384 : 96;
  maxRows = std::min(limit, std::max<int64_t>(48, (512 << 10) / bytesPerRow));
  rowStep = rows;
  // Blocks of both kinds, and as many as make up for a panel's way into the
  // order of tiles.
  if (form.digits) {
    rowStep = std::lcm(rows, x86::kTileBlock);
    maxRows = std::clamp<int64_t>(kDigitBytes / (3 * k), rowStep, limit);
  }
  maxRows = std::max(rowStep, maxRows / rowStep * rowStep);
}

Value Tasks::rowsPerTask(KernelBuilder &b, Value m) const {
  Value parts = b.ceilDiv(m, b.index(maxRows));
  // M = 0 has no task, but its division is computed.
  parts = arith::MaxUIOp::create(b, parts, b.index(1));
  return b.mul(b.ceilDiv(b.ceilDiv(m, parts), b.index(rowStep)), rowStep);
}
