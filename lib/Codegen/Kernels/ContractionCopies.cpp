//===- ContractionCopies.cpp - operands copied to the stack ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ContractionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

void ContractionGenerator::copyTransposed(Value column, Value depth,
                                          Value depthEnd) {
  Value last = b.sub(n, b.index(1));
  b.loop(depth, depthEnd, isa.lanes, [&](Value position) {
    Value mask = depthMask(position, depthEnd);
    b.loop(b.index(0), b.index(kPanel), isa.lanes, [&](Value first) {
      SmallVector<Value> rows;
      for (int64_t i = 0; i < isa.lanes; ++i) {
        // Columns beyond n repeat the last one: they are never stored.
        indices[roles.n] = b.min(b.add(b.add(column, first), i), last);
        indices[roles.k] = position;
        rows.push_back(
            loadVector(operands[roles.rhs], access(roles.rhs), mask));
      }
      transposeInRegisters(b, rows);
      Value to = b.sub(position, depth);
      for (int64_t i = 0; i < isa.lanes; ++i)
        b.store(rows[i], panel, {b.add(to, i), first}, isa.lanes);
    });
  });
}

void ContractionGenerator::copyElements(Value column, Value depth,
                                        Value depthEnd) {
  Value count = b.min(b.sub(n, column), b.index(kPanel));
  b.loop(depth, depthEnd, 1, [&](Value position) {
    b.loop(b.index(0), count, 1, [&](Value j) {
      indices[roles.k] = position;
      indices[roles.n] = b.add(column, j);
      Value element =
          memref::LoadOp::create(b, operands[roles.rhs], access(roles.rhs));
      memref::StoreOp::create(b, element, panel,
                              ValueRange{b.sub(position, depth), j});
    });
  });
}

void ContractionGenerator::copyRowsOf(Value first, int64_t rows, Value depth,
                                      Value depthEnd) {
  int64_t step = roles.lhsContiguous ? isa.lanes : 1;
  b.loop(depth, depthEnd, step, [&](Value position) {
    Value to = b.sub(position, depth), mask;
    if (roles.lhsContiguous)
      mask = depthMask(position, depthEnd);
    indices[roles.k] = position;
    for (int64_t i = 0; i < rows; ++i) {
      indices[*roles.m] = b.add(first, i);
      SmallVector<Value> from = access(roles.lhs);
      if (roles.lhsContiguous)
        b.store(loadVector(operands[roles.lhs], from, mask), copiedRows,
                {b.index(i), to}, isa.lanes);
      else
        memref::StoreOp::create(
            b, memref::LoadOp::create(b, operands[roles.lhs], from), copiedRows,
            ValueRange{b.index(i), to});
    }
  });
}
