//===- GraphTest.cpp - rows G and N of the bad inputs: graphs, names ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestModel.h"

using namespace mlir::qopt;
using namespace mlir::qopt::test;

namespace {

/// x -> op -> y without types that would matter.
TestModel chain(unsigned length) {
  TestModel model;
  model.input("v0", Float, {4});
  model.output("v" + std::to_string(length), Float, {4});
  for (unsigned i = 0; i < length; ++i)
    model.node("Relu", {"v" + std::to_string(i)},
               {"v" + std::to_string(i + 1)});
  return model;
}

TEST(Graph, G01_CyclesAndOrder) {
  for (unsigned length : {1u, 2u, 1000u}) {
    TestModel model = chain(length);
    model.graph().mutable_node(0)->set_input(0, "v" + std::to_string(length));
    EXPECT_IMPORT(model.import(), ExitInvalid, "cycle");
  }
  TestModel swapped = chain(3);
  swapped.graph().mutable_node()->SwapElements(0, 2);
  EXPECT_IMPORT(swapped.import(), ExitInvalid, "topological order");
}

TEST(Graph, G02_AllUnsupportedOperatorsAtOnce) {
  TestModel model(16);
  model.proto.add_opset_import()->set_domain("com.microsoft");
  model.proto.mutable_opset_import(1)->set_version(1);
  model.input("x", Float, {4});
  model.output("y", Float, {4});
  model.node("NoSuchThing", {"x"}, {"a"}).set_name("first");
  model.node("Sofmax", {"a"}, {"b"}).set_name("second");
  model.node("LayerNormalization", {"b", "b"}, {"c"}).set_name("third");
  model.node("NhwcConv", {"c", "c"}, {"d"}).set_name("fourth");
  model.node("NhwcConv", {"d", "d"}, {"e"}).set_name("fifth");
  model.node("Relu", {"e"}, {"y"});
  model.graph().mutable_node(3)->set_domain("com.microsoft");
  model.graph().mutable_node(4)->set_domain("com.microsoft");
  Outcome outcome = model.import();
  EXPECT_IMPORT(outcome, ExitUnsupported, "ai.onnx.NoSuchThing (opset 16)");
  EXPECT_TRUE(outcome.mentions("node 'first'"));
  EXPECT_TRUE(outcome.mentions("did you mean 'Softmax'?")) << outcome.message;
  EXPECT_TRUE(outcome.mentions(
      "LayerNormalization (opset 16) in node 'third', supported from opset 17"))
      << outcome.message;
  EXPECT_TRUE(outcome.mentions("com.microsoft.NhwcConv (opset 1)"));
  EXPECT_TRUE(outcome.mentions("nodes 'fourth', 'fifth'"));
  EXPECT_FALSE(outcome.mentions("Relu"));
}

TEST(Graph, G03_MissingInputs) {
  TestModel model = reluModel();
  model.graph().mutable_node(0)->set_input(0, "nothing");
  EXPECT_IMPORT(model.import(), ExitInvalid, "'nothing'");
  TestModel empty = addModel();
  empty.graph().mutable_node(0)->set_input(1, "");
  EXPECT_IMPORT(empty.import(), ExitInvalid, "input 1 is required");
  TestModel few = addModel();
  few.graph().mutable_node(0)->mutable_input()->RemoveLast();
  EXPECT_IMPORT(few.import(), ExitInvalid, "input 1 is required");
  TestModel many = addModel();
  many.graph().mutable_node(0)->add_input("x");
  EXPECT_IMPORT(many.import(), ExitInvalid, "at most 2");
}

TEST(Graph, G04_Outputs) {
  TestModel missing = reluModel();
  missing.graph().mutable_output(0)->set_name("z");
  EXPECT_IMPORT(missing.import(), ExitInvalid, "output 'z'");
  TestModel twice = reluModel();
  twice.output("y", Float, {"batch", 4});
  EXPECT_IMPORT(twice.import(), ExitInvalid, "declared twice");
  TestModel input = reluModel();
  input.output("x", Float, {"batch", 4});
  EXPECT_EQ(input.import().status, ExitOk);
  TestModel initializer = addModel();
  initializer.output("w", Float, {4});
  EXPECT_EQ(initializer.import().status, ExitOk);
  TestModel none = reluModel();
  none.graph().clear_output();
  EXPECT_IMPORT(none.import(), ExitInvalid, "no output");
}

TEST(Graph, G05_DuplicateNames) {
  TestModel nodes = chain(3);
  for (pb::NodeProto &node : *nodes.graph().mutable_node())
    node.set_name("same");
  EXPECT_EQ(nodes.import().status, ExitOk);
  TestModel values = chain(3);
  values.graph().mutable_node(1)->set_output(0, "v1");
  values.graph().mutable_node(2)->set_input(0, "v1");
  EXPECT_IMPORT(values.import(), ExitInvalid, "'v1'");
  TestModel initializers = addModel();
  initializers.initializer("w", {4}, {1, 2, 3, 4});
  EXPECT_IMPORT(initializers.import(), ExitInvalid, "defined twice");
  TestModel mixed = addModel();
  mixed.initializer("y", {4}, {1, 2, 3, 4});
  EXPECT_IMPORT(mixed.import(), ExitInvalid, "an initializer");
  TestModel inputs = reluModel();
  inputs.input("x", Float, {"batch", 4});
  EXPECT_IMPORT(inputs.import(), ExitInvalid, "'x'");
}

TEST(Graph, G06_InitializersAndInputs) {
  for (int ir : {3, 4}) {
    TestModel model = addModel();
    model.proto.set_ir_version(ir);
    model.input("w", Float, {4});
    model.input("unused", Float, {"any"});
    model.initializer("also_unused", {1}, {1});
    Outcome outcome = model.import();
    EXPECT_IMPORT(outcome, ExitOk, "");
    EXPECT_FALSE(outcome.contains("onnx.name = \"w\""));
    EXPECT_TRUE(outcome.contains("onnx.name = \"unused\""));
  }
}

TEST(Graph, G08_Attributes) {
  auto softmax = [] {
    TestModel model = reluModel();
    model.graph().mutable_node(0)->set_op_type("Softmax");
    return model;
  };
  TestModel good = softmax();
  setInt(*good.graph().mutable_node(0), "axis", 1);
  EXPECT_EQ(good.import().status, ExitOk);
  TestModel kind = softmax();
  setFloat(*kind.graph().mutable_node(0), "axis", 1);
  EXPECT_IMPORT(kind.import(), ExitInvalid, "wrong kind");
  TestModel twice = softmax();
  setInt(*twice.graph().mutable_node(0), "axis", 1);
  setInt(*twice.graph().mutable_node(0), "axis", 1);
  EXPECT_IMPORT(twice.import(), ExitInvalid, "given twice");
  TestModel both = softmax();
  setInt(*both.graph().mutable_node(0), "axis", 1);
  both.graph().mutable_node(0)->mutable_attribute(0)->set_f(1);
  EXPECT_IMPORT(both.import(), ExitInvalid, "'axis'");
  TestModel reference = softmax();
  setInt(*reference.graph().mutable_node(0), "axis", 1);
  reference.graph().mutable_node(0)->mutable_attribute(0)->set_ref_attr_name(
      "a");
  EXPECT_IMPORT(reference.import(), ExitInvalid, "outside a function");
  TestModel unknown = softmax();
  setInt(*unknown.graph().mutable_node(0), "axes", 1);
  EXPECT_IMPORT(unknown.import(), ExitInvalid, "does not exist");
  TestModel missing = reluModel();
  missing.graph().mutable_node(0)->set_op_type("Cast");
  EXPECT_IMPORT(missing.import(), ExitInvalid, "'to' is required");
}

TEST(Graph, G09_ValuesOutOfRange) {
  TestModel axis = reluModel();
  axis.graph().mutable_node(0)->set_op_type("Softmax");
  setInt(*axis.graph().mutable_node(0), "axis", 2);
  EXPECT_IMPORT(axis.import(), ExitInvalid, "axis 2");
  TestModel perm = reluModel();
  perm.graph().mutable_node(0)->set_op_type("Transpose");
  setInts(*perm.graph().mutable_node(0), "perm", {1, 1});
  EXPECT_IMPORT(perm.import(), ExitInvalid, "perm");
  TestModel index = addModel();
  index.graph().mutable_node(0)->set_op_type("Gather");
  EXPECT_IMPORT(index.import(), ExitInvalid, "'n0'");
  TestModel parts(18);
  parts.input("x", Float, {4});
  parts.output("a", Float, {"p"});
  pb::NodeProto &split = parts.node("Split", {"x"}, {"a", "b"});
  setInt(split, "num_outputs", 3);
  EXPECT_IMPORT(parts.import(), ExitInvalid, "num_outputs");
}

TEST(Graph, G10_Types) {
  TestModel untyped = reluModel();
  untyped.graph().mutable_input(0)->clear_type();
  EXPECT_IMPORT(untyped.import(), ExitInvalid, "'x' has no type");
  TestModel unshaped = reluModel();
  unshaped.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape();
  EXPECT_IMPORT(unshaped.import(), ExitUnsupported, "--shape");
  ImportOptions options;
  options.shapes.push_back({"x", {2, 4}});
  EXPECT_IMPORT(unshaped.import(options), ExitOk, "");
  TestModel sequence = reluModel();
  sequence.graph().mutable_input(0)->mutable_type()->mutable_sequence_type();
  EXPECT_IMPORT(sequence.import(), ExitUnsupported, "sequence");
  TestModel strings = reluModel();
  strings.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->set_elem_type(String);
  EXPECT_IMPORT(strings.import(), ExitUnsupported, "string");
  for (int type : {0, 77}) {
    TestModel undefined = reluModel();
    undefined.graph()
        .mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->set_elem_type(type);
    EXPECT_IMPORT(undefined.import(), ExitInvalid, "'x'");
  }
}

TEST(Graph, G11_Dims) {
  auto withDim = [](TestDim dim) {
    TestModel model;
    model.input("x", Float, {dim, 4});
    model.output("y", Float, {dim, 4});
    model.node("Relu", {"x"}, {"y"});
    return model.import();
  };
  EXPECT_TRUE(
      withDim("past + seq").contains("onnx.dims = [\"past + seq\", 4]"));
  EXPECT_TRUE(withDim("3 + seq+1").contains("onnx.dims = [\"seq + 4\", 4]"));
  EXPECT_TRUE(withDim("7").contains("tensor<7x4xf32>"));
  EXPECT_TRUE(withDim("a b").contains("onnx.dims = [\"a b\", 4]"));
  EXPECT_TRUE(withDim("-1").contains("onnx.dims = [\"x_dim0\", 4]"));
  EXPECT_TRUE(withDim("99999999999999999999").contains("\"x_dim0\""));
  EXPECT_TRUE(withDim(0).contains("tensor<0x4xf32>"));
  EXPECT_EQ(withDim(int64_t(1) << 31).status, ExitOk);
  EXPECT_IMPORT(withDim(-1), ExitInvalid, "dim 0 is -1");
  EXPECT_IMPORT(withDim(INT64_MAX), ExitInvalid, "overflows");

  TestModel unnamed = reluModel();
  for (int i : {0, 1})
    unnamed.graph()
        .mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(i)
        ->Clear();
  EXPECT_TRUE(unnamed.import().contains("[\"x_dim0\", \"x_dim1\"]"));

  TestModel many;
  for (int i = 0; i < 10'000; ++i)
    many.input("x" + std::to_string(i), Float,
               {("d" + std::to_string(i)).c_str()});
  many.output("y", Float, {"d0"});
  many.node("Relu", {"x0"}, {"y"});
  EXPECT_EQ(many.import().status, ExitOk);
}

TEST(Graph, G12_NestedGraphs) {
  auto withBranch = [](const char *reads, const char *writes,
                       const char *op = "Relu") {
    TestModel model;
    model.input("c", Bool, {});
    model.input("x", Float, {4});
    model.output("y", Float, {4});
    pb::NodeProto &node = model.node("If", {"c"}, {"y"});
    for (const char *name : {"then_branch", "else_branch"}) {
      pb::AttributeProto &branch = *node.add_attribute();
      branch.set_name(name);
      branch.set_type(pb::AttributeProto::GRAPH);
      pb::NodeProto &inner = *branch.mutable_g()->add_node();
      inner.set_op_type(op);
      inner.add_input(reads);
      inner.add_output(writes);
      branch.mutable_g()->add_output()->set_name(writes);
    }
    return model.import();
  };
  EXPECT_TRUE(withBranch("x", "inside").contains("onnx.If"));
  EXPECT_IMPORT(withBranch("x", "inside", "Bernoulli"), ExitUnsupported,
                "ai.onnx.Bernoulli");
  EXPECT_IMPORT(withBranch("x", "x"), ExitInvalid, "outer graph");
  EXPECT_IMPORT(withBranch("z", "inside"), ExitInvalid, "'z'");
}

TEST(Graph, G13_Large) {
  TestModel model = chain(50'000);
  model.output("sum", Float, {4});
  EXPECT_EQ(model.graph().node_size(), 50'000);
  std::vector<std::string> inputs(50'000, "v0");
  model.node("Sum", inputs, {"sum"});
  EXPECT_EQ(model.import().status, ExitOk);
}

TEST(Graph, G14_DeclaredTypes) {
  TestModel output = reluModel();
  setType(*output.graph().mutable_output(0), Int64, {"batch", 4});
  EXPECT_IMPORT(output.import(), ExitInvalid, "output 'y'");
  TestModel between = chain(2);
  pb::ValueInfoProto &info = *between.graph().add_value_info();
  info.set_name("v1");
  setType(info, Int64, {4});
  EXPECT_IMPORT(between.import(), ExitInvalid, "'v1'");
}

TEST(Graph, N01_NamesThatBite) {
  for (const char *name :
       {"$(touch x)", "; rm -rf .", "\"", "a\nb", "%s%n", "../../x",
        "\xf0\x9f\x98\x80", "malloc", "llvm.memcpy.p0", "main"}) {
    TestModel model = reluModel();
    model.graph().mutable_node(0)->set_name(name);
    model.graph().mutable_input(0)->set_name(name);
    model.graph().mutable_node(0)->set_input(0, name);
    EXPECT_EQ(model.import().status, ExitOk) << name;
    model.graph().mutable_node(0)->set_op_type(name);
    EXPECT_IMPORT(model.import(), ExitUnsupported, "");
  }
  TestModel value = chain(2);
  value.graph().mutable_node(0)->set_output(0, "\xff\xfe");
  value.graph().mutable_node(1)->set_input(0, "\xff\xfe");
  EXPECT_EQ(value.import().status, ExitOk);
  TestModel long_ = reluModel();
  long_.graph().mutable_node(0)->set_name(std::string(1 << 20, 'a'));
  EXPECT_IMPORT(long_.import(), ExitLimit, "1048576 bytes");
}

TEST(Graph, N03_NamesOfPortsAreUTF8) {
  TestModel input = reluModel();
  input.graph().mutable_input(0)->set_name("\xff");
  input.graph().mutable_node(0)->set_input(0, "\xff");
  EXPECT_IMPORT(input.import(), ExitInvalid, "UTF-8");
  TestModel output = reluModel();
  output.graph().mutable_output(0)->set_name("\xc3");
  output.graph().mutable_node(0)->set_output(0, "\xc3");
  EXPECT_IMPORT(output.import(), ExitInvalid, "UTF-8");
}

} // namespace
