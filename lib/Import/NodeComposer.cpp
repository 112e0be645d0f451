//===- NodeComposer.cpp - decoders that write several ops -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "NodeComposer.h"

using namespace llvm;

namespace mlir::qopt::importer {

SmallVector<Value> NodeComposer::ops(StringRef name, ArrayRef<Value> operands,
                                     unsigned results, Attrs attrs,
                                     int numOperands) {
  SmallVector<Value> made;
  NamedAttrList list(attrs);
  if (llvm::is_contained(operands, Value()) ||
      failed(node.builder.create(node, name, operands, numOperands, list,
                                 results, made)))
    made.assign(results, Value());
  return made;
}

Value NodeComposer::op(StringRef name, ArrayRef<Value> operands, Attrs attrs,
                       int numOperands) {
  return ops(name, operands, 1, attrs, numOperands).front();
}

Value NodeComposer::cast(Value value, Type element) {
  if (!value || elementOf(value) == element)
    return value;
  return op("Cast", {value}, attr("to", TypeAttr::get(element)));
}

Value NodeComposer::slice(Value value, int64_t begin, int64_t end,
                          int64_t axis) {
  return op("Slice", {value, ints(begin), ints(end), ints(axis), ints(1)});
}

SmallVector<Value> NodeComposer::split(Value value, ArrayRef<int64_t> sizes,
                                       int64_t axis) {
  return ops("Split", {value, ints(sizes)}, sizes.size(), attr("axis", axis));
}

Value NodeComposer::dim(Value value, int64_t i) {
  // An end of -1 would leave out the last dim, so that it stays open there.
  if (i == -1)
    return op("Shape", {value}, attr("start", i));
  return op("Shape", {value}, {attr("start", i), attr("end", i + 1)});
}

Value NodeComposer::range(Value limit) {
  return op("Range", {scalar(0), limit, scalar(1)});
}

Value NodeComposer::scalar(Type element, double number) {
  return node.builder.constant(node.loc, scalarValue(element, number));
}

int64_t NodeComposer::takeInt(StringRef name, int64_t otherwise) {
  auto attribute = node.take<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

double NodeComposer::takeFloat(StringRef name, double otherwise) {
  auto attribute = node.take<FloatAttr>(name);
  return attribute ? attribute.getValueAsDouble() : otherwise;
}

std::string NodeComposer::takeString(StringRef name, StringRef otherwise) {
  auto attribute = node.take<StringAttr>(name);
  return attribute ? attribute.str() : otherwise.str();
}

LogicalResult NodeComposer::finish(ArrayRef<Value> values) {
  for (auto [i, value] : enumerate(values))
    if (!value && node.wants(i))
      return node.reporter.hasFailed()
                 ? failure()
                 : unsupported("output " + Twine(i) + " is not supported");
  node.results.assign(values.begin(), values.end());
  return success();
}

} // namespace mlir::qopt::importer
