//===- NodeForm.h - what a node of the standard looks like ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From an op of the dialect to what its node needs: the opset, the outputs that
// must be there, the attributes that differ from their defaults.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_EXPORT_NODEFORM_H
#define QOPT_LIB_EXPORT_NODEFORM_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::qopt::exporter {

/// The opset of a model that needs no newer one: it has everything that
/// quantization uses, scales per block too, and runtimes have had it since
/// 2024.
inline constexpr int64_t leastOpset = 21;

struct NodeForm {
  llvm::StringRef op;
  /// The least opset that has operator, attributes and element types.
  int64_t opset = leastOpset;
  int minOutputs = 1;
  /// In the order of their names.
  llvm::SmallVector<NamedAttribute> attributes;
};

class NodeForms {
public:
  /// The form of an op of the onnx dialect; what no version of ONNX has is an
  /// error at the op.
  FailureOr<NodeForm> get(Operation *op);

  /// The opset that has an element type, and its number; an error at `loc` for
  /// a type that ONNX lacks.
  static FailureOr<int64_t> dataType(Type elementType, Location loc,
                                     int64_t *opset = nullptr);

private:
  DictionaryAttr defaultsOf(Operation *op);

  llvm::DenseMap<OperationName, DictionaryAttr> defaults;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_NODEFORM_H
