//===- TensorWriter.h - constants of the dialect to tensors of a file -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_EXPORT_TENSORWRITER_H
#define QOPT_LIB_EXPORT_TENSORWRITER_H

#include "../Import/Proto.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

namespace mlir::qopt::exporter {

/// Bytes that a constant takes in a file.
uint64_t tensorBytes(ElementsAttr value);

/// Writes values into the model, or behind one another into a file beside it.
class TensorWriter {
public:
  TensorWriter() = default;
  TensorWriter(int fd, std::string name) : fd(fd), name(std::move(name)) {}

  /// Fills `tensor`; what fails is an error at `loc`. `isInput` of a node may
  /// lie in the other file, attributes may not.
  LogicalResult write(ElementsAttr value, Location loc, bool isInput,
                      pb::TensorProto &tensor);

private:
  LogicalResult writeExternal(ArrayRef<char> bytes, Location loc,
                              pb::TensorProto &tensor);

  int fd = -1;
  std::string name;
  uint64_t offset = 0;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_TENSORWRITER_H
