//===- TestModel.cpp - models written by tests ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::qopt::test {

TempFolder::TempFolder() {
  SmallString<128> created;
  if (sys::fs::createUniqueDirectory("qopt-import-test", created))
    std::abort();
  SmallString<128> real;
  sys::fs::real_path(created, real);
  root = real.str().str();
}

TempFolder::~TempFolder() { sys::fs::remove_directories(root); }

std::string TempFolder::path(StringRef name) const {
  SmallString<128> joined(root);
  sys::path::append(joined, name);
  return joined.str().str();
}

std::string TempFolder::write(StringRef name, StringRef bytes) const {
  std::string file = path(name);
  sys::fs::create_directories(sys::path::parent_path(file));
  std::error_code code;
  raw_fd_ostream stream(file, code);
  stream << bytes;
  return file;
}

Outcome importFile(StringRef path, ImportOptions options) {
  Outcome outcome;
  options.warn = [&](StringRef text) {
    outcome.warnings.push_back(text.str());
  };
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ImportError error;
  OwningOpRef<ModuleOp> module = importModel(path, context, options, error);
  outcome.status = error.status;
  outcome.message = error.message;
  EXPECT_EQ(bool(module), error.status == ExitOk);
  if (module) {
    raw_string_ostream stream(outcome.module);
    module->print(stream);
  }
  return outcome;
}

Outcome importBytes(StringRef bytes, ImportOptions options) {
  TempFolder folder;
  return importFile(folder.write("model.onnx", bytes), std::move(options));
}

TestModel::TestModel(int64_t opset) {
  proto.set_ir_version(8);
  proto.set_producer_name("test");
  pb::OperatorSetIdProto *import = proto.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  graph().set_name("graph");
}

void setType(pb::ValueInfoProto &value, int dataType,
             const std::vector<TestDim> &dims) {
  pb::TypeProto::Tensor *type = value.mutable_type()->mutable_tensor_type();
  type->set_elem_type(dataType);
  type->mutable_shape();
  for (const TestDim &dim : dims) {
    pb::TensorShapeProto::Dimension *added = type->mutable_shape()->add_dim();
    if (dim.name.empty())
      added->set_dim_value(dim.value);
    else
      added->set_dim_param(dim.name);
  }
}

pb::ValueInfoProto &TestModel::input(StringRef name, int dataType,
                                     std::vector<TestDim> dims) {
  pb::ValueInfoProto &value = *graph().add_input();
  value.set_name(name.str());
  setType(value, dataType, dims);
  return value;
}

pb::ValueInfoProto &TestModel::output(StringRef name, int dataType,
                                      std::vector<TestDim> dims) {
  pb::ValueInfoProto &value = *graph().add_output();
  value.set_name(name.str());
  setType(value, dataType, dims);
  return value;
}

pb::NodeProto &TestModel::node(StringRef op, std::vector<std::string> inputs,
                               std::vector<std::string> outputs) {
  pb::NodeProto &node = *graph().add_node();
  node.set_op_type(op.str());
  node.set_name("n" + std::to_string(graph().node_size() - 1));
  for (const std::string &input : inputs)
    node.add_input(input);
  for (const std::string &output : outputs)
    node.add_output(output);
  return node;
}

pb::TensorProto &TestModel::initializer(StringRef name,
                                        std::vector<int64_t> dims,
                                        std::vector<float> values) {
  pb::TensorProto &tensor = *graph().add_initializer();
  tensor.set_name(name.str());
  tensor.set_data_type(Float);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  for (float value : values)
    tensor.add_float_data(value);
  return tensor;
}

void setInts(pb::NodeProto &node, StringRef name, std::vector<int64_t> values) {
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  attribute.set_type(pb::AttributeProto::INTS);
  for (int64_t value : values)
    attribute.add_ints(value);
}

void setInt(pb::NodeProto &node, StringRef name, int64_t value) {
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  attribute.set_type(pb::AttributeProto::INT);
  attribute.set_i(value);
}

void setFloat(pb::NodeProto &node, StringRef name, float value) {
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  attribute.set_type(pb::AttributeProto::FLOAT);
  attribute.set_f(value);
}

TestModel reluModel(int64_t opset) {
  TestModel model(opset);
  model.input("x", Float, {"batch", 4});
  model.output("y", Float, {"batch", 4});
  model.node("Relu", {"x"}, {"y"});
  return model;
}

TestModel addModel() {
  TestModel model;
  model.input("x", Float, {"batch", 4});
  model.output("y", Float, {"batch", 4});
  model.initializer("w", {4}, {1, 2, 3, 4});
  model.node("Add", {"x", "w"}, {"y"});
  return model;
}

} // namespace mlir::qopt::test
