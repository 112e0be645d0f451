//===- FunctionTest.cpp - model-local functions ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"

using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

pb::FunctionProto &addFunction(TestModel &model, const std::string &name,
                               const std::vector<std::string> &inputs,
                               const std::vector<std::string> &outputs) {
  pb::FunctionProto &function = *model.proto.add_functions();
  function.set_domain("local");
  function.set_name(name);
  for (const std::string &input : inputs)
    function.add_input(input);
  for (const std::string &output : outputs)
    function.add_output(output);
  for (const char *domain : {"", "local"}) {
    pb::OperatorSetIdProto *import = function.add_opset_import();
    import->set_domain(domain);
    import->set_version(*domain ? 1 : 18);
  }
  return function;
}

pb::NodeProto &addNode(pb::FunctionProto &function, const std::string &op,
                       const std::vector<std::string> &inputs,
                       const std::vector<std::string> &outputs,
                       bool local = false) {
  pb::NodeProto &node = *function.add_node();
  node.set_op_type(op);
  node.set_name("inner");
  if (local)
    node.set_domain("local");
  for (const std::string &input : inputs)
    node.add_input(input);
  for (const std::string &output : outputs)
    node.add_output(output);
  return node;
}

/// x -> local.F -> y.
TestModel callModel() {
  TestModel model = reluModel();
  pb::OperatorSetIdProto *import = model.proto.add_opset_import();
  import->set_domain("local");
  import->set_version(1);
  pb::NodeProto &node = *model.graph().mutable_node(0);
  node.set_op_type("F");
  node.set_domain("local");
  node.set_name("call");
  return model;
}

TEST(Function, BodiesAreInlined) {
  TestModel model = callModel();
  // Names of the caller and of the body that collide.
  pb::FunctionProto &function = addFunction(model, "F", {"a"}, {"x"});
  addNode(function, "Exp", {"a"}, {"y"});
  addNode(function, "G", {"y"}, {"x"}, /*local=*/true);
  pb::FunctionProto &inner = addFunction(model, "G", {"x"}, {"y"});
  addNode(inner, "Neg", {"x"}, {"y"});
  Outcome outcome = model.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_TRUE(outcome.contains("onnx.Exp %arg0"));
  EXPECT_TRUE(outcome.contains("onnx.Neg %0"));
}

TEST(Function, Attributes) {
  TestModel model = callModel();
  setInt(*model.graph().mutable_node(0), "where", 0);
  pb::FunctionProto &function = addFunction(model, "F", {"a"}, {"b"});
  function.add_attribute("where");
  pb::NodeProto &node = addNode(function, "Softmax", {"a"}, {"b"});
  pb::AttributeProto &axis = *node.add_attribute();
  axis.set_name("axis");
  axis.set_ref_attr_name("where");
  axis.set_type(pb::AttributeProto::INT);
  Outcome outcome = model.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_TRUE(outcome.contains("axis = 0 : i64"));
  // Left out by the call: the default of the operator.
  model.graph().mutable_node(0)->clear_attribute();
  outcome = model.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_FALSE(outcome.contains("axis = 0"));
  setInt(*model.graph().mutable_node(0), "other", 0);
  EXPECT_IMPORT(model.import(), ExitInvalid, "'other'");
}

TEST(Function, DefaultAttributesOfNewerSchemas) {
  TestModel model = callModel();
  pb::FunctionProto &function = addFunction(model, "F", {"a"}, {"b"});
  pb::NodeProto &node = addNode(function, "Softmax", {"a"}, {"b"});
  pb::AttributeProto &axis = *node.add_attribute();
  axis.set_name("axis");
  axis.set_ref_attr_name("where");
  axis.set_type(pb::AttributeProto::INT);
  pb::AttributeProto value;
  value.set_name("where");
  value.set_type(pb::AttributeProto::INT);
  value.set_i(1);
  function.mutable_unknown_fields()->AddLengthDelimited(
      11, value.SerializeAsString());
  EXPECT_TRUE(model.import().contains("axis = 1 : i64"));
  setInt(*model.graph().mutable_node(0), "where", 0);
  EXPECT_TRUE(model.import().contains("axis = 0 : i64"));
}

TEST(Function, OutputsThatAreInputsOrMissing) {
  TestModel model = callModel();
  pb::FunctionProto &function = addFunction(model, "F", {"a"}, {"a", "b"});
  addNode(function, "Exp", {"a"}, {"b"});
  EXPECT_IMPORT(model.import(), ExitOk, "");
  model.graph().mutable_node(0)->add_output("z");
  model.output("z", Float, {"batch", 4});
  EXPECT_IMPORT(model.import(), ExitOk, "");
  model.graph().mutable_node(0)->add_output("more");
  EXPECT_IMPORT(model.import(), ExitInvalid, "more inputs or outputs");
}

TEST(Function, BodiesSeeOnlyTheirInputs) {
  TestModel model = callModel();
  pb::FunctionProto &function = addFunction(model, "F", {"a"}, {"b"});
  addNode(function, "Add", {"a", "x"}, {"b"});
  EXPECT_IMPORT(model.import(), ExitInvalid, "'x'");
}

/// `output` of `op` on `input`, in a graph of one node.
pb::NodeProto &branch(pb::NodeProto &choice, const char *name,
                      const std::string &op, const std::string &input,
                      const std::string &output, bool local) {
  pb::AttributeProto &attribute = *choice.add_attribute();
  attribute.set_name(name);
  attribute.set_type(pb::AttributeProto::GRAPH);
  pb::GraphProto &graph = *attribute.mutable_g();
  graph.set_name(name);
  graph.add_output()->set_name(output);
  pb::NodeProto &node = *graph.add_node();
  node.set_op_type(op);
  if (local)
    node.set_domain("local");
  node.add_input(input);
  node.add_output(output);
  return node;
}

