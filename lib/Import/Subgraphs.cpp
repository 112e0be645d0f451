//===- Subgraphs.cpp - nodes that hold graphs -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If and Loop become ops with regions. A Scan is a Loop that reads slice `i` of
// each scan input and collects what the body yields; the dialect has no op for
// it. Before opset 9 a Scan has a batch: an outer Loop over the batch around
// the Scan of one sequence.
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
pb::GraphProto *graphOf(NodeContext &node, StringRef name) {
  for (pb::AttributeProto &attribute : *node.proto.mutable_attribute())
    if (attribute.name() == name)
      return attribute.mutable_g();
  return nullptr;
}

Value addArgument(NodeContext &node, Block &block, Type type) {
  return block.addArgument(type, node.loc);
}

/// The same elements, nothing known of the shape.
Type unrankedLike(Value value) {
  return UnrankedTensorType::get(getElementTypeOrSelf(value.getType()));
}

LogicalResult checkCount(NodeContext &node, StringRef what, int64_t actual,
                         int64_t expected) {
  if (actual == expected)
    return success();
  return node.reporter.invalid(node.describe() + ": " + what + " number " +
                               Twine(actual) + " in place of " +
                               Twine(expected));
}

/// Appends a block for a new region to `region` and stands at its start.
Block *openBlock(NodeContext &node, Region &region) {
  region.push_back(new Block());
  node.builder.getBuilder().setInsertionPointToStart(&region.front());
  return &region.front();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

LogicalResult decodeIf(NodeContext &node) {
  OpBuilder &builder = node.builder.getBuilder();
  OperationState state(node.loc, onnx::IfOp::getOperationName());
  state.addOperands(node.operands);
  int outputs = node.proto.output_size();
  SmallVector<Type> elements;
  for (StringRef name : {"then_branch", "else_branch"}) {
    OpBuilder::InsertionGuard guard(builder);
    pb::GraphProto &graph = *graphOf(node, name);
    Region &region = *state.addRegion();
    openBlock(node, region);
    if (failed(checkCount(node, (name + ": outputs,").str(),
                          graph.output_size(), outputs)) ||
        failed(checkCount(node, (name + ": inputs,").str(), graph.input_size(),
                          0)))
      return failure();
    SmallVector<Value> values;
    if (failed(node.builder.buildSubgraph(graph, {}, values)))
      return failure();
    onnx::YieldOp::create(builder, node.loc, values);
    for (auto [i, value] : enumerate(values)) {
      Type element = getElementTypeOrSelf(value.getType());
      if (i >= elements.size())
        elements.push_back(element);
      else if (elements[i] != element)
        return node.reporter.invalid(node.describe() + ": output " + Twine(i) +
                                     " has another data type in each branch");
    }
  }
  for (Type element : elements)
    state.addTypes(UnrankedTensorType::get(element));
  Operation *op = builder.create(state);
  llvm::append_range(node.results, op->getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// Writes the body of a loop at its arguments: iteration, condition, carried
/// values. Gives the next condition, carried values and collected ones.
using BodyFn = function_ref<LogicalResult(ArrayRef<Value> arguments,
                                          SmallVectorImpl<Value> &yielded)>;

LogicalResult emitLoop(NodeContext &node, Value count, Value condition,
                       ArrayRef<Value> initial, BodyFn body,
                       SmallVectorImpl<Value> &results) {
  OpBuilder &builder = node.builder.getBuilder();
  OperationState state(node.loc, onnx::LoopOp::getOperationName());
  state.addOperands({count, condition});
  state.addOperands(initial);
  {
    OpBuilder::InsertionGuard guard(builder);
    Region &region = *state.addRegion();
    Block &block = *openBlock(node, region);
    SmallVector<Value> arguments, yielded;
    arguments.push_back(addArgument(
        node, block, RankedTensorType::get({}, builder.getI64Type())));
    arguments.push_back(addArgument(
        node, block, RankedTensorType::get({}, builder.getI1Type())));
    for (Value value : initial)
      arguments.push_back(addArgument(node, block, unrankedLike(value)));
    if (failed(body(arguments, yielded)))
      return failure();
    onnx::YieldOp::create(builder, node.loc, yielded);
    for (Value value : ArrayRef(yielded).drop_front())
      state.addTypes(unrankedLike(value));
  }
  Operation *op = builder.create(state);
  llvm::append_range(results, op->getResults());
  return success();
}

LogicalResult decodeLoop(NodeContext &node) {
  pb::GraphProto &graph = *graphOf(node, "body");
  while (node.operands.size() < 2)
    node.operands.push_back(node.builder.noValue());
  ArrayRef<Value> initial = ArrayRef(node.operands).drop_front(2);
  for (Value value : initial)
    if (isa<NoneType>(value.getType()))
      return node.reporter.invalid(node.describe() +
                                   ": a carried value is missing");
  if (failed(checkCount(node, "body: inputs,", graph.input_size(),
                        initial.size() + 2)) ||
      failed(checkCount(node, "body: outputs,", graph.output_size(),
                        node.proto.output_size() + 1)))
    return failure();
  if (node.proto.output_size() < static_cast<int>(initial.size()))
    return node.reporter.invalid(node.describe() +
                                 ": fewer outputs than carried values");
  return emitLoop(
      node, node.operands[0], node.operands[1], initial,
      [&](ArrayRef<Value> arguments, SmallVectorImpl<Value> &yielded) {
        return node.builder.buildSubgraph(graph, arguments, yielded);
      },
      node.results);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// What a Scan says of its inputs and outputs. Empty lists are all 0.
struct ScanForm {
  int64_t numStates, numInputs, numCollected;
  ArrayRef<int64_t> inputAxes, inputDirections, outputAxes, outputDirections;
};

int64_t entry(ArrayRef<int64_t> list, int64_t i) {
  return list.empty() ? 0 : list[i];
}

Value scalarInt(NodeContext &node, int64_t number) {
  Builder &builder = node.builder.getBuilder();
  auto type = RankedTensorType::get({}, builder.getI64Type());
  return node.builder.constant(node.loc, DenseElementsAttr::get(type, number));
}

Value absent(NodeContext &node) { return node.builder.noValue(); }

/// Dim `axis` of a value, as a tensor of one element.
Value dimOf(NodeContext &node, Value value, int64_t axis) {
  Builder &builder = node.builder.getBuilder();
  NamedAttrList attributes;
  attributes.set("start", builder.getI64IntegerAttr(axis));
  if (axis != -1)
    attributes.set("end", builder.getI64IntegerAttr(axis + 1));
  return node.emit("Shape", value, attributes);
}

/// Element `index` (a scalar) along an axis, without that dim.
Value sliceOf(NodeContext &node, Value value, Value index, int64_t axis) {
  NamedAttrList attributes;
  attributes.set("axis", node.builder.getBuilder().getI64IntegerAttr(axis));
  return node.emit("Gather", {value, index}, attributes);
}

/// What a loop collected along dim 0, brought to the order and the place that
/// the Scan asks for. The rank need not be known for the latter.
Value arrange(NodeContext &node, Value collected, int64_t axis, bool reversed) {
  if (reversed) {
    auto ints = [&](int64_t number) {
      return node.builder.constantVector(node.loc, number);
    };
    collected = node.emit(
        "Slice", {collected, ints(-1), ints(INT64_MIN), ints(0), ints(-1)});
  }
  if (axis == 0 || !collected)
    return collected;
  // "zab...->abz..." moves dim 0 to 2, "z...a->...za" to -2.
  std::string letters;
  for (int64_t i = 0; i < (axis < 0 ? -axis - 1 : axis); ++i)
    letters += char('a' + i);
  std::string equation = axis > 0 ? "z" + letters + "...->" + letters + "z..."
                                  : "z..." + letters + "->...z" + letters;
  NamedAttrList attributes;
  attributes.set("equation", node.builder.getBuilder().getStringAttr(equation));
  return node.emit("Einsum", collected, attributes);
}

/// One sequence: `values` are states, then scan inputs.
LogicalResult emitScan(NodeContext &node, const ScanForm &form,
                       ArrayRef<Value> values,
                       SmallVectorImpl<Value> &results) {
  ArrayRef<Value> states = values.take_front(form.numStates);
  ArrayRef<Value> inputs = values.drop_front(form.numStates);
  Value count = dimOf(node, inputs.front(), entry(form.inputAxes, 0));
  if (!count)
    return failure();
  auto body = [&](ArrayRef<Value> arguments,
                  SmallVectorImpl<Value> &yielded) -> LogicalResult {
    SmallVector<Value> operands(arguments.drop_front(2));
    Value backwards;
    for (auto [i, input] : enumerate(inputs)) {
      Value index = arguments[0];
      if (entry(form.inputDirections, i)) {
        if (!backwards)
          backwards = node.emit("Sub", {scalarInt(node, -1), index});
        index = backwards;
      }
      Value slice = index
                        ? sliceOf(node, input, index, entry(form.inputAxes, i))
                        : Value();
      if (!slice)
        return failure();
      operands.push_back(slice);
    }
    yielded.push_back(arguments[1]);
    SmallVector<Value> outputs;
    if (failed(node.builder.buildSubgraph(*graphOf(node, "body"), operands,
                                          outputs)))
      return failure();
    llvm::append_range(yielded, outputs);
    return success();
  };
  SmallVector<Value> all;
  if (failed(emitLoop(node, count, absent(node), states, body, all)))
    return failure();
  for (auto [i, value] : enumerate(all)) {
    int64_t collected = static_cast<int64_t>(i) - form.numStates;
    if (collected >= 0)
      value = arrange(node, value, entry(form.outputAxes, collected),
                      entry(form.outputDirections, collected));
    if (!value)
      return failure();
    results.push_back(value);
  }
  return success();
}

LogicalResult readScanForm(NodeContext &node, unsigned numValues,
                           ScanForm &form) {
  pb::GraphProto &graph = *graphOf(node, "body");
  form.numInputs = node.take<IntegerAttr>("num_scan_inputs").getInt();
  form.numStates = static_cast<int64_t>(numValues) - form.numInputs;
  if (form.numInputs < 1 || form.numStates < 0)
    return node.reporter.invalid(node.describe() +
                                 ": attribute 'num_scan_inputs' is " +
                                 Twine(form.numInputs) + ", the node has " +
                                 Twine(numValues) + " inputs");
  form.numCollected = node.proto.output_size() - form.numStates;
  if (form.numCollected < 0)
    return node.reporter.invalid(node.describe() +
                                 ": fewer outputs than states");
  if (failed(
          checkCount(node, "body: inputs,", graph.input_size(), numValues)) ||
      failed(checkCount(node, "body: outputs,", graph.output_size(),
                        node.proto.output_size())))
    return failure();
  auto list = [&](StringRef name, int64_t count, bool isFlag,
                  ArrayRef<int64_t> &values) -> LogicalResult {
    auto attribute = node.take<DenseI64ArrayAttr>(name);
    if (!attribute)
      return success();
    values = attribute.asArrayRef();
    if (static_cast<int64_t>(values.size()) != count)
      return node.reporter.invalid(node.describe() + ": attribute '" + name +
                                   "' has " + Twine(values.size()) +
                                   " entries in place of " + Twine(count));
    for (int64_t value : values)
      if (isFlag ? value != 0 && value != 1 : value < -20 || value > 20)
        return node.reporter.invalid(node.describe() + ": attribute '" + name +
                                     "' holds " + Twine(value));
    return success();
  };
  return success(succeeded(list("directions", form.numInputs, true,
                                form.inputDirections)) &&
                 succeeded(list("scan_input_directions", form.numInputs, true,
                                form.inputDirections)) &&
                 succeeded(list("scan_input_axes", form.numInputs, false,
                                form.inputAxes)) &&
                 succeeded(list("scan_output_directions", form.numCollected,
                                true, form.outputDirections)) &&
                 succeeded(list("scan_output_axes", form.numCollected, false,
                                form.outputAxes)));
}

LogicalResult decodeScan(NodeContext &node) {
  ScanForm form;
  if (failed(readScanForm(node, node.operands.size(), form)))
    return failure();
  return emitScan(node, form, node.operands, node.results);
}

LogicalResult decodeBatchedScan(NodeContext &node) {
  if (node.has(0))
    return node.reporter.unsupported(node.describe() +
                                     ": sequences of different lengths");
  ArrayRef<Value> values = ArrayRef(node.operands).drop_front();
  ScanForm form;
  if (failed(readScanForm(node, values.size(), form)))
    return failure();
  Value batch = dimOf(node, values.front(), 0);
  if (!batch)
    return failure();
  return emitLoop(
      node, batch, absent(node), {},
      [&](ArrayRef<Value> arguments,
          SmallVectorImpl<Value> &yielded) -> LogicalResult {
        SmallVector<Value> slices;
        for (Value value : values) {
          slices.push_back(sliceOf(node, value, arguments[0], 0));
          if (!slices.back())
            return failure();
        }
        yielded.push_back(arguments[1]);
        return emitScan(node, form, slices, yielded);
      },
      node.results);
}

// Some of any number of inputs may be absent.
constexpr int many = 1 << 20;

constexpr OpForm table[] = {
    {"If", 1, 1, 1, 1, -1, "else_branch:g! then_branch:g!", decodeIf},
    {"Loop", 1, 0, many, 0, -1, "body:g!", decodeLoop},
    {"Scan", 8, 0, many, 1, -1, "body:g! directions:I num_scan_inputs:i!",
     decodeBatchedScan},
    {"Scan", 9, 1, -1, 1, -1,
     "body:g! num_scan_inputs:i! scan_input_axes:I scan_input_directions:I "
     "scan_output_axes:I scan_output_directions:I",
     decodeScan},
};
} // namespace

ArrayRef<OpForm> controlFlowForms() { return table; }

} // namespace mlir::qopt::importer
