//===- NodeMaker.cpp - small graphs of the onnx dialect -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "NodeMaker.h"

namespace mlir::qopt::exporter {

Operation *NodeMaker::createNamed(StringRef name, StringRef part,
                                  ValueRange operands, unsigned results,
                                  ArrayRef<NamedAttribute> attributes) {
  MLIRContext *context = builder.getContext();
  OperationState state(locOf(part), name);
  state.addOperands(operands);
  state.addAttributes(attributes);
  DictionaryAttr dictionary = builder.getDictionaryAttr(attributes);
  auto *interface = state.name.getInterface<onnx::ONNXOpInterface>();
  for (unsigned i = 0; i < results; ++i)
    state.addTypes(UnrankedTensorType::get(
        interface->inferElementType(context, operands, dictionary, i)));
  return builder.create(state);
}

} // namespace mlir::qopt::exporter
