//===- FunctionTable.h - the functions of a model ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recursion is refused, and the size of a graph with all calls inlined is
// computed before anything is copied, since functions that call functions can
// grow exponentially.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_FUNCTIONTABLE_H
#define QOPT_LIB_IMPORT_FUNCTIONTABLE_H

#include "Functions.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::qopt::importer {

/// What a list of nodes becomes when its calls are inlined.
struct Extent {
  unsigned depth = 0; ///< Levels of calls.
  uint64_t size = 0;  ///< Nodes, saturating.
};

/// What is known about one function.
struct Function {
  const pb::FunctionProto *proto = nullptr;
  const Opsets *opsets = nullptr;
  llvm::StringMap<pb::AttributeProto> defaults;
  std::string text;
  enum { New, Active, Done } state = New;
  Extent extent;
};

class FunctionTable {
public:
  FunctionTable(const pb::ModelProto &model, Reporter &reporter)
      : model(model), reporter(reporter) {}

  /// Reads all functions; their opsets become part of `graph`.
  LogicalResult collect(llvm::function_ref<bool(llvm::StringRef)> isStandardOp,
                        FlatGraph &graph);
  /// Checks how deep calls go, and how many nodes they come to.
  LogicalResult measure();
  bool empty() const { return functions.empty(); }
  /// The function that a node calls; null for an operator.
  const Function *find(const pb::NodeProto &node) const;

private:
  template <typename Nodes>
  LogicalResult visitCalls(const Nodes &nodes, Extent &extent);
  LogicalResult visit(Function &function);
  LogicalResult readDefaults(Function &function);

  const pb::ModelProto &model;
  Reporter &reporter;
  llvm::StringMap<Function> functions;
  unsigned activeDepth = 0;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_FUNCTIONTABLE_H
