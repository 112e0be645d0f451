//===- NodeForm.cpp - what a node of the standard looks like --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer's table of operators, read the other way: the dialect has the
// newest form of each, and the row of that form says since when ONNX has it.
//===----------------------------------------------------------------------===//

#include "NodeForm.h"
#include "../Import/DataTypes.h"
#include "../Import/Opset.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Support/Names.h"

using namespace llvm;

namespace mlir::qopt::exporter {

FailureOr<int64_t> NodeForms::dataType(Type elementType, Location loc,
                                       int64_t *opset) {
  // Types younger than the least opset, and bfloat16, which many operators
  // took then.
  auto since = [](int64_t number) -> int64_t {
    switch (number) {
    case 16: // bfloat16
      return 22;
    case 23: // float4e2m1
      return 23;
    case 24: // float8e8m0
      return 24;
    case 25: // uint2
    case 26: // int2
      return 25;
    default:
      return leastOpset;
    }
  };
  for (int64_t number = 1; !importer::dataTypeName(number).empty(); ++number)
    if (importer::elementTypeOf(number, loc.getContext()) == elementType) {
      if (opset)
        *opset = std::max(*opset, since(number));
      return number;
    }
  return emitError(loc) << "element type " << elementType
                        << " has no number in ONNX";
}

DictionaryAttr NodeForms::defaultsOf(Operation *op) {
  DictionaryAttr &known = defaults[op->getName()];
  if (!known) {
    // An op that is told nothing has its defaults.
    Operation *plain = Operation::create(
        op->getLoc(), op->getName(), op->getResultTypes(), ValueRange(),
        NamedAttrList(), OpaqueProperties(nullptr), BlockRange(),
        op->getNumRegions());
    known = plain->getAttrDictionary();
    plain->destroy();
  }
  return known;
}

FailureOr<NodeForm> NodeForms::get(Operation *op) {
  NodeForm form;
  form.op = op->getName().stripDialect();
  const importer::OpForm *row =
      importer::findForm(form.op, importer::newestOpset);
  if (op->getName().getDialectNamespace() != "onnx" || !row)
    return op->emitError("cannot be exported: ONNX has no operator for '")
           << op->getName() << "'";
  form.opset = std::max<int64_t>(form.opset, row->since);
  form.minOutputs = row->minOutputs;
  for (Value value : op->getOperands())
    if (auto type = dyn_cast<TensorType>(value.getType()))
      if (failed(dataType(type.getElementType(), op->getLoc(), &form.opset)))
        return failure();
  for (Type result : op->getResultTypes())
    if (failed(
            dataType(getElementTypeOrSelf(result), op->getLoc(), &form.opset)))
      return failure();

  DictionaryAttr defaults = defaultsOf(op);
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    StringRef name = attribute.getName().getValue();
    // Notes of passes.
    if (name.contains('.'))
      continue;
    int64_t since = 0;
    StringRef kind = importer::attributeKind(*row, name, &since);
    bool isDefault = defaults.get(name) == attribute.getValue();
    if (isDefault && !kind.ends_with("!"))
      continue;
    if (kind.empty())
      return op->emitError("cannot be exported: ONNX has no attribute ")
             << quoteName(name) << " of " << form.op;
    form.opset = std::max(form.opset, since);
    // Opset 22 says which last window of a pool counts.
    if (name == "ceil_mode")
      form.opset = std::max<int64_t>(form.opset, 22);
    form.attributes.push_back(attribute);
  }
  return form;
}

} // namespace mlir::qopt::exporter