TEST(Function, CallsInNestedGraphs) {
  TestModel model = callModel();
  // F is an If; its branches call G, whose opset is older, and H.
  pb::FunctionProto &outer = addFunction(model, "F", {"a"}, {"b"});
  addNode(outer, "ReduceSum", {"a"}, {"sum"});
  addNode(outer, "Cast", {"sum"}, {"c"});
  setInt(*outer.mutable_node(1), "to", 9);
  pb::NodeProto &choice = addNode(outer, "If", {"c"}, {"b"});
  branch(choice, "then_branch", "G", "a", "t", true);
  branch(choice, "else_branch", "H", "a", "e", true);
  pb::FunctionProto &old = addFunction(model, "G", {"x"}, {"y"});
  old.mutable_opset_import(0)->set_version(11);
  setInt(addNode(old, "Softmax", {"x"}, {"t"}), "axis", 0);
  addNode(old, "H", {"t"}, {"y"}, /*local=*/true);
  pb::FunctionProto &inner = addFunction(model, "H", {"x"}, {"y"});
  addNode(inner, "Neg", {"x"}, {"t"});
  addNode(inner, "Exp", {"t"}, {"y"});
  Outcome outcome = model.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  llvm::StringRef text = outcome.module;
  EXPECT_EQ(text.count("onnx.If"), 1u);
  EXPECT_EQ(text.count("onnx.Neg"), 2u);
  EXPECT_EQ(text.count("onnx.Exp"), 2u);
  // The Softmax of opset 11 works on rows of all dims from the axis on.
  EXPECT_TRUE(outcome.contains("onnx.Flatten"));

  // A condition that names a function nobody defines.
  outer.mutable_node(2)
      ->mutable_attribute(1)
      ->mutable_g()
      ->mutable_node(0)
      ->set_op_type("Missing");
  EXPECT_IMPORT(model.import(), ExitUnsupported, "Missing");
}

TEST(Function, G07_Recursion) {
  TestModel self = callModel();
  addNode(addFunction(self, "F", {"a"}, {"b"}), "F", {"a"}, {"b"}, true);
  EXPECT_IMPORT(self.import(), ExitInvalid, "calls itself");

  TestModel mutual = callModel();
  addNode(addFunction(mutual, "F", {"a"}, {"b"}), "G", {"a"}, {"b"}, true);
  addNode(addFunction(mutual, "G", {"a"}, {"b"}), "F", {"a"}, {"b"}, true);
  EXPECT_IMPORT(mutual.import(), ExitInvalid, "calls itself");

  TestModel branch = callModel();
  pb::NodeProto &choice =
      addNode(addFunction(branch, "F", {"a"}, {"b"}), "If", {"a"}, {"b"});
  pb::AttributeProto &graph = *choice.add_attribute();
  graph.set_name("then_branch");
  graph.set_type(pb::AttributeProto::GRAPH);
  pb::NodeProto &call = *graph.mutable_g()->add_node();
  call.set_op_type("F");
  call.set_domain("local");
  call.add_input("a");
  call.add_output("c");
  EXPECT_IMPORT(branch.import(), ExitInvalid, "calls itself");
}

TEST(Function, G07_Limits) {
  TestModel many = callModel();
  for (int i = 0; i < 10'001; ++i)
    addFunction(many, "F" + std::to_string(i), {}, {});
  EXPECT_IMPORT(many.import(), ExitInvalid, "10000");

  TestModel standard = callModel();
  addFunction(standard, "Relu", {"a"}, {"b"}).set_domain("");
  EXPECT_IMPORT(standard.import(), ExitInvalid, "standard operator");

  TestModel twice = callModel();
  addFunction(twice, "F", {"a"}, {"b"});
  addFunction(twice, "F", {"a"}, {"b"});
  EXPECT_IMPORT(twice.import(), ExitInvalid, "defined twice");

  // A chain of calls, deep and not.
  for (int length : {50, 150, 5000}) {
    TestModel deep = callModel();
    deep.graph().mutable_node(0)->set_op_type("F0");
    for (int i = 0; i < length; ++i) {
      pb::FunctionProto &function =
          addFunction(deep, "F" + std::to_string(i), {"a"}, {"b"});
      if (i + 1 < length)
        addNode(function, "F" + std::to_string(i + 1), {"a"}, {"b"}, true);
      else
        addNode(function, "Relu", {"a"}, {"b"});
    }
    if (length < 100)
      EXPECT_IMPORT(deep.import(), ExitOk, "");
    else
      EXPECT_IMPORT(deep.import(), ExitInvalid, "levels deep");
  }

  // Forty levels that each call the next one four times.
  TestModel bomb = callModel();
  bomb.graph().mutable_node(0)->set_op_type("F0");
  for (int i = 0; i < 40; ++i) {
    pb::FunctionProto &function =
        addFunction(bomb, "F" + std::to_string(i), {"a"}, {"e"});
    const char *names[] = {"a", "b", "c", "d", "e"};
    for (int j = 0; j < 4; ++j)
      addNode(function, i + 1 < 40 ? "F" + std::to_string(i + 1) : "Relu",
              {names[j]}, {names[j + 1]}, i + 1 < 40);
  }
  EXPECT_IMPORT(bomb.import(), ExitLimit, "functions inlined");
}

} // namespace
