//===- ContractionGenerator.h - the kernel of a contraction -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of the loops of a contraction, `n` is the contiguous dim of the result, `k`
// the contracted one and `m` another dim of the operand without n; all others
// are outer loops. A task is one point of the outer loops and a range of m. The
// operand with n is read in place where n is contiguous in it, as in
// probabilities x values; otherwise panels of 32 columns are copied to the
// stack first, transposed in registers where k is contiguous, as in queries x
// keys.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_CONTRACTIONGENERATOR_H
#define QOPT_LIB_CODEGEN_KERNELS_CONTRACTIONGENERATOR_H

#include "KernelBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::qopt::kernels {

/// The roles of the loops; positions of m, n and k are loop numbers.
struct ContractionRoles {
  unsigned lhs = 0, rhs = 1; // operand numbers: rhs is the one with n
  unsigned n = 0, k = 0;
  std::optional<unsigned> m;
  SmallVector<unsigned> outer;

  /// Where the operands are contiguous: rhs in n, rhs in k, lhs in k.
  bool inPlace = false, transposed = false, lhsContiguous = false;
  /// Rows of lhs are copied to the stack.
  bool copyRows = false;
};

/// Columns of a copied panel.
constexpr int64_t kPanel = 32;

/// None if the operation is no such contraction.
std::optional<ContractionRoles> findRoles(linalg::LinalgOp op);

class ContractionGenerator {
public:
  ContractionGenerator(KernelBuilder &b, const Isa &isa, linalg::LinalgOp op,
                       const ContractionRoles &roles, bool overwrite,
                       ValueRange captures)
      : b(b), isa(isa), roles(roles), maps(op.getIndexingMapsArray()),
        operands(captures), indices(op.getNumLoops()), overwrite(overwrite) {
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    staticN = ranges[roles.n];
    staticK = ranges[roles.k];
  }

  Value numTasks();
  Value workPerTask();
  /// The tasks [begin, end).
  void generate(Value begin, Value end);

private:
  /// The extent of a loop, from the operand that has it.
  Value extent(std::optional<unsigned> loop);
  Value rowsPerTask();
  void generateTask(Value row, Value rowEnd);
  SmallVector<Value> access(unsigned operand);
  /// Lanes of the vector at `column` that lie within n; null when all do.
  Value columnMask(Value column);
  /// Lanes of a vector along k that lie before depthEnd; null when all do.
  Value depthMask(Value position, Value depthEnd);
  Value loadVector(Value memref, ValueRange at, Value mask);
  /// panel[i][j] = rhs(depth + i, column + j) by blocks of lanes x lanes.
  void copyTransposed(Value column, Value depth, Value depthEnd);
  void copyElements(Value column, Value depth, Value depthEnd);
  /// copiedRows[i][j] = lhs(first + i, depth + j).
  void copyRowsOf(Value first, int64_t rows, Value depth, Value depthEnd);
  /// out += lhs * rhs for all rows, columns [column, + a block), k in
  /// [depth, depthEnd).
  void addBlocks(Value row, Value rowEnd, Value column, Value depth,
                 Value depthEnd);
  /// The values that a block starts from.
  SmallVector<Value> initial(Value first, int64_t rows, Value column,
                             Value depth, ArrayRef<Value> masks);
  /// The vectors of a block of the result.
  void eachVector(Value first, int64_t rows, Value column,
                  function_ref<void(int64_t, ValueRange)> body);
  SmallVector<Value> multiply(Value first, int64_t rows, Value column,
                              Value position, Value depth,
                              ArrayRef<Value> masks, ValueRange carried);

  KernelBuilder &b;
  const Isa &isa;
  const ContractionRoles &roles;
  SmallVector<AffineMap> maps;
  ValueRange operands;
  /// Current value of every loop.
  SmallVector<Value> indices;
  int64_t staticN, staticK, panelColumn = 0;
  bool overwrite, oneDepth = false;
  Value n, k, panel, copiedRows;
};

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_CONTRACTIONGENERATOR_H
