//===- OpsetTest.cpp - the operator table and upgrades of old forms -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Opset.h"
#include "TestModel.h"
#include <set>

using namespace mlir::qopt;
using namespace mlir::qopt::test;
using mlir::qopt::importer::findForm;
using mlir::qopt::importer::firstVersion;
using mlir::qopt::importer::knownOps;
using mlir::qopt::importer::newestOpset;

namespace {

/// Each table by name, then by version; no operator lies in two of them.
TEST(Opset, TablesAreSorted) {
  using namespace mlir::qopt::importer;
  std::set<std::string> seen;
  for (llvm::ArrayRef<OpForm> family :
       {contribForms(), elementwiseForms(), mathForms(), quantizedForms(),
        spatialForms(), tensorForms()}) {
    std::pair<std::string, int> last;
    for (const OpForm &row : family) {
      std::pair<std::string, int> key(row.op, row.since);
      EXPECT_LT(last, key);
      EXPECT_TRUE(key.first == last.first || seen.insert(key.first).second)
          << row.op;
      last = key;
    }
  }
}

TEST(Opset, TableIsSorted) {
  std::vector<llvm::StringRef> ops = knownOps();
  EXPECT_TRUE(llvm::is_sorted(ops));
  for (llvm::StringRef op : ops) {
    int64_t first = firstVersion(op);
    ASSERT_GT(first, 0) << op.str();
    EXPECT_EQ(findForm(op, first - 1), nullptr);
    int since = 0;
    for (int64_t version = first; version <= newestOpset; ++version) {
      ASSERT_NE(findForm(op, version), nullptr);
      EXPECT_GE(findForm(op, version)->since, since);
      since = findForm(op, version)->since;
    }
  }
  EXPECT_EQ(findForm("NoSuchOp", 18), nullptr);
}

/// x (f32, batch x 4) -> op -> y.
struct Single {
  explicit Single(int64_t opset, const char *op) : model(opset) {
    model.input("x", Float, {"batch", 4});
    model.output("y", Float, {"batch", 4});
    node = &model.node(op, {"x"}, {"y"});
  }
  Outcome import() { return model.import(); }
  TestModel model;
  pb::NodeProto *node;
};

TEST(Opset, AxesBecomeOperands) {
  Single squeeze(11, "Squeeze");
  setInts(*squeeze.node, "axes", {0});
  EXPECT_TRUE(squeeze.import().contains("onnx.Squeeze %arg0, %0"));
  Single all(11, "Squeeze");
  Outcome outcome = all.import();
  EXPECT_TRUE(outcome.contains("onnx.NoValue")) << outcome.message;
  Single mean(17, "ReduceMean");
  setInts(*mean.node, "axes", {-1});
  setInt(*mean.node, "keepdims", 0);
  EXPECT_TRUE(mean.import().contains("dense<-1> : tensor<1xi64>"));
  Single unsqueeze(12, "Unsqueeze");
  EXPECT_IMPORT(unsqueeze.import(), ExitInvalid, "'axes' is required");
  // From opset 13 on the attribute is gone.
  Single newer(13, "Squeeze");
  setInts(*newer.node, "axes", {0});
  EXPECT_IMPORT(newer.import(), ExitInvalid, "does not exist");
}

TEST(Opset, Softmax) {
  Single last(12, "Softmax");
  setInt(*last.node, "axis", 1);
  EXPECT_FALSE(last.import().contains("onnx.Flatten"));
  Single first(12, "Softmax");
  setInt(*first.node, "axis", 0);
  Outcome outcome = first.import();
  EXPECT_TRUE(outcome.contains("onnx.Flatten %arg0 {axis = 0 : i64}"))
      << outcome.module;
  EXPECT_TRUE(outcome.contains("onnx.Reshape"));
  Single newer(13, "Softmax");
  setInt(*newer.node, "axis", 0);
  EXPECT_TRUE(newer.import().contains("onnx.Softmax %arg0 {axis = 0 : i64}"));
}

/// The rank is followed through the ops that lead to a softmax.
TEST(Opset, SoftmaxOverTheLastDimByNumber) {
  TestModel model(11);
  model.input("x", Float, {"batch", "sequence", 8});
  model.output("y", Float, {});
  model.node("Shape", {"x"}, {"dims"});
  model.node("Constant", {}, {"zero"});
  model.node("Gather", {"dims", "zero"}, {"batch"});
  pb::NodeProto &unsqueeze = model.node("Unsqueeze", {"batch"}, {"batch1"});
  model.node("Constant", {}, {"rest"});
  pb::NodeProto &concat = model.node("Concat", {"batch1", "rest"}, {"shape"});
  model.node("Reshape", {"x", "shape"}, {"heads"});
  pb::NodeProto &transpose = model.node("Transpose", {"heads"}, {"t"});
  model.node("MatMul", {"heads", "t"}, {"scores"});
  pb::NodeProto &softmax = model.node("Softmax", {"scores"}, {"y"});
  setInts(unsqueeze, "axes", {0});
  setInt(concat, "axis", 0);
  setInts(transpose, "perm", {0, 1, 3, 2});
  setInt(softmax, "axis", 3);
  for (int i : {1, 4}) {
    pb::AttributeProto &value = *model.graph().mutable_node(i)->add_attribute();
    value.set_name("value");
    value.set_type(pb::AttributeProto::TENSOR);
    value.mutable_t()->set_data_type(Int64);
    std::vector<int64_t> numbers =
        i == 1 ? std::vector<int64_t>{0} : std::vector<int64_t>{-1, 2, 4};
    if (i == 4)
      value.mutable_t()->add_dims(3);
    for (int64_t number : numbers)
      value.mutable_t()->add_int64_data(number);
  }
  Outcome outcome = model.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  EXPECT_FALSE(outcome.contains("onnx.Flatten")) << outcome.module;
  setInt(softmax, "axis", 2);
  softmax.mutable_attribute()->DeleteSubrange(0, 1);
  EXPECT_TRUE(model.import().contains("onnx.Flatten"));
}

TEST(Opset, BoundsOfClipAndPad) {
  Single clip(10, "Clip");
  setFloat(*clip.node, "min", -1);
  Outcome outcome = clip.import();
  EXPECT_TRUE(outcome.contains("dense<-1.000000e+00> : tensor<f32>"));
  EXPECT_TRUE(outcome.contains("onnx.NoValue"));
  Single pad(10, "Pad");
  setInts(*pad.node, "pads", {0, 1, 0, 1});
  setFloat(*pad.node, "value", 2);
  outcome = pad.import();
  EXPECT_TRUE(outcome.contains("dense<[0, 1, 0, 1]> : tensor<4xi64>"));
  EXPECT_TRUE(outcome.contains("dense<2.000000e+00> : tensor<f32>"));
}

TEST(Opset, SliceSplitTopK) {
  Single slice(9, "Slice");
  setInts(*slice.node, "starts", {1});
  setInts(*slice.node, "ends", {3});
  setInts(*slice.node, "axes", {1});
  EXPECT_TRUE(slice.import().contains("onnx.Slice %arg0, %1, %2, %3, %0"));
  for (int64_t opset : {12, 17, 18}) {
    Single split(opset, "Split");
    split.node->add_output("z");
    Outcome outcome = split.import();
    EXPECT_TRUE(outcome.contains("num_outputs = 2 : i64")) << outcome.message;
  }
  Single sizes(12, "Split");
  sizes.node->add_output("z");
  setInts(*sizes.node, "split", {1, 3});
  EXPECT_TRUE(sizes.import().contains("dense<[1, 3]> : tensor<2xi64>"));
  Single top(9, "TopK");
  top.node->add_output("indices");
  setInt(*top.node, "k", 2);
  EXPECT_TRUE(top.import().contains("onnx.TopK %arg0, %0"));
}

TEST(Opset, Dropout) {
  Single plain(11, "Dropout");
  EXPECT_FALSE(plain.import().contains("onnx."
                                       "Dropout"));
  Single mask(13, "Dropout");
  mask.node->add_output("mask");
  mask.model.output("mask", Bool, {"batch", 4});
  EXPECT_TRUE(mask.import().contains("onnx.ConstantOfShape"));
  Single training(13, "Dropout");
  training.node->add_input("");
  training.node->add_input("t");
  pb::TensorProto &flag = training.model.initializer("t", {}, {});
  flag.set_data_type(Bool);
  flag.set_raw_data(std::string(1, '\1'));
  EXPECT_IMPORT(training.import(), ExitUnsupported, "training_mode");
  flag.set_raw_data(std::string(1, '\0'));
  EXPECT_IMPORT(training.import(), ExitOk, "");
}

TEST(Opset, SimplifiedLayerNormalization) {
  Single norm(18, "SimplifiedLayerNormalization");
  norm.node->add_input("scale");
  norm.model.initializer("scale", {4}, {1, 1, 1, 1});
  setFloat(*norm.node, "epsilon", 1e-6f);
  EXPECT_TRUE(norm.import().contains("onnx.RMSNormalization %arg0"));
}

TEST(Opset, LegacyBroadcast) {
  auto add = [](int64_t broadcast, std::optional<int64_t> axis,
                std::vector<int64_t> dims) {
    TestModel model(6);
    model.input("x", Float, {2, 3, 4});
    model.output("y", Float, {2, 3, 4});
    int64_t count = 1;
    for (int64_t dim : dims)
      count *= dim;
    model.initializer("w", dims, std::vector<float>(count, 1));
    pb::NodeProto &node = model.node("Add", {"x", "w"}, {"y"});
    setInt(node, "broadcast", broadcast);
    if (axis)
      setInt(node, "axis", *axis);
    return model.import();
  };
  EXPECT_FALSE(add(1, std::nullopt, {3, 4}).contains("onnx.Unsqueeze"));
  EXPECT_FALSE(add(0, 1, {2, 3, 4}).contains("onnx.Unsqueeze"));
  EXPECT_FALSE(add(1, 1, {3, 4}).contains("onnx.Unsqueeze"));
  EXPECT_TRUE(add(1, 0, {2}).contains("dense<[1, 2]> : tensor<2xi64>"));
  EXPECT_TRUE(add(1, -2, {3}).contains("dense<1> : tensor<1xi64>"));
  EXPECT_IMPORT(add(1, 2, {3, 4}), ExitInvalid, "does not fit rank 3");

  TestModel prelu(6);
  prelu.input("x", Float, {2, 3, 4, 4});
  prelu.output("y", Float, {2, 3, 4, 4});
  prelu.initializer("slope", {3}, {1, 2, 3});
  prelu.node("PRelu", {"x", "slope"}, {"y"});
  EXPECT_TRUE(prelu.import().contains("dense<[1, 2]> : tensor<2xi64>"));
}

TEST(Opset, Constants) {
  auto constant = [](auto set) {
    TestModel model = addModel();
    model.graph().clear_initializer();
    pb::NodeProto node;
    node.set_op_type("Constant");
    node.add_output("w");
    set(node);
    model.node("", {}, {});
    for (int i = model.graph().node_size() - 1; i > 0; --i)
      model.graph().mutable_node()->SwapElements(i, i - 1);
    *model.graph().mutable_node(0) = node;
    return model.import();
  };
  EXPECT_TRUE(constant([](pb::NodeProto &node) {
                setFloat(node, "value_float", 2);
              }).contains("dense<2.000000e+00> : tensor<f32>"));
  EXPECT_IMPORT(
      constant([](pb::NodeProto &node) { setInt(node, "value_int", 2); }),
      ExitInvalid, "");
  EXPECT_IMPORT(constant([](pb::NodeProto &) {}), ExitInvalid, "exactly one");
  EXPECT_IMPORT(constant([](pb::NodeProto &node) {
                  setFloat(node, "value_float", 2);
                  setInt(node, "value_int", 2);
                }),
                ExitInvalid, "exactly one");
  Outcome text = constant([](pb::NodeProto &node) {
    pb::AttributeProto &attribute = *node.add_attribute();
    attribute.set_name("value_string");
    attribute.set_type(pb::AttributeProto::STRING);
    attribute.set_s("text");
  });
  EXPECT_IMPORT(text, ExitUnsupported, "value_string");
}

/// An attribute belongs to the opsets from its own on.
TEST(Opset, AttributesKnowTheirOpset) {
  for (int64_t opset : {18, 19}) {
    Single cast(opset, "Cast");
    setInt(*cast.node, "to", Float);
    setInt(*cast.node, "saturate", 0);
    EXPECT_IMPORT(cast.import(), opset < 19 ? ExitInvalid : ExitOk,
                  opset < 19 ? "'saturate' does not exist before opset 19"
                             : "");
  }
  int64_t since = -1;
  const importer::OpForm *cast = findForm("Cast", 27);
  EXPECT_EQ(importer::attributeKind(*cast, "to", &since), "d!");
  EXPECT_EQ(since, 0);
  EXPECT_EQ(importer::attributeKind(*cast, "round_mode", &since), "s");
  EXPECT_EQ(since, 24);
  EXPECT_EQ(importer::attributeKind(*cast, "axis", &since), "");
}

/// The op has the operands of the newest form.
TEST(Opset, OperandsOfLaterForms) {
  Single pad(11, "Pad");
  pad.node->add_input("pads");
  pb::TensorProto &pads = pad.model.initializer("pads", {4}, {});
  pads.set_data_type(Int64);
  for (int i = 0; i < 4; ++i)
    pads.add_int64_data(0);
  Outcome outcome = pad.import();
  EXPECT_IMPORT(outcome, ExitOk, "");
  pad.node->add_input("");
  pad.node->add_input("axes");
  EXPECT_NE(pad.import().status, ExitOk);
}

/// Operators are found by domain and name, and hints stay in the domain.
TEST(Opset, Domains) {
  auto import = [](const char *op, const char *domain) {
    Single model(18, op);
    model.model.proto.add_opset_import()->set_domain(domain);
    model.model.proto.mutable_opset_import(1)->set_version(1);
    model.node->set_domain(domain);
    return model.import();
  };
  EXPECT_NE(findForm("com.microsoft.SimplifiedLayerNormalization", 1), nullptr);
  EXPECT_IMPORT(import("LeakyRelu", "com.microsoft"), ExitUnsupported,
                "com.microsoft.LeakyRelu (opset 1) in node 'n0', supported in "
                "domain ai.onnx");
  EXPECT_IMPORT(import("SimplifiedLayerNormalisation", "com.microsoft"),
                ExitUnsupported,
                "did you mean 'SimplifiedLayerNormalization'?");
  EXPECT_IMPORT(import("Relu", "org.example"), ExitUnsupported,
                "org.example.Relu (opset 1)");
  EXPECT_EQ(import("Relu", "ai.onnx").status, ExitInvalid);
}

} // namespace
