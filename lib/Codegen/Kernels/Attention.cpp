//===- Attention.cpp - kernels of qopt.attention --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Attention.h"
#include "AttentionGenerator.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

bool kernels::isContiguousInLastDim(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         (strides.empty() || strides.back() == 1);
}

void kernels::lowerAttention(AttentionOp op, const Isa &isa,
                             KernelTable &kernels) {
  KernelBuilder b(op.getLoc(), op);
  SmallVector<Value> captures(op->getOperands());
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getAttrDictionary();
  func::FuncOp kernel = kernels.get(
      op.getLoc(), "attention", key, ValueRange(captures).getTypes(),
      [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
        AttentionGenerator(inner, isa, op, arguments).generate(begin, end);
      });
  AttentionGenerator outside(b, isa, op, captures);
  Value tasks = outside.numTasks();
  Value work = arith::MaxUIOp::create(b, outside.workPerTask(), b.index(1));
  Value grain = b.ceilDiv(b.index(isa.floatGrain), work);
  ParallelCallOp::create(b, kernel.getSymName(), tasks, grain, captures);
  op.erase();
}
